"""What staff type: amounts and reasons, bounded as the database and the pages need them."""

from __future__ import annotations

import re
from typing import NamedTuple

from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal

_LARGEST_CENTS = 2**31 - 1
"""The largest integer of PostgreSQL's columns of cents."""
_REASON_LENGTH = 500

_AMOUNT = r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_TYPED_AMOUNT = re.compile(rf"\$?\s*({_AMOUNT})\s*\$?(?:\s*CAD)?", re.ASCII | re.IGNORECASE)
_SPACED_AMOUNT = re.compile(r"(?<![\w-])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?=,\d{2}(?!\d))", re.ASCII)


class SearchWord(NamedTuple):
    """A word that was searched for; ``cents`` is its value if it can be an amount."""

    text: str
    cents: int | None


def search_words(text: str) -> list[SearchWord]:
    """The words of a text; an amount with its spaces, as in « 1 234,50 $ », is one."""
    joined = _SPACED_AMOUNT.sub(lambda amount: "".join(amount[0].split()), text)
    words = (word.strip("$") for word in joined.split())
    return [SearchWord(word, _cents(word)) for word in words if word]


def plain_amount(text: str) -> str:
    """An amount typed in either language, as a decimal number with a point: "1234.50" for « 1 234,50 $ », "$1,234.50".

    What is not such an amount is returned as it is.
    """
    match = _TYPED_AMOUNT.fullmatch(" ".join(text.split()))
    if match is None:
        return text
    typed = match[1].replace(" ", "")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d{1,2})?", typed, re.ASCII):
        return typed.replace(",", "")
    return typed.replace(",", ".")


def _cents(word: str) -> int | None:
    try:
        cents = Money.parse(plain_amount(word)).cents
    except ValueError:
        return None
    return cents if 0 < cents <= _LARGEST_CENTS else None


def parse_amount(text: str, currency: str) -> Money:
    """The amount, positive or negative, of a decimal number with a point; ``BusinessError`` with ``NOT_AN_AMOUNT``."""
    try:
        amount = Money.parse(text, currency)
    except ValueError as error:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text[:40]) from error
    if not 0 < abs(amount.cents) <= _LARGEST_CENTS:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text[:40])
    return amount


def parse_positive_amount(text: str, currency: str) -> Money:
    """The amount above zero of a decimal number with a point; ``BusinessError`` with ``NOT_AN_AMOUNT``."""
    amount = parse_amount(text, currency)
    if amount < amount.zero():
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text[:40])
    return amount


def parse_amount_or_zero(text: str, currency: str) -> Money:
    """The amount, not below zero, of a decimal number with a point; ``BusinessError`` with ``NOT_AN_AMOUNT``."""
    if re.fullmatch(r"0+(\.0{1,2})?", text.strip(), re.ASCII):
        return Money(0, currency)
    return parse_positive_amount(text, currency)


def one_line(text: str) -> str:
    """What another system answered, as it is stored and shown to staff: on one line, without unprintable characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_REASON_LENGTH]


def check_reason(text: str) -> str:
    """The reason on one line; ``BusinessError`` with ``NO_REASON`` for an empty, too long or unprintable one."""
    reason = " ".join(text.split())
    if not reason or len(reason) > _REASON_LENGTH or not reason.isprintable():
        raise BusinessError(StaffRefusal.NO_REASON, reason=reason[:40])
    return reason
