"""Terms are what a client pays and for what: the same value describes what is held and what is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan on a cycle at a recurring amount.

    ``recurring`` is before tax, for one cycle and for the whole ``quantity``: options added, recurring discounts
    taken off. For a one-time product it is the price paid once. ``ValueError`` for less
    than nothing, or for none.
    """

    plan: str
    group: str
    cycle: BillingCycle
    recurring: Money
    quantity: int = 1

    def __post_init__(self) -> None:
        if self.recurring.cents < 0 or self.quantity < 1:
            raise ValueError(f"not terms anyone can hold: a quantity of {self.quantity}, {self.recurring} each cycle")

    @property
    def months(self) -> int:
        """The length of the cycle in months; 0 where nothing recurs."""
        return self.cycle.months

    @property
    def is_free(self) -> bool:
        """Nothing is ever billed for these terms."""
        return not self.recurring
