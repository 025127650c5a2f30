"""The only place a price is decided: what a change of plan costs on a given day, and when it takes effect."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any

from kajoom.domain.cycle import Paid, Period, add_months, paid_on
from kajoom.domain.money import Money
from kajoom.domain.refusal import Refusal, Refused
from kajoom.domain.tax import TaxLine, taxes_on
from kajoom.domain.terms import Terms


class When(StrEnum):
    """What the client asks for: the change at once, or on the next due date."""

    NOW = "now"
    RENEWAL = "renewal"


class Charge(StrEnum):
    """The host's policy for an upgrade within the cycle: the days left of the difference, or the whole of it."""

    PRORATED = "prorated"
    FULL_PERIOD = "full_period"


class Decision(StrEnum):
    """When the change takes effect."""

    NOW = "now"
    AT_NEXT_DUE = "at_next_due"
    WITH_RENEWAL = "with_renewal"


class Direction(StrEnum):
    """Up or down, told by the amount paid in a year so that cycles can be compared."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    SAME = "same"


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
class Holding:
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


@dataclass(frozen=True)
class Quote:
    """What a change costs now and later. A value: it is recomputed and compared, never stored as such.

    ``whens`` are the answers the client may choose between, the default first; empty when there is no choice.
    """

    current: Terms
    target: Terms
    decision: Decision
    effective_on: date
    next_due: date | None
    anchor: int
    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...]
    subtotal: Money
    total: Money
    credit_used: Money
    province: str
    whens: tuple[When, ...]
    needs_person: bool

    @property
    def due_today(self) -> Money:
        """What is payable today, after tax and after credit."""
        return self.total - self.credit_used

    @property
    def direction(self) -> Direction:
        """Upgrade or downgrade."""
        return direction(self.current, self.target)

    @property
    def renews_on(self) -> date | None:
        """The next renewal: the day its first full price is billed; ``None`` when nothing renews any more."""
        return self.next_due if self.target.months and not self.target.is_free else None

    @cached_property
    def renewal_before(self) -> Money:
        """The next renewal had nothing changed, taxes included."""
        return with_taxes(self.current.recurring, self.province, self.next_due or self.effective_on)

    @cached_property
    def renewal_after(self) -> Money:
        """The next renewal on the new terms, taxes included."""
        return with_taxes(self.target.recurring, self.province, self.next_due or self.effective_on)

    @cached_property
    def digest(self) -> str:
        """The name of these exact figures and dates: 32 hexadecimal digits, equal only if all of them are."""
        figures: list[Any] = [
            *(_terms_key(terms) for terms in (self.current, self.target)),
            self.decision, self.effective_on, self.next_due, self.needs_person,
            [(line.code, line.amount.cents) for line in self.lines],
            [(tax.name, tax.percent, tax.amount.cents) for tax in self.taxes],
            self.total.cents, self.credit_used.cents,
            self.renewal_before.cents, self.renewal_after.cents,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(figures, default=str).encode()).hexdigest()[:32]


def _terms_key(terms: Terms) -> list[Any]:
    return [terms.plan, terms.cycle, terms.recurring.cents, terms.recurring.currency, terms.quantity]


def with_taxes(net: Money, province: str, on: date) -> Money:
    """``net`` with the taxes that apply to it in ``province`` on that day."""
    return sum((tax.amount for tax in taxes_on(net, province, on)), start=net)


def direction(current: Terms, target: Terms) -> Direction:
    """Compare the amounts paid in a year; what is paid once is compared as it stands."""
    before = current.recurring.cents * (target.months or 1)
    after = target.recurring.cents * (current.months or 1)
    if before == after:
        return Direction.SAME
    return Direction.UPGRADE if after > before else Direction.DOWNGRADE


def refusal_of(holding: Holding, on: date) -> Refusal | None:
    """Why no change at all can be made to this service today, whatever the plan; ``None`` when one can."""
    hindrances = (
        (not holding.active, Refusal.NOT_ACTIVE),
        (holding.cancelling, Refusal.CANCELLATION_REQUESTED),
        (holding.changing, Refusal.CHANGE_UNDER_WAY),
        (holding.due is not None and holding.due < on, Refusal.OVERDUE),
        (holding.unpaid, Refusal.UNPAID_INVOICE),
    )
    return next((refusal for hinders, refusal in hindrances if hinders), None)


def quote(
    holding: Holding,
    target: Terms,
    on: date,
    when: When | None = None,
    charge: Charge = Charge.PRORATED,
    needs_person: bool = False,
) -> Quote:
    """Price the move of ``holding`` to ``target`` on the day ``on``; ``when`` is ``None`` for the rule's default.

    Raises ``Refused`` with the first reason found. The rules are those of the README, « How a change is priced ».
    """
    current = holding.terms
    if hindrance := refusal_of(holding, on):
        raise Refused(hindrance)
    if current.recurring.currency != target.recurring.currency:
        raise Refused(Refusal.OTHER_CURRENCY)
    if (current.plan, current.cycle) == (target.plan, target.cycle):
        raise Refused(Refusal.SAME_TERMS)

    outcome = _outcome(holding, target, on, when, charge)
    subtotal = sum((line.amount for line in outcome.lines), start=target.recurring.zero())
    taxes = taxes_on(subtotal, holding.province, on)
    total = sum((tax.amount for tax in taxes), start=subtotal)
    return Quote(
        current=current,
        target=target,
        decision=outcome.decision,
        effective_on=on if outcome.decision is Decision.NOW else holding.due or on,
        next_due=outcome.next_due,
        anchor=outcome.anchor,
        lines=outcome.lines,
        taxes=taxes,
        subtotal=subtotal,
        total=total,
        credit_used=min(holding.credit, total),
        province=holding.province,
        whens=outcome.whens,
        needs_person=needs_person,
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    decision: Decision
    next_due: date | None
    anchor: int
    lines: tuple[Line, ...] = ()
    whens: tuple[When, ...] = ()


_UP = (When.NOW, When.RENEWAL)
_DOWN = (When.RENEWAL, When.NOW)


def _outcome(holding: Holding, target: Terms, on: date, when: When | None, charge: Charge) -> _Outcome:
    """The row of the decision table that fits, looked for from the most particular to the most general."""
    current, due, anchor = holding.terms, holding.due, holding.anchor
    if due == on:
        return _Outcome(Decision.WITH_RENEWAL, due, anchor)
    if current.is_free or not current.months:
        return _begun(current, target, on, due, anchor)
    if due is None:
        raise ValueError("a recurring service has a due date")
    if target.is_free:
        return _Outcome(Decision.AT_NEXT_DUE, due, anchor)
    if not target.months:
        raise Refused(Refusal.NOT_PERMITTED)
    if target.months < current.months:
        return _Outcome(Decision.AT_NEXT_DUE, due, anchor)
    paid = paid_on(on, due, current.months, anchor)
    if target.months > current.months:
        return _longer(current, target, on, due, anchor, paid, when)
    return _same_cycle(current, target, on, due, anchor, paid, when, charge)


def _begun(current: Terms, target: Terms, on: date, due: date | None, anchor: int) -> _Outcome:
    """From free, or from a product paid once: what is bought begins today, and there is no period to share."""
    if current.months == target.months == 0:
        rise = max(target.recurring - current.recurring, target.recurring.zero())
        return _Outcome(Decision.NOW, None, anchor, _lines(Line(LineCode.DIFFERENCE, rise)))
    if not current.is_free:
        raise Refused(Refusal.NOT_PERMITTED)
    if target.is_free:
        return _Outcome(Decision.NOW, due, anchor)
    if not target.months:
        return _Outcome(Decision.NOW, None, anchor, _lines(Line(LineCode.NEW_PERIOD, target.recurring)))
    next_due = add_months(on, target.months, on.day)
    line = Line(LineCode.NEW_PERIOD, target.recurring, Period(on, next_due))
    return _Outcome(Decision.NOW, next_due, on.day, _lines(line))


def _longer(current: Terms, target: Terms, on: date, due: date, anchor: int, paid: Paid, when: When | None) -> _Outcome:
    """A longer cycle begins today, less what is unused of the old one; dearer unused time waits for its end."""
    unused = current.recurring * paid.share
    if unused > target.recurring:
        return _Outcome(Decision.AT_NEXT_DUE, due, anchor)
    if when is When.RENEWAL:
        return _Outcome(Decision.AT_NEXT_DUE, due, anchor, whens=_UP)
    next_due = add_months(on, target.months, on.day)
    lines = _lines(
        Line(LineCode.NEW_PERIOD, target.recurring, Period(on, next_due)),
        Line(LineCode.UNUSED_TIME, -unused, Period(on, due), paid.days_left, paid.running.days, paid.cycles_ahead),
    )
    return _Outcome(Decision.NOW, next_due, on.day, lines, _UP)


def _same_cycle(
    current: Terms, target: Terms, on: date, due: date, anchor: int, paid: Paid, when: When | None, charge: Charge
) -> _Outcome:
    """Within the cycle a rise is charged for the days left, and a lower plan waits unless it is asked for now."""
    difference = target.recurring - current.recurring
    whens = _DOWN if difference.cents < 0 else _UP
    if (when or whens[0]) is When.RENEWAL:
        return _Outcome(Decision.AT_NEXT_DUE, due, anchor, whens=whens)
    if difference.cents < 0:
        return _Outcome(Decision.NOW, due, anchor, whens=whens)
    whole = charge is Charge.FULL_PERIOD
    line = Line(
        LineCode.DIFFERENCE,
        difference * (paid.cycles_ahead + 1 if whole else paid.share),
        Period(paid.running.start if whole else on, due),
        paid.running.days if whole else paid.days_left,
        paid.running.days,
        paid.cycles_ahead,
    )
    return _Outcome(Decision.NOW, due, anchor, _lines(line), whens)


def _lines(*lines: Line) -> tuple[Line, ...]:
    """The lines that say something: one that rounds to nothing is neither shown nor invoiced."""
    return tuple(line for line in lines if line.amount)
