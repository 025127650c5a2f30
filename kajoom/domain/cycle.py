"""A billing cycle is a number of whole months; its days are counted on the calendar, never on a 30-day month."""

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

    @property
    def months(self) -> int:
        """The length in months; 0 where nothing recurs."""
        return _MONTHS.get(self, 0)


_MONTHS = {
    BillingCycle.MONTHLY: 1,
    BillingCycle.QUARTERLY: 3,
    BillingCycle.SEMIANNUALLY: 6,
    BillingCycle.ANNUALLY: 12,
    BillingCycle.BIENNIALLY: 24,
    BillingCycle.TRIENNIALLY: 36,
}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(text: str) -> date:
    """Read "2022-11-01"; ``ValueError`` for a day that does not exist and for every other way of writing one."""
    if not _DAY.fullmatch(text):
        raise ValueError(f"not a date like 2022-11-01: {text[:40]!r}")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no such day: {text}") from None


def add_months(day: date, months: int, anchor: int) -> date:
    """``day`` moved by ``months``, on the ``anchor`` day of the month (1-31) or that month's last day.

    The anchor is kept apart so that 31 January leads to 28 February and then to 31 March, not to 28 March.
    ``ValueError`` for an anchor that is no day of a month, ``OverflowError`` outside the years 1 to 9999.
    """
    if not 1 <= anchor <= 31:
        raise ValueError(f"not a day of the month: {anchor}")
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(f"{months} months from {day} is outside the calendar")
    return date(year, month0 + 1, min(anchor, monthrange(year, month0 + 1)[1]))


@dataclass(frozen=True, slots=True)
class Period:
    """The days of one cycle, ``start`` included and ``end`` (the due date) excluded."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """The real length of the cycle in days."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class PaidTime:
    """What a client has paid for and not yet used on a given day."""

    running: Period
    days_left: int
    cycles_ahead: int

    @property
    def share(self) -> Fraction:
        """Unused cycles: the share of the running one, plus each whole cycle already paid ahead."""
        return self.cycles_ahead + Fraction(self.days_left, self.running.days)


def paid_time_left(day: date, due: date, months: int, anchor: int) -> PaidTime:
    """What is left on ``day`` of what was paid up to ``due`` (``day`` < ``due``); the day itself is still to come."""
    end, ahead = due, 0
    start = add_months(end, -months, anchor)
    while day < start:
        end, ahead = start, ahead + 1
        start = add_months(end, -months, anchor)
    return PaidTime(Period(start, end), (end - day).days, ahead)


def due_dates(anchor: date, months: int, count: int) -> list[date]:
    """The ``count`` due dates that follow a cycle begun on ``anchor``, each reckoned from the anchor's own day."""
    return [add_months(anchor, months * n, anchor.day) for n in range(1, count + 1)]
