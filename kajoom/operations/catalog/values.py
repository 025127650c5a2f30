"""Types of the values in a host's catalogue file: each checks a value and says what is wrong with it."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictInt

from kajoom.domain.cycle import parse_day
from kajoom.domain.payment_method import BUILT_IN
from kajoom.operations.email_address import parse_email
from kajoom.operations.files.cells import parse_cents, parse_currency
from kajoom.operations.files.text import CONTROL, describe_character

_CODE = "[a-z0-9][a-z0-9_-]{0,39}"
_CURRENCY = "[A-Z]{3}"
# It ends before the digits of the number, or "K1" and 23 would be the same number as "K" and 123.
_PREFIX = "([A-Za-z]([A-Za-z0-9-]{0,10}[A-Za-z-])?)?"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TEXT_LENGTH, _LONG_TEXT_LENGTH = 200, 2000


def _check_text(text: str) -> str:
    if not text.strip():
        raise ValueError("empty")
    if control := CONTROL.search(text):
        raise ValueError(f"holds a control character: {describe_character(control[0])}")
    return text.strip()


def _at_most(length: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > length:
            raise ValueError(f"longer than {length} characters")
        return text

    return AfterValidator(check)


def _parse_price(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("a text in quotes expected")
    return parse_cents(value)


def _check_free(cents: int) -> int:
    if cents:
        raise ValueError("a free service must cost 0.00")
    return cents


def _parse_day(value: object) -> date:
    """A date, bare as TOML has it or in quotes."""
    if isinstance(value, datetime):
        raise ValueError("a date without a time expected")
    if isinstance(value, str):
        return parse_day(value.strip())
    if not isinstance(value, date):
        raise ValueError("a date like 2022-11-01 expected")
    return value


def _check_offline(code: str) -> str:
    if code in BUILT_IN and not BUILT_IN[code].is_offline:
        raise ValueError("not an offline method")
    return code


def _matching(pattern: str, reason: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(reason)
        return text

    return AfterValidator(check)


def _check_colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text, re.ASCII):
        raise ValueError("a colour like #2f6196 expected: # and six digits of 0-9 and a-f")
    return text.lower()


def one_or_many(value: Any) -> list[Any]:
    """A list as it is, and any other value as the only one of a list."""
    return value if isinstance(value, list) else [value]


def _unlimited_as_none(value: object) -> object:
    return None if value == "unlimited" else value


def check_server_url(text: str) -> str:
    """Check an address to which secrets are sent: https, or http on the loopback interface; without a last slash."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("not an address") from None
    if (
        not host
        or not host.isascii()
        or (parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK))
    ):
        raise ValueError("an address that begins with https:// expected, its host in punycode")
    if "@" in parts.netloc or parts.query or parts.fragment or " " in text:
        raise ValueError("an address without user, password, query or fragment expected")
    return text.rstrip("/")


Text = Annotated[str, AfterValidator(_check_text), _at_most(_TEXT_LENGTH)]
LongText = Annotated[str, AfterValidator(_check_text), _at_most(_LONG_TEXT_LENGTH)]
Email = Annotated[Text, AfterValidator(parse_email)]
Link = Annotated[Text, _matching(r"(https://|/(?!/))\S*", "an address that begins with https:// or / expected")]
GstNumber = Annotated[Text, _matching(r"\d{9} RT\d{4}", "not a registration number like 123456789 RT0001")]
QstNumber = Annotated[Text, _matching(r"\d{10} TQ\d{4}", "not a registration number like 1234567890 TQ0001")]
Colour = Annotated[str, AfterValidator(_check_colour)]
Code = Annotated[str, _matching(_CODE, f"not a code: {_CODE}")]
OfflineCode = Annotated[Code, AfterValidator(_check_offline)]
NumberPrefix = Annotated[
    str,
    _matching(_PREFIX, "at most 12 characters (A-Z, 0-9, -) expected, the first one of A-Z and the last not a digit"),
    _matching("(?![Nn][Cc]).*", "NC begins the numbers of credit notes"),
]
Currency = Annotated[str, _matching(_CURRENCY, f"not a code: {_CURRENCY}"), AfterValidator(parse_currency)]
Day = Annotated[date, PlainValidator(_parse_day)]
Price = Annotated[int, PlainValidator(_parse_price)]
FreePrice = Annotated[Price, AfterValidator(_check_free)]
Limit = Annotated[Annotated[StrictInt, Field(ge=0, le=1_000_000_000)] | None, BeforeValidator(_unlimited_as_none)]
PlanCodes = Annotated[list[Text], BeforeValidator(one_or_many)]
"""One code, a list of codes, or "any"."""
