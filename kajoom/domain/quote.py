"""Price a change of plan on a given day: lines, taxes, credit, effective date and next renewal."""

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
from kajoom.domain.tax import Taxation, TaxLine, taxes_on
from kajoom.domain.terms import Terms, becomes_free

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
    "price_change",
    "quote",
    "service_refusal",
    "terms_refusal",
    "with_taxes",
]


class Direction(StrEnum):
    """Upgrade or downgrade, by the amount paid in a year so that different cycles can be compared."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    SAME = "same"


@dataclass(frozen=True)
class Quote:
    """What a change costs now and at the next renewal; calculated again at confirmation and compared by ``digest``.

    ``subtotal`` is before tax, ``total`` with taxes and before ``credit_used``. ``next_due`` and ``anchor`` apply once
    the change is made. ``timing_options`` are the timings the client may choose between, the default first; empty when
    there is no choice. ``needs_person`` is whether staff must carry out the change. ``planned`` is the recurring
    amount already planned for the next period, ``None`` when the current one goes on.
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
    taxation: Taxation
    timing_options: tuple[When, ...]
    needs_person: bool
    planned: Money | None = None

    @cached_property
    def due_today(self) -> Money:
        """The amount payable today, with taxes and after account credit."""
        return self.total - self.credit_used

    @property
    def difference(self) -> Money:
        """The increase of the recurring amount before tax; negative for a lower plan."""
        return self.target.recurring - self.current.recurring

    @property
    def must_acknowledge(self) -> bool:
        """Whether the client must accept losing paid time: an immediate change to a lower amount on the same cycle."""
        is_lower = self.target.recurring < self.current.recurring
        return is_lower and self.decision is Decision.NOW and self.target.months == self.current.months > 0

    @property
    def renews_on(self) -> date | None:
        """The day of the next renewal after the change, ``None`` when nothing is billed then."""
        return self.next_due if self.target.is_paid else None

    @property
    def becomes_free(self) -> bool:
        """Whether nothing is billed any more after the change: there is then no due date and no renewal."""
        return becomes_free(self.current.recurring, self.target.recurring, self.target.cycle)

    @property
    def direction(self) -> Direction:
        """Upgrade or downgrade."""
        return direction(self.current, self.target)

    @cached_property
    def renewal_before(self) -> Money:
        """The next renewal without the change, taxes included, on the terms planned for it or else the current ones."""
        recurring = self.current.recurring if self.planned is None else self.planned
        return with_taxes(recurring, self.taxation, self.next_due or self.effective_on)

    @cached_property
    def renewal_after(self) -> Money:
        """The next renewal on the new terms, taxes included."""
        return with_taxes(self.target.recurring, self.taxation, self.next_due or self.effective_on)

    @cached_property
    def digest(self) -> str:
        """A hash of every figure and date, prefixed by the cents due today: equal only when all of them are equal.

        The confirmation form sends it back, so that a price that has changed since is detected.
        """
        figures: list[Any] = [
            *(_terms_key(terms, self.current.group) for terms in (self.current, self.target)),
            self.decision, self.effective_on, self.next_due, self.needs_person,
            [(line.code, line.amount.cents) for line in self.lines],
            [(tax.name, tax.percent, tax.amount.cents) for tax in self.taxes],
            self.total.cents, self.credit_used.cents,
            self.renewal_before.cents, self.renewal_after.cents,
        ]  # fmt: skip
        value = hashlib.sha256(json.dumps(figures, default=str).encode()).hexdigest()[:32]
        return f"{self.due_today.cents}-{value}"


def _terms_key(terms: Terms, group: str) -> list[Any]:
    """The terms, their plan named as from ``group``."""
    plan = terms.plan if terms.group == group else terms.key
    return [plan, terms.cycle, terms.recurring.cents, terms.recurring.currency, terms.quantity]


def amount_in_digest(digest: str, currency: str) -> Money | None:
    """Return the amount due of a quote's digest, ``None`` when the text is not a digest."""
    match = re.fullmatch(r"(\d{1,12})-[0-9a-f]{32}", digest, re.ASCII)
    return Money(int(match[1]), currency) if match else None


def with_taxes(net: Money, taxation: Taxation, on: date) -> Money:
    """Return ``net`` plus the taxes that apply on that day."""
    return sum((tax.amount for tax in taxes_on(net, taxation, on)), start=net)


def direction(current: Terms, target: Terms) -> Direction:
    """Compare the amounts paid in a year; a one-time price is compared as it is."""
    before = current.recurring.cents * (target.months or 1)
    after = target.recurring.cents * (current.months or 1)
    if after > before:
        return Direction.UPGRADE
    return Direction.DOWNGRADE if after < before else Direction.SAME


def service_refusal(service: PricingInput, on: date) -> Refusal | None:
    """Return why the service cannot change plan at all on the day ``on``, ``None`` when it can."""
    due = service.as_of(on).due
    reasons = (
        (not service.active, Refusal.NOT_ACTIVE),
        (service.cancelling, Refusal.CANCELLATION_REQUESTED),
        (service.changing, Refusal.CHANGE_UNDER_WAY),
        (service.unpaid, Refusal.UNPAID_INVOICE),
        (due is not None and due < on, Refusal.OVERDUE),
    )
    return next((refusal for applies, refusal in reasons if applies), None)


def terms_refusal(service: PricingInput, target: Terms) -> Refusal | None:
    """Return why ``target`` can never follow the terms of ``service``, ``None`` when it can.

    The currency cannot change, the plan or the cycle must differ, and what is billed each cycle cannot become a
    product that is paid once, nor the reverse.
    """
    current = service.terms
    is_paid_once = not service.recurs and current.is_paid
    switches = is_paid_once if target.months else service.recurs
    reasons = (
        (current.recurring.currency != target.recurring.currency, Refusal.OTHER_CURRENCY),
        ((current.key, current.cycle) == (target.key, target.cycle), Refusal.SAME_TERMS),
        (switches and target.is_paid, Refusal.NOT_PERMITTED),
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
    """Price the change of ``service`` to ``target`` on the day ``on``, by the rules of docs/pricing.md.

    ``when`` is the client's choice of timing, ``None`` for the default; ``charge`` the host's policy for upgrades.
    Raises ``BusinessError`` with the first reason that forbids the change, ``OverflowError`` when a date is outside the
    years 1 to 9999, and ``UnknownTaxRate`` when a rate of the day is not known.
    """
    if refusal := service_refusal(service, on) or terms_refusal(service, target):
        raise BusinessError(refusal)
    return price_change(service.as_of(on), target, on, when, charge, needs_person)


def price_change(
    service: PricingInput, target: Terms, on: date, when: When | None, charge: ChargePolicy, needs_person: bool
) -> Quote:
    """Price a change that nothing forbids, as ``quote`` does; ``service`` is as it stands on the day ``on``."""
    outcome = decide(service, target, on, when, charge)
    subtotal = sum((line.amount for line in outcome.lines), start=target.recurring.zero())
    taxes = taxes_on(subtotal, service.taxation, on)
    total = sum((tax.amount for tax in taxes), start=subtotal)
    return Quote(
        current=service.terms,
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
        taxation=service.taxation,
        timing_options=outcome.timing_options,
        needs_person=needs_person,
        planned=service.planned,
    )
