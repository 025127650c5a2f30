"""The decision table of docs/pricing.md: when a change of plan takes effect and what it costs before tax."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kajoom.domain.cycle import PaidTime, Period, add_months, paid_time_left
from kajoom.domain.money import Money
from kajoom.domain.tax import Taxation
from kajoom.domain.terms import Terms, becomes_free, due_date_on


class When(StrEnum):
    """When the client wants the change: immediately or at the next due date."""

    NOW = "now"
    RENEWAL = "renewal"


class ChargePolicy(StrEnum):
    """How an upgrade within the same cycle is charged: the difference for the days left, or the whole difference."""

    PRORATED = "prorated"
    FULL_PERIOD = "full_period"


class Decision(StrEnum):
    """When the change takes effect."""

    NOW = "now"
    AT_NEXT_DUE = "at_next_due"
    WITH_RENEWAL = "with_renewal"


class LineCode(StrEnum):
    """What a line charges or credits; the last two are lines of credit notes only."""

    DIFFERENCE = "difference"
    NEW_PERIOD = "new_period"
    UNUSED_TIME = "unused_time"
    RENEWAL = "renewal"
    DAYS_NOT_SERVED = "days_not_served"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Line:
    """One named amount before tax.

    ``period`` is the days it covers. For a prorated line, ``days`` of the ``of_days`` days of the running cycle are
    charged, plus ``cycles_ahead`` whole cycles that were already paid.
    """

    code: LineCode
    amount: Money
    period: Period | None = None
    days: int | None = None
    of_days: int | None = None
    cycles_ahead: int = 0


@dataclass(frozen=True, slots=True)
class PricingInput:
    """The facts about a service that its price depends on.

    ``due`` is the first day not paid for (``None``: nothing recurs), ``anchor`` the day of the month (1-31) of its
    due dates, ``taxation`` the taxes that its price has and ``credit`` the client's account credit. A service that is
    not ``active``, or that has one of the other three flags, cannot change plan; see ``service_refusal``. ``planned``
    is the recurring amount of the next period on the same cycle, when other terms are planned for it.
    """

    terms: Terms
    due: date | None
    anchor: int
    taxation: Taxation
    credit: Money
    active: bool = True
    cancelling: bool = False
    changing: bool = False
    unpaid: bool = False
    planned: Money | None = None

    @property
    def recurs(self) -> bool:
        """Whether the service is billed each cycle. One without a due date is free, or was paid once."""
        return self.terms.months > 0 and (self.due is not None or self.terms.is_paid)

    def as_of(self, day: date) -> PricingInput:
        """Return the same service with its due date as it stands on ``day``; see ``due_date_on``."""
        due = due_date_on(day, self.due, self.terms.recurring, self.terms.cycle, self.anchor)
        return self if due == self.due else replace(self, due=due)


@dataclass(frozen=True, slots=True)
class PricingOutcome:
    """The result of the decision table.

    ``timing_options`` are the timings the client may choose between, the default first; empty when there is no
    choice. ``next_due`` and ``anchor`` apply once the change is made.
    """

    decision: Decision
    next_due: date | None
    anchor: int
    lines: tuple[Line, ...] = ()
    timing_options: tuple[When, ...] = ()


_NOW_BY_DEFAULT = (When.NOW, When.RENEWAL)
_RENEWAL_BY_DEFAULT = (When.RENEWAL, When.NOW)


def decide(service: PricingInput, target: Terms, on: date, when: When | None, charge: ChargePolicy) -> PricingOutcome:
    """Apply the decision table of docs/pricing.md to the change of ``service`` to ``target`` on the day ``on``.

    ``when`` is the client's choice, ``None`` for the default. The service's due date is not before ``on``. Raises
    ``ValueError`` for a service with a price for each cycle and no due date.
    """
    current, due, anchor = service.terms, service.due, service.anchor
    if not service.recurs:
        return _without_due_date(current, target, on, anchor)
    if due is None:
        raise ValueError("a recurring service has a due date")
    if due == on:
        return PricingOutcome(Decision.WITH_RENEWAL, due, anchor)
    if becomes_free(current.recurring, target.recurring, target.cycle) or target.months < current.months:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor)
    paid = paid_time_left(on, due, current.months, anchor)
    if target.months > current.months:
        return _to_longer_cycle(current, target, on, due, anchor, paid, when)
    return _same_cycle(current, target, on, due, anchor, paid, when, charge)


def _without_due_date(current: Terms, target: Terms, on: date, anchor: int) -> PricingOutcome:
    """Change from a free or one-time product: a paid plan begins its first period today, and nothing is prorated."""
    if not target.months:
        increase = max(target.recurring - current.recurring, target.recurring.zero())
        return PricingOutcome(Decision.NOW, None, anchor, _lines(Line(LineCode.DIFFERENCE, increase)))
    if not target.is_paid:
        return PricingOutcome(Decision.NOW, None, anchor)
    next_due = add_months(on, target.months, on.day)
    line = Line(LineCode.NEW_PERIOD, target.recurring, Period(on, next_due))
    return PricingOutcome(Decision.NOW, next_due, on.day, _lines(line))


def _to_longer_cycle(
    current: Terms, target: Terms, on: date, due: date, anchor: int, paid: PaidTime, when: When | None
) -> PricingOutcome:
    """Start the longer cycle today, less the unused time of the current one.

    When the unused time is worth more than the new cycle, the change waits for the due date instead.
    """
    unused = current.recurring * paid.share
    if unused > target.recurring:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor)
    if when is When.RENEWAL:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor, timing_options=_NOW_BY_DEFAULT)
    next_due = add_months(on, target.months, on.day)
    lines = _lines(
        Line(LineCode.NEW_PERIOD, target.recurring, Period(on, next_due)),
        Line(LineCode.UNUSED_TIME, -unused, Period(on, due), paid.days_left, paid.running.days, paid.cycles_ahead),
    )
    return PricingOutcome(Decision.NOW, next_due, on.day, lines, _NOW_BY_DEFAULT)


def _same_cycle(
    current: Terms,
    target: Terms,
    on: date,
    due: date,
    anchor: int,
    paid: PaidTime,
    when: When | None,
    charge: ChargePolicy,
) -> PricingOutcome:
    """Keep the cycle: an upgrade is charged for the time left, a downgrade waits unless ``when`` is ``NOW``."""
    lower = target.recurring < current.recurring
    timing_options = _RENEWAL_BY_DEFAULT if lower else _NOW_BY_DEFAULT
    if (when or timing_options[0]) is When.RENEWAL:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor, timing_options=timing_options)
    if lower:
        return PricingOutcome(Decision.NOW, due, anchor, timing_options=timing_options)
    is_full_period = charge is ChargePolicy.FULL_PERIOD
    line = Line(
        LineCode.DIFFERENCE,
        (target.recurring - current.recurring) * (paid.cycles_ahead + 1 if is_full_period else paid.share),
        Period(paid.running.start if is_full_period else on, due),
        paid.running.days if is_full_period else paid.days_left,
        paid.running.days,
        paid.cycles_ahead,
    )
    return PricingOutcome(Decision.NOW, due, anchor, _lines(line), timing_options)


def _lines(*lines: Line) -> tuple[Line, ...]:
    """Drop the lines whose amount rounds to zero: they are neither shown nor invoiced."""
    return tuple(line for line in lines if line.amount)
