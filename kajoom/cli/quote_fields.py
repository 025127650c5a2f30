"""The fields of a case, each read once as what it must be; a field that is not is named, with what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from kajoom.domain.cycle import parse_day
from kajoom.domain.money import Money

Code = TypeVar("Code", bound=StrEnum)

_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_KINDS = {dict: "an object", list: "a list", bool: "true or false"}


class NotACase(ValueError):
    """A line that cannot be priced; the message names the field and what is wrong with it."""


def shortened(text: str) -> str:
    """``text``, cut where it would drown the message it stands in."""
    return text if len(text) <= 120 else f"{text[:120]}…"


@dataclass(frozen=True, slots=True)
class Fields:
    """A case as it was parsed. Every reader raises ``NotACase``; absent, null and empty are the same thing."""

    values: Mapping[str, object]

    @property
    def name(self) -> str | int | None:
        """The ``id`` that the answer repeats."""
        value = self.values.get("id")
        if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
            return value
        raise NotACase("id: text or a whole number")

    def text(self, key: str, default: str = "") -> str:
        """The field as text, a number as it was written."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise NotACase(f"{key}: text expected, not {_KINDS.get(type(value), 'this')}")
        return str(value).strip() or default

    def required(self, key: str, default: str = "") -> str:
        """The field as text that is not empty."""
        text = self.text(key, default)
        if not text:
            raise NotACase(f"{key}: missing")
        return text

    def amount(self, key: str, currency: str, default: str = "") -> Money:
        """An amount of money, nothing or more."""
        try:
            amount = Money.parse(self.required(key, default), currency)
        except NotACase:
            raise
        except ValueError as error:
            raise NotACase(f"{key}: {shortened(str(error))}") from None
        if amount.cents < 0:
            raise NotACase(f"{key}: less than nothing: {amount}")
        return amount

    def whole(self, key: str, default: str, least: int, most: int) -> int:
        """A whole number between two others, both allowed."""
        text = self.required(key, default)
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise NotACase(f"{key}: a whole number from {least} to {most}: {shortened(text)!r}")
        return int(text)

    def day(self, key: str) -> date | None:
        """A calendar day."""
        text = self.text(key)
        try:
            return parse_day(text) if text else None
        except ValueError as error:
            raise NotACase(f"{key}: {error}") from None

    def code(self, key: str, codes: type[Code]) -> Code | None:
        """One of a closed set of words."""
        text = self.text(key)
        if text and text not in set(codes):
            raise NotACase(f"{key}: one of {', '.join(codes)}: {shortened(text)!r}")
        return codes(text) if text else None

    def owed(self, key: str) -> bool:
        """Whether something is owed: true or false in any usual writing, or the amount itself."""
        value = self.values.get(key)
        text = str(value).lower() if isinstance(value, bool) else self.text(key, "false").lower()
        if text in _YES or text in _NO:
            return text in _YES
        return bool(self.amount(key, "CAD"))
