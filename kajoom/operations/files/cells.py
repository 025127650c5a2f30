"""The types of the cells of a CSV file, for the models of its rows: each turns a cell's text into a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field, PlainValidator, StringConstraints

from kajoom.domain.cycle import BillingCycle, parse_day
from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus
from kajoom.operations.email_address import parse_email

_MAX_CENTS = 999_999_999  # fits a 32-bit column of cents with room for taxes
_MAX_UNITS = 1_000_000_000
_CURRENCY = re.compile(r"[A-Z]{3}")

STATUSES: Mapping[str, ServiceStatus] = {status.value: status for status in ServiceStatus} | {
    "canceled": ServiceStatus.CANCELLED,
    "fraud": ServiceStatus.TERMINATED,
}
"""Our names of the statuses and those of a WHMCS export, in lower case."""

CYCLES: Mapping[str, BillingCycle] = {cycle.value: cycle for cycle in BillingCycle} | {
    "semi_annually": BillingCycle.SEMIANNUALLY,
    "onetime": BillingCycle.ONE_TIME,
    "free_account": BillingCycle.FREE,
}
"""Our names of the cycles and those of a WHMCS export, in lower case with ``_`` between words."""


def one_of(names: Mapping[str, Any]) -> Callable[[str], Any]:
    """A validator for one of some names, in any case and with spaces or hyphens between the words."""

    def parse(cell: str) -> Any:
        name = re.sub(r"[\s-]+", "_", cell.lower())
        if name not in names:
            raise ValueError(f"unknown: {cell[:40]!r}; one of {', '.join(names)}")
        return names[name]

    return parse


def whole_number(least: int, most: int = _MAX_UNITS) -> PlainValidator:
    """A validator for a whole number from ``least`` to ``most``, in ASCII digits without a sign."""

    def parse(cell: str) -> int:
        if not re.fullmatch(r"\d{1,10}", cell, re.ASCII) or not least <= int(cell) <= most:
            raise ValueError(f"not a whole number from {least} to {most}: {cell[:40]!r}")
        return int(cell)

    return PlainValidator(parse)


def parse_cents(text: str) -> int:
    """Cents of an amount with at most two decimals; ``ValueError`` below zero and above the largest amount."""
    amount = Money.parse(text).cents
    if not 0 <= amount <= _MAX_CENTS:
        raise ValueError(f"not from 0.00 to {Money(_MAX_CENTS)}: {text}")
    return amount


def _parse_currency(cell: str) -> str:
    code = cell.upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"not a currency of three letters: {cell[:40]!r}")
    return code


Text = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=500)]
Name = Annotated[str, Field(max_length=80)]
Code = Annotated[str, Field(max_length=40)]
UpperCode = Annotated[str, StringConstraints(max_length=40, to_upper=True)]
Email = Annotated[str, PlainValidator(parse_email)]
Cents = Annotated[int, PlainValidator(parse_cents)]
Currency = Annotated[str, PlainValidator(_parse_currency)]
Day = Annotated[date, PlainValidator(parse_day)]
Usage = Annotated[int | None, whole_number(0)]
