"""Billing cycles, due dates and paid time, counted in calendar months and real days (never 30-day months)."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction


class BillingCycle(StrEnum):
    """How often a service is billed; ``ONE_TIME`` is paid once and ``FREE`` never, so neither has a due date."""

    FREE = "free"
    ONE_TIME = "one_time"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUALLY = "semiannually"
    ANNUALLY = "annually"
    BIENNIALLY = "biennially"
    TRIENNIALLY = "triennially"
    FOUR_YEARS = "four_years"
    FIVE_YEARS = "five_years"
    SIX_YEARS = "six_years"
    SEVEN_YEARS = "seven_years"
    EIGHT_YEARS = "eight_years"
    NINE_YEARS = "nine_years"
    TEN_YEARS = "ten_years"

    @property
    def months(self) -> int:
        """The length in months; 0 for free and one-time products."""
        return _MONTHS.get(self, 0)


_MONTHS = {
    BillingCycle.MONTHLY: 1,
    BillingCycle.QUARTERLY: 3,
    BillingCycle.SEMIANNUALLY: 6,
    BillingCycle.ANNUALLY: 12,
    BillingCycle.BIENNIALLY: 24,
    BillingCycle.TRIENNIALLY: 36,
    BillingCycle.FOUR_YEARS: 48,
    BillingCycle.FIVE_YEARS: 60,
    BillingCycle.SIX_YEARS: 72,
    BillingCycle.SEVEN_YEARS: 84,
    BillingCycle.EIGHT_YEARS: 96,
    BillingCycle.NINE_YEARS: 108,
    BillingCycle.TEN_YEARS: 120,
}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(text: str) -> date:
    """Parse "2022-11-01"; raise ``ValueError`` for a date that does not exist and for any other format."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"not a date like 2022-11-01: {text[:40]!r}")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no such day: {text}") from None


def add_months(day: date, months: int, anchor: int) -> date:
    """Move ``day`` by ``months``, to the ``anchor`` day of the month (1-31) or the last day of a shorter month.

    The anchor is a separate argument so that 31 January is followed by 28 February and then 31 March, not 28 March.
    Raises ``ValueError`` for an anchor outside 1 to 31 and ``OverflowError`` outside the years 1 to 9999.
    """
    if not 1 <= anchor <= 31:
        raise ValueError(f"not a day of the month: {anchor}")
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(f"{months} months from {day} is outside the calendar")
    return date(year, month0 + 1, min(anchor, monthrange(year, month0 + 1)[1]))


def first_due_from(day: date, due: date, months: int, anchor: int) -> date:
    """Move ``due`` by whole cycles of ``months`` to the first due date that is not before ``day``.

    A due date that is not before ``day`` is returned as it is. Raises as ``add_months``.
    """
    if due >= day:
        return due
    months_behind = (day.year - due.year) * 12 + day.month - due.month
    moved = add_months(due, months_behind // months * months, anchor)
    return moved if moved >= day else add_months(moved, months, anchor)


@dataclass(frozen=True, slots=True)
class Period:
    """The days of one cycle, ``start`` included and ``end`` (the due date) excluded."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """The number of days of the period."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class PaidTime:
    """Paid time that is not used yet on a given day.

    ``running`` is the period of that day, ``days_left`` its remaining days (that day included) and ``cycles_ahead``
    the whole cycles paid after it.
    """

    running: Period
    days_left: int
    cycles_ahead: int

    @property
    def share(self) -> Fraction:
        """The unused paid time in cycles: the remaining share of the running cycle plus the cycles paid ahead."""
        return self.cycles_ahead + Fraction(self.days_left, self.running.days)


def paid_time_left(day: date, due: date, months: int, anchor: int) -> PaidTime:
    """Return what is left on ``day`` of the time paid up to ``due`` (``day`` < ``due``); ``day`` counts as unused."""
    end, ahead = due, 0
    start = add_months(end, -months, anchor)
    while day < start:
        end, ahead = start, ahead + 1
        start = add_months(end, -months, anchor)
    return PaidTime(Period(start, end), (end - day).days, ahead)


def due_dates(anchor: date, months: int, count: int) -> list[date]:
    """Return the first ``count`` due dates after ``anchor``, each calculated from the anchor's day of the month."""
    return [add_months(anchor, months * n, anchor.day) for n in range(1, count + 1)]
