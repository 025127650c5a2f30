"""The terms of a service: what the client pays, and for which plan and cycle."""

from __future__ import annotations

from dataclasses import dataclass

from kajoom.domain.cycle import BillingCycle
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
    def months(self) -> int:
        """The length of the cycle in months; 0 for free and one-time products."""
        return self.cycle.months

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever billed for these terms."""
        return not self.recurring
