"""What a client saves by paying for a longer cycle at once, exact to the cent."""

from __future__ import annotations

from dataclasses import dataclass

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money


@dataclass(frozen=True, slots=True)
class Saving:
    """An amount before tax saved in each ``cycle``; ``months`` is how many months it pays, 0 unless they are whole."""

    amount: Money
    cycle: BillingCycle
    months: int


def saving(price: Money, cycle: BillingCycle, shorter: Money, shorter_cycle: BillingCycle) -> Saving | None:
    """What ``price`` for a cycle saves against paying ``shorter`` in each of the shorter cycles.

    ``None`` when it saves nothing, when the other cycle is not shorter, and when the amount is not in whole cents.
    """
    if not 0 < shorter_cycle.months < cycle.months:
        return None
    # Multiplied by the months of the shorter cycle, so that whole numbers are exact.
    saved = shorter.cents * cycle.months - price.cents * shorter_cycle.months
    if saved <= 0 or saved % shorter_cycle.months:
        return None
    months, rest = divmod(saved, shorter.cents)
    return Saving(Money(saved // shorter_cycle.months, price.currency), cycle, 0 if rest else months)
