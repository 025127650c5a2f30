"""A column of a host's file: what its cells must hold, told apart from a text that merely looks like it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kajoom.domain.cycle import BillingCycle, parse_day
from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus

_MOST_CENTS = 999_999_999  # what a 32-bit column of cents holds with room for taxes
_EMAIL = re.compile(r"[^\s@,;<>()\"]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NO_DAY = frozenset({"", "0000-00-00"})
_MOST_UNITS = 1_000_000_000

STATUSES: Mapping[str, ServiceStatus] = {status.value: status for status in ServiceStatus} | {
    "canceled": ServiceStatus.CANCELLED,
    "fraud": ServiceStatus.TERMINATED,
}
"""The house's names and those of a WHMCS export, in small letters."""

CYCLES: Mapping[str, BillingCycle] = {cycle.value: cycle for cycle in BillingCycle} | {
    "semi_annually": BillingCycle.SEMIANNUALLY,
    "onetime": BillingCycle.ONE_TIME,
    "free_account": BillingCycle.FREE,
}
"""The house's names and those of a WHMCS export, in small letters with ``_`` between words."""


@dataclass(frozen=True, slots=True)
class Column:
    """``read`` makes a cell's text a value or raises ``ValueError``; an empty cell is a fault or the ``default``."""

    read: Callable[[str], Any]
    required: bool = False
    default: Any = ""


def text(longest: int = 200) -> Callable[[str], str]:
    """Any text up to a length."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"longer than {longest} characters")
        return cell

    return read


def one_of(names: Mapping[str, Any]) -> Callable[[str], Any]:
    """One of a closed set of names, whatever the case and with spaces or hyphens between the words."""

    def read(cell: str) -> Any:
        name = re.sub(r"[\s-]+", "_", cell.lower())
        if name not in names:
            raise ValueError(f"unknown: {cell[:40]!r}; one of {', '.join(names)}")
        return names[name]

    return read


def whole(least: int, most: int = _MOST_UNITS) -> Callable[[str], int]:
    """A whole number between two others, both allowed."""

    def read(cell: str) -> int:
        if not re.fullmatch(r"\d{1,10}", cell, re.ASCII) or not least <= int(cell) <= most:
            raise ValueError(f"not a whole number from {least} to {most}: {cell[:40]!r}")
        return int(cell)

    return read


def cents(cell: str) -> int:
    """An amount with at most two decimals, nothing or more."""
    amount = Money.parse(cell).cents
    if not 0 <= amount <= _MOST_CENTS:
        raise ValueError(f"not from 0.00 to {Money(_MOST_CENTS)}: {cell}")
    return amount


def day(cell: str) -> date | None:
    """A day; the 0000-00-00 of a WHMCS export is no day."""
    return None if cell in _NO_DAY else parse_day(cell)


def email(cell: str) -> str:
    """An e-mail address, in small letters."""
    address = cell.lower()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise ValueError(f"not an e-mail address: {cell[:80]!r}")
    return address


def currency(cell: str) -> str:
    """A currency by its three letters."""
    code = cell.upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"not a currency of three letters: {cell[:40]!r}")
    return code
