"""The fields of a case of ``flask quote``: each turns text, or a number as it was written, into a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainValidator

from kajoom.domain.cycle import BillingCycle, parse_day
from kajoom.domain.money import Money
from kajoom.domain.quote import ChargePolicy, When
from kajoom.domain.tax import ALL_TAXES, TaxName
from kajoom.operations.files.cells import parse_currency

_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_ANSWERS = {"yes": True, "no": False}
# By the registration numbers that the seller has: HST is collected under the number of GST.
_REGISTERED = {"both": ALL_TAXES, "gst": frozenset({TaxName.GST, TaxName.HST}), "none": frozenset[TaxName]()}
_JSON_TYPES = {dict: "an object", list: "a list", bool: "true or false"}
_CYCLES = {cycle.months: cycle for cycle in BillingCycle if cycle.months} | {0: BillingCycle.ONE_TIME}


def shorten(text: str) -> str:
    """The text as an error shows it."""
    return text if len(text) <= 120 else f"{text[:120]}…"


def is_blank(value: object) -> bool:
    """Whether a value says no more than an absent field."""
    return value is None or (isinstance(value, str) and not value.strip())


def _parse_id(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("text or a whole number")
    return value


def _parse_text(value: object) -> str:
    """Text, or a number as it was written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"text expected, not {_JSON_TYPES.get(type(value), 'this')}")
    return str(value).strip()


def _parse_amount(value: object) -> Money:
    try:
        amount = Money.parse(_parse_text(value))
    except ValueError as error:
        raise ValueError(shorten(str(error))) from None
    if amount.cents < 0:
        raise ValueError(f"less than nothing: {amount}")
    return amount


def parse_date(value: object) -> date:
    """A day like 2022-11-01; ``ValueError`` for anything else."""
    return parse_day(_parse_text(value))


def _parse_unpaid(value: object) -> bool:
    """Whether something is unpaid: a boolean, yes or no, or the amount itself."""
    text = str(value).lower() if isinstance(value, bool) else _parse_text(value).lower()
    return text in _YES if text in _YES | _NO else bool(_parse_amount(value))


def _whole_number(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = _parse_text(value)
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}: {shorten(text)!r}")
        return int(text)

    return parse


def _parse_cycle(value: object) -> BillingCycle:
    months = _whole_number(0, 1200)(value)
    if months not in _CYCLES:
        raise ValueError(f"no cycle of {months} months, but of {', '.join(map(str, sorted(_CYCLES)))}")
    return _CYCLES[months]


def _letters(pattern: str, count: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        code = _parse_text(value).upper()
        if not re.fullmatch(pattern, code):
            raise ValueError(f"a code of {count} letters: {shorten(code)!r}")
        return code

    return parse


def _one_of(values: Mapping[str, Any]) -> Callable[[object], Any]:
    def parse(value: object) -> Any:
        text = _parse_text(value)
        if text not in values:
            raise ValueError(f"one of {', '.join(values)}: {shorten(text)!r}")
        return values[text]

    return parse


def _parse_currency(value: object) -> str:
    return parse_currency(_letters("[A-Z]{3}", "three")(value))


Id = Annotated[str | int, PlainValidator(_parse_id)]
Amount = Annotated[Money, PlainValidator(_parse_amount)]
Quantity = Annotated[int, PlainValidator(_whole_number(1, 1_000_000))]
Day = Annotated[date, PlainValidator(parse_date)]
AnchorDay = Annotated[int, PlainValidator(_whole_number(1, 31))]
Cycle = Annotated[BillingCycle, PlainValidator(_parse_cycle)]
Timing = Annotated[When, PlainValidator(_one_of({when.value: when for when in When}))]
Charge = Annotated[ChargePolicy, PlainValidator(_one_of({charge.value: charge for charge in ChargePolicy}))]
Currency = Annotated[str, PlainValidator(_parse_currency)]
# A code that is none of Canada's provinces is a place outside Canada; a name could be either, and is refused.
Province = Annotated[str, PlainValidator(_letters("[A-Z]{2,3}", "two"))]
Registered = Annotated[frozenset[TaxName], PlainValidator(_one_of(_REGISTERED))]
Exempt = Annotated[bool, PlainValidator(_one_of(_ANSWERS))]
Unpaid = Annotated[bool, PlainValidator(_parse_unpaid)]
