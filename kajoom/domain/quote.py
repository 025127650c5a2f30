"""The only place a price is decided: what a change of plan costs on a given day, and when it takes effect."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any

from kajoom.domain.decision import ChargePolicy, Decision, Line, LineCode, PricingInput, When, decide
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.tax import TaxLine, taxes_on
from kajoom.domain.terms import Terms

__all__ = [
    "ChargePolicy",
    "Decision",
    "Direction",
    "Line",
    "LineCode",
    "PricingInput",
    "Quote",
    "When",
    "amount_in_digest",
    "direction",
    "quote",
    "service_refusal",
    "terms_refusal",
    "with_taxes",
]


class Direction(StrEnum):
    """Up or down, told by the amount paid in a year so that cycles can be compared."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    SAME = "same"


@dataclass(frozen=True)
class Quote:
    """What a change costs now and later. A value: it is recomputed and compared, never stored as such.

    ``timing_options`` are the answers the client may choose between, the default first; empty when there is no choice.
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
    timing_options: tuple[When, ...]
    needs_person: bool

    @property
    def due_today(self) -> Money:
        """What is payable today, after tax and after credit."""
        return self.total - self.credit_used

    @property
    def difference(self) -> Money:
        """What a whole period costs more, before tax; below nothing for a lower plan."""
        return self.target.recurring - self.current.recurring

    @property
    def must_acknowledge(self) -> bool:
        """A lower plan at once gives up what is paid: the client says so before it is done."""
        lower = self.target.recurring < self.current.recurring
        return lower and self.decision is Decision.NOW and self.target.months == self.current.months > 0

    @property
    def direction(self) -> Direction:
        """Upgrade or downgrade."""
        return direction(self.current, self.target)

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
        """The name of these exact figures and dates: equal only if all of them are, and led by the cents due today."""
        figures: list[Any] = [
            *(_terms_key(terms) for terms in (self.current, self.target)),
            self.decision, self.effective_on, self.next_due, self.needs_person,
            [(line.code, line.amount.cents) for line in self.lines],
            [(tax.name, tax.percent, tax.amount.cents) for tax in self.taxes],
            self.total.cents, self.credit_used.cents,
            self.renewal_before.cents, self.renewal_after.cents,
        ]  # fmt: skip
        name = hashlib.sha256(json.dumps(figures, default=str).encode()).hexdigest()[:32]
        return f"{self.due_today.cents}-{name}"


def _terms_key(terms: Terms) -> list[Any]:
    return [terms.plan, terms.cycle, terms.recurring.cents, terms.recurring.currency, terms.quantity]


def amount_in_digest(digest: str, currency: str) -> Money | None:
    """The amount due that a digest was seen with, to be shown beside the new one; ``None`` if it is not a digest."""
    found = re.fullmatch(r"(\d{1,12})-[0-9a-f]{32}", digest, re.ASCII)
    return Money(int(found[1]), currency) if found else None


def with_taxes(net: Money, province: str, on: date) -> Money:
    """``net`` with the taxes that apply to it in ``province`` on that day."""
    return sum((tax.amount for tax in taxes_on(net, province, on)), start=net)


def direction(current: Terms, target: Terms) -> Direction:
    """Compare the amounts paid in a year; what is paid once is compared as it stands."""
    before = current.recurring.cents * (target.months or 1)
    after = target.recurring.cents * (current.months or 1)
    if after > before:
        return Direction.UPGRADE
    return Direction.DOWNGRADE if after < before else Direction.SAME


def service_refusal(service: PricingInput, on: date) -> Refusal | None:
    """Why no change at all can be made to this service today, whatever the plan; ``None`` when one can."""
    reasons = (
        (not service.active, Refusal.NOT_ACTIVE),
        (service.cancelling, Refusal.CANCELLATION_REQUESTED),
        (service.changing, Refusal.CHANGE_UNDER_WAY),
        (service.due is not None and service.due < on, Refusal.OVERDUE),
        (service.unpaid, Refusal.UNPAID_INVOICE),
    )
    return next((refusal for applies, refusal in reasons if applies), None)


def terms_refusal(current: Terms, target: Terms) -> Refusal | None:
    """Why one cannot follow the other on any day: paid once against paid each cycle, other money, nothing changed."""
    both_paid = not current.is_free and not target.is_free
    reasons = (
        (both_paid and bool(current.months) is not bool(target.months), Refusal.NOT_PERMITTED),
        (current.recurring.currency != target.recurring.currency, Refusal.OTHER_CURRENCY),
        ((current.plan, current.cycle) == (target.plan, target.cycle), Refusal.SAME_TERMS),
    )
    return next((refusal for applies, refusal in reasons if applies), None)


def quote(
    service: PricingInput,
    target: Terms,
    on: date,
    when: When | None = None,
    charge: ChargePolicy = ChargePolicy.PRORATED,
    needs_person: bool = False,
) -> Quote:
    """Price the move of ``service`` to ``target`` on the day ``on``; ``when`` is ``None`` for the rule's default.

    Raises ``BusinessError`` with the first reason found; ``OverflowError`` when a date leaves the calendar.
    The rules are those of docs/pricing.md.
    """
    current = service.terms
    if refusal := service_refusal(service, on) or terms_refusal(current, target):
        raise BusinessError(refusal)

    outcome = decide(service, target, on, when, charge)
    subtotal = sum((line.amount for line in outcome.lines), start=target.recurring.zero())
    taxes = taxes_on(subtotal, service.province, on)
    total = sum((tax.amount for tax in taxes), start=subtotal)
    return Quote(
        current=current,
        target=target,
        decision=outcome.decision,
        effective_on=on if outcome.decision is Decision.NOW else service.due or on,
        next_due=outcome.next_due,
        anchor=outcome.anchor,
        lines=outcome.lines,
        taxes=taxes,
        subtotal=subtotal,
        total=total,
        credit_used=min(max(service.credit, total.zero()), total),
        province=service.province,
        timing_options=outcome.timing_options,
        needs_person=needs_person,
    )
