"""The decision table: when a change of plan takes effect, and of which amounts before tax it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kajoom.domain.cycle import PaidTime, Period, add_months, paid_time_left
from kajoom.domain.money import Money
from kajoom.domain.terms import Terms


class When(StrEnum):
    """What the client asks for: the change at once, or on the next due date."""

    NOW = "now"
    RENEWAL = "renewal"


class ChargePolicy(StrEnum):
    """The host's policy for an upgrade within the cycle: the days left of the difference, or the whole of it."""

    PRORATED = "prorated"
    FULL_PERIOD = "full_period"


class Decision(StrEnum):
    """When the change takes effect."""

    NOW = "now"
    AT_NEXT_DUE = "at_next_due"
    WITH_RENEWAL = "with_renewal"


class LineCode(StrEnum):
    """What a line is for; the words are found at the edge."""

    DIFFERENCE = "difference"
    NEW_PERIOD = "new_period"
    UNUSED_TIME = "unused_time"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Line:
    """One named amount before tax.

    ``period`` holds the days it covers; ``days`` of ``of_days`` the share charged of the running cycle, where the
    line is a share; ``cycles_ahead`` the whole cycles added because they were already paid.
    """

    code: LineCode
    amount: Money
    period: Period | None = None
    days: int | None = None
    of_days: int | None = None
    cycles_ahead: int = 0


@dataclass(frozen=True, slots=True)
class PricingInput:
    """A service as a price depends on it.

    ``due`` is the first day not paid for (``None``: nothing recurs), ``anchor`` the day of the month (1-31) its due
    dates fall on. The four flags are hindrances, each with a refusal of its own.
    """

    terms: Terms
    due: date | None
    anchor: int
    province: str
    credit: Money
    active: bool = True
    cancelling: bool = False
    changing: bool = False
    unpaid: bool = False


@dataclass(frozen=True, slots=True)
class PricingOutcome:
    """A row of the table worked out: ``timing_options`` are the answers the client may choose between, the default
    first."""

    decision: Decision
    next_due: date | None
    anchor: int
    lines: tuple[Line, ...] = ()
    timing_options: tuple[When, ...] = ()


_UP = (When.NOW, When.RENEWAL)
_DOWN = (When.RENEWAL, When.NOW)


def decide(service: PricingInput, target: Terms, on: date, when: When | None, charge: ChargePolicy) -> PricingOutcome:
    """The row of the decision table that fits, looked for from the most particular to the most general.

    ``ValueError`` for a recurring service without a due date.
    """
    current, due, anchor = service.terms, service.due, service.anchor
    if current.months and due == on:
        return PricingOutcome(Decision.WITH_RENEWAL, due, anchor)
    if current.is_free or not current.months:
        return _begun(service, target, on, when)
    if due is None:
        raise ValueError("a recurring service has a due date")
    if target.is_free or target.months < current.months:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor)
    paid = paid_time_left(on, due, current.months, anchor)
    if target.months > current.months:
        return _longer(current, target, on, due, anchor, paid, when)
    return _same_cycle(current, target, on, due, anchor, paid, when, charge)


def _begun(service: PricingInput, target: Terms, on: date, when: When | None) -> PricingOutcome:
    """From free, or from a product paid once: what is bought begins today, and there is no period to share."""
    current, due, anchor = service.terms, service.due, service.anchor
    if current.months == target.months == 0:
        rise = max(target.recurring - current.recurring, target.recurring.zero())
        return PricingOutcome(Decision.NOW, None, anchor, _lines(Line(LineCode.DIFFERENCE, rise)))
    timing_options = _UP if current.months and due else ()
    if timing_options and when is When.RENEWAL:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor, timing_options=timing_options)
    if target.is_free:
        return PricingOutcome(Decision.NOW, due, anchor, timing_options=timing_options)
    if not target.months:
        return PricingOutcome(
            Decision.NOW, None, anchor, _lines(Line(LineCode.NEW_PERIOD, target.recurring)), timing_options
        )
    next_due = add_months(on, target.months, on.day)
    line = Line(LineCode.NEW_PERIOD, target.recurring, Period(on, next_due))
    return PricingOutcome(Decision.NOW, next_due, on.day, _lines(line), timing_options)


def _longer(
    current: Terms, target: Terms, on: date, due: date, anchor: int, paid: PaidTime, when: When | None
) -> PricingOutcome:
    """A longer cycle begins today, less what is unused of the old one; dearer unused time waits for its end."""
    unused = current.recurring * paid.share
    if unused > target.recurring:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor)
    if when is When.RENEWAL:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor, timing_options=_UP)
    next_due = add_months(on, target.months, on.day)
    lines = _lines(
        Line(LineCode.NEW_PERIOD, target.recurring, Period(on, next_due)),
        Line(LineCode.UNUSED_TIME, -unused, Period(on, due), paid.days_left, paid.running.days, paid.cycles_ahead),
    )
    return PricingOutcome(Decision.NOW, next_due, on.day, lines, _UP)


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
    """Within the cycle a rise is charged for the days left, and a lower plan waits unless it is asked for now."""
    lower = target.recurring < current.recurring
    timing_options = _DOWN if lower else _UP
    if (when or timing_options[0]) is When.RENEWAL:
        return PricingOutcome(Decision.AT_NEXT_DUE, due, anchor, timing_options=timing_options)
    if lower:
        return PricingOutcome(Decision.NOW, due, anchor, timing_options=timing_options)
    whole = charge is ChargePolicy.FULL_PERIOD
    line = Line(
        LineCode.DIFFERENCE,
        (target.recurring - current.recurring) * (paid.cycles_ahead + 1 if whole else paid.share),
        Period(paid.running.start if whole else on, due),
        paid.running.days if whole else paid.days_left,
        paid.running.days,
        paid.cycles_ahead,
    )
    return PricingOutcome(Decision.NOW, due, anchor, _lines(line), timing_options)


def _lines(*lines: Line) -> tuple[Line, ...]:
    """The lines that say something: one that rounds to nothing is neither shown nor invoiced."""
    return tuple(line for line in lines if line.amount)
