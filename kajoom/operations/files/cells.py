"""The types of the cells of a CSV file, for the models of its rows: each turns a cell's text into a value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo

from kajoom.domain.country import COUNTRIES, CURRENCIES
from kajoom.domain.cycle import BillingCycle, parse_day
from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus
from kajoom.operations.email_address import parse_email
from kajoom.operations.files.amounts import MAX_CENTS, plain_amount
from kajoom.operations.files.password_hash import parse_password_hash

_MAX_UNITS = 1_000_000_000
# Months are added to and taken from these days, so the ends of the calendar are out of reach.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2099, 12, 31)
_TIME = re.compile(r"(?<=\d)[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{2})[/.](\d{2})", re.ASCII)
_OTHER_ORDER = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}", re.ASCII)
_DIGITS = re.compile(r"\d{1,10}", re.ASCII)

# A column of yes and no would print "no" as the reason, and charge nobody taxes.
_ANSWERS = frozenset({"0", "1", "n", "no", "non", "false", "faux", "off", "y", "yes", "o", "oui", "true", "vrai", "on"})

STATUSES: Mapping[str, ServiceStatus] = {status.value: status for status in ServiceStatus} | {
    "canceled": ServiceStatus.CANCELLED,
    "transferred_away": ServiceStatus.CANCELLED,
    "fraud": ServiceStatus.TERMINATED,
    "completed": ServiceStatus.TERMINATED,
    "expired": ServiceStatus.TERMINATED,
    "pending_registration": ServiceStatus.PENDING,
    "pending_transfer": ServiceStatus.PENDING,
    "grace": ServiceStatus.SUSPENDED,
    "redemption": ServiceStatus.SUSPENDED,
    **dict.fromkeys(("actif",), ServiceStatus.ACTIVE),
    **dict.fromkeys(("en_attente", "en_attente_d'enregistrement", "en_attente_de_transfert"), ServiceStatus.PENDING),
    **dict.fromkeys(("suspendu", "suspendue"), ServiceStatus.SUSPENDED),
    **dict.fromkeys(("annule", "annulee", "transfere", "transferee"), ServiceStatus.CANCELLED),
    **dict.fromkeys(
        ("termine", "terminee", "resilie", "resiliee", "expire", "expiree", "fraude", "complete", "completee"),
        ServiceStatus.TERMINATED,
    ),
}
"""Our names of the statuses, those of services and domains in WHMCS, and the French ones, in lower case without accents
and with ``_`` between words."""

CYCLES: Mapping[str, BillingCycle] = {cycle.value: cycle for cycle in BillingCycle} | {
    "semi_annually": BillingCycle.SEMIANNUALLY,
    "half_yearly": BillingCycle.SEMIANNUALLY,
    "yearly": BillingCycle.ANNUALLY,
    "annual": BillingCycle.ANNUALLY,
    "onetime": BillingCycle.ONE_TIME,
    "once": BillingCycle.ONE_TIME,
    "free_account": BillingCycle.FREE,
    **dict.fromkeys(("gratuit", "compte_gratuit"), BillingCycle.FREE),
    **dict.fromkeys(("une_fois", "une_seule_fois", "unique", "paiement_unique"), BillingCycle.ONE_TIME),
    **dict.fromkeys(("mensuel", "mensuelle"), BillingCycle.MONTHLY),
    **dict.fromkeys(("trimestriel", "trimestrielle"), BillingCycle.QUARTERLY),
    **dict.fromkeys(("semestriel", "semestrielle"), BillingCycle.SEMIANNUALLY),
    **dict.fromkeys(("annuel", "annuelle"), BillingCycle.ANNUALLY),
    **dict.fromkeys(("biennal", "biennale", "bisannuel", "bisannuelle"), BillingCycle.BIENNIALLY),
    **dict.fromkeys(("triennal", "triennale", "trisannuel", "trisannuelle"), BillingCycle.TRIENNIALLY),
}
"""Our names of the cycles, those of other systems and the French ones, written like ``STATUSES``."""

_BY_MONTHS = {cycle.months: cycle for cycle in BillingCycle if cycle.months}
_LENGTH = re.compile(r"(\d{1,3})[\s_-]*(months?|mois|years?|ans?)", re.ASCII | re.IGNORECASE)


def one_of(names: Mapping[str, Any]) -> Callable[[str], Any]:
    """A validator for one of some names, in any case, with or without accents, and with spaces or hyphens."""

    def parse(cell: str) -> Any:
        name = cell.lower()
        if name not in names:
            name = re.sub(r"[\s-]+", "_", name.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
        if name not in names:
            name = "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each))
        if name not in names:
            raise ValueError(f"unknown: {cell[:40]!r}; one of {', '.join(dict.fromkeys(names.values()))}")
        return names[name]

    return parse


_cycle_of_name = one_of(CYCLES)


def parse_cycle(cell: str) -> BillingCycle:
    """A cycle by one of its names or by its length ("5 years", "60 months"); ``ValueError`` for any other text."""
    if length := _LENGTH.fullmatch(cell.strip()):
        months = int(length[1]) * (1 if length[2].lower().startswith("mo") else 12)
        if months not in _BY_MONTHS:
            raise ValueError(f"no cycle of {months} months")
        return _BY_MONTHS[months]
    cycle: BillingCycle = _cycle_of_name(cell)
    return cycle


def whole_number(least: int, most: int = _MAX_UNITS) -> PlainValidator:
    """A validator for a whole number from ``least`` to ``most``, in ASCII digits without a sign."""

    def parse(cell: str) -> int:
        if not _DIGITS.fullmatch(cell) or not least <= int(cell) <= most:
            raise ValueError(f"not a whole number from {least} to {most}: {cell[:40]!r}")
        return int(cell)

    return PlainValidator(parse)


def parse_cents(text: str) -> int:
    """Cents of an amount with at most two decimals; ``ValueError`` below zero and above the largest amount."""
    amount = Money.parse(text).cents
    if not 0 <= amount <= MAX_CENTS:
        raise ValueError(f"not from 0.00 to {Money(MAX_CENTS)}: {text}")
    return amount


def _parse_amount(cell: str, info: ValidationInfo) -> int:
    """Cents of an amount in the currency of its row, as other systems write it."""
    return parse_cents(plain_amount(cell, info.data.get("currency", "CAD")))


def parse_currency(cell: str) -> str:
    """A currency in upper case; ``ValueError`` for one that does not exist or whose amounts have no two decimals."""
    code = cell.upper()
    if code not in CURRENCIES:
        raise ValueError(f"not a currency with two decimals, such as CAD: {cell[:40]!r}")
    return code


def _parse_country(cell: str) -> str:
    code = cell.upper()
    if code not in COUNTRIES:
        raise ValueError(f"not a two-letter country code (ISO 3166), such as CA: {cell[:40]!r}")
    return code


def _parse_day(cell: str) -> date:
    """A day, of which a time is left off; ``ValueError`` also for an order of its parts that nothing declares."""
    if _OTHER_ORDER.match(cell):
        raise ValueError(f'not a date like 2022-11-01: {cell[:40]!r} (a --map file with dates = "dmy" or "mdy")')
    day = parse_day(_YEAR_FIRST.sub(r"\1-\2-\3", _TIME.sub("", cell)))
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError(f"not from {_FIRST_DAY} to {_LAST_DAY}: {cell}")
    return day


def _check_exemption(cell: str) -> str:
    if cell.lower() in _ANSWERS:
        raise ValueError(f"the reason, as invoices print it, or nothing for a client who pays taxes: {cell!r}")
    return cell


Text = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=500)]
Name = Annotated[str, Field(max_length=80)]
Code = Annotated[str, Field(max_length=40)]
Email = Annotated[str, PlainValidator(parse_email)]
Cents = Annotated[int, PlainValidator(_parse_amount)]
Cycle = Annotated[BillingCycle, PlainValidator(parse_cycle)]
Country = Annotated[str, PlainValidator(_parse_country)]
Currency = Annotated[str, PlainValidator(parse_currency)]
Day = Annotated[date, PlainValidator(_parse_day)]
PasswordHash = Annotated[str, PlainValidator(parse_password_hash)]
Exemption = Annotated[str, Field(max_length=100), AfterValidator(_check_exemption)]
Usage = Annotated[int | None, whole_number(0)]
