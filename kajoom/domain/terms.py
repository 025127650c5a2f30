"""The terms of a service: what the client pays, and for which plan and cycle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from kajoom.domain.cycle import BillingCycle, first_due_from
from kajoom.domain.money import Money


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan on a cycle at a recurring amount: the current terms of a service, or those of a change.

    ``recurring`` is before tax, for one cycle and the whole ``quantity``, with options and recurring discounts; for a
    one-time product it is the price. Raises ``ValueError`` for a negative amount or a quantity below 1.
    """

    plan: str
    group: str
    cycle: BillingCycle
    recurring: Money
    quantity: int = 1

    def __post_init__(self) -> None:
        if self.recurring.cents < 0 or self.quantity < 1:
            raise ValueError(f"invalid terms: quantity {self.quantity}, recurring amount {self.recurring}")

    @property
    def key(self) -> str:
        """The plan among those of all groups: "group/plan"."""
        return f"{self.group}/{self.plan}"

    @property
    def months(self) -> int:
        """The length of the cycle in months; 0 for free and one-time products."""
        return self.cycle.months

    @property
    def is_paid(self) -> bool:
        """Whether these terms have a price above zero."""
        return bool(self.recurring)


@dataclass(frozen=True, slots=True)
class Extras:
    """What a service has besides its plan, in cents of each cycle for the whole quantity, before tax.

    ``options`` are added to the price of the plan and ``discount`` is taken off it; a change of plan carries both over.
    """

    options: int = 0
    discount: int = 0

    def __bool__(self) -> bool:
        return bool(self.options or self.discount)

    def carried(self, before: BillingCycle, after: BillingCycle) -> Extras:
        """The same on another cycle: each total in proportion to the months, rounded half up.

        A product without a cycle has no length to compare with: its totals stay as they are.
        """
        if before is after or not before.months:
            return self
        share = Fraction(after.months, before.months)
        return Extras((Money(self.options) * share).cents, (Money(self.discount) * share).cents)

    def in_currency(self, currency: str) -> tuple[Money, Money]:
        """The options, and the discount as an amount below zero."""
        return Money(self.options, currency), Money(-self.discount, currency)

    def added_to(self, price: Money) -> Money:
        """The recurring amount of a plan at ``price`` for the whole quantity, never below zero."""
        return Money(max(price.cents + self.options - self.discount, 0), price.currency)


NO_EXTRAS = Extras()


def becomes_free(before: Money, after: Money, cycle: BillingCycle) -> bool:
    """Whether nothing recurs any more once ``before`` is replaced by ``after`` on ``cycle``: there is then no due date.

    A price of zero that stays zero on a cycle keeps its due date.
    """
    return not after and (bool(before) or not cycle.months)


def due_date_on(day: date, due: date | None, recurring: Money, cycle: BillingCycle, anchor: int) -> date | None:
    """Return the due date of a service as it stands on ``day``.

    Nothing is billed for a service at 0.00, so that its due date moves on by itself, by whole cycles: it is never
    before ``day``. Any other due date is returned as it is.
    """
    if due is None or recurring or not cycle.months:
        return due
    return first_due_from(day, due, cycle.months, anchor)
