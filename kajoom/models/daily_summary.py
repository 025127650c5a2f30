"""What waits for staff, as the daily digest counts it: tasks by age, overdue invoices, stuck jobs and differences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, func, or_, select

from kajoom.domain.money import Money
from kajoom.domain.task import is_late
from kajoom.models.audit import newest_seal
from kajoom.models.day import local_day
from kajoom.models.db import db
from kajoom.models.health import late_at
from kajoom.models.open_invoice import overdue_totals
from kajoom.models.outbox import IS_DEAD, IS_PENDING, Message
from kajoom.models.reconciliation import IS_UNRESOLVED, Difference
from kajoom.models.task import opening_times


@dataclass(frozen=True, slots=True)
class TaskAges:
    """The open tasks: those that are late, the others opened before the day, and those opened on it.

    ``oldest_on`` is the day on which the oldest was opened, ``None`` when no task is open.
    """

    late: int = 0
    earlier: int = 0
    today: int = 0
    oldest_on: date | None = None

    @property
    def count(self) -> int:
        """How many tasks are open."""
        return self.late + self.earlier + self.today


@dataclass(frozen=True, slots=True)
class Overdue:
    """The invoices whose due date has passed: what is left to pay of them in each currency, and the oldest date."""

    count: int = 0
    totals: tuple[Money, ...] = ()
    oldest_on: date | None = None


@dataclass(frozen=True, slots=True)
class StuckCounts:
    """The jobs of the workers that were given up, those that are late, and the others that will be tried again."""

    failed: int = 0
    late: int = 0
    retried: int = 0

    @property
    def count(self) -> int:
        """How many jobs the page of what is stuck lists, but for one that a worker handles at the moment."""
        return self.failed + self.late + self.retried


@dataclass(frozen=True, slots=True)
class Differences:
    """The unresolved differences with payment providers, and the oldest day that has one."""

    count: int = 0
    oldest_on: date | None = None


@dataclass(frozen=True, slots=True)
class DailySummary:
    """What waits for staff on a day; ``seal`` is the name of the newest seal of the audit, ``None`` without any."""

    on: date
    tasks: TaskAges
    overdue: Overdue
    stuck: StuckCounts
    differences: Differences
    seal: str | None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits."""
        return not any(each.count for each in (self.tasks, self.overdue, self.stuck, self.differences))


def daily_summary(on: date, at: datetime) -> DailySummary:
    """What waits for staff at the instant ``at`` of the day ``on``, in six statements."""
    seal = newest_seal()
    return DailySummary(
        on, _task_ages(on), _overdue(on), _stuck(at), _differences(), seal.name if seal is not None else None
    )


def _task_ages(on: date) -> TaskAges:
    days = [local_day(at) for at in opening_times()]
    late = sum(is_late(day, on) for day in days)
    today = sum(day >= on for day in days)
    return TaskAges(late, len(days) - late - today, today, min(days, default=None))


def _overdue(on: date) -> Overdue:
    rows = overdue_totals(on)
    totals = tuple(Money(cents, currency) for currency, _, cents, _ in rows)
    return Overdue(sum(row.count for row in rows), totals, min((row.oldest_on for row in rows), default=None))


def _stuck(at: datetime) -> StuckCounts:
    """Two statements, one for each index: what has failed, and what waits.

    A job under lease is handled at the moment; the e-mail with this summary is one.
    """
    failed = db.session.scalar(select(func.count()).select_from(Message).where(IS_DEAD)) or 0
    is_late_now, is_free = late_at(at), or_(Message.lease_until.is_(None), Message.lease_until < at)
    is_listed = or_(is_late_now, Message.last_error != "")
    query = select(func.count(case((is_late_now, 1))), func.count(case((is_listed, 1)))).where(IS_PENDING, is_free)
    late, waiting = db.session.execute(query).one()
    return StuckCounts(failed, late, waiting - late)


def _differences() -> Differences:
    query = select(func.count(), func.min(Difference.day)).where(IS_UNRESOLVED)
    count, oldest_on = db.session.execute(query).one()
    return Differences(count, oldest_on)
