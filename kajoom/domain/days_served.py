"""The days of an upgrade that were not served: what must be credited when it became operational after it was priced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import ChargePolicy, PricingInput, When, decide
from kajoom.domain.money import Money
from kajoom.domain.tax import Taxation
from kajoom.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class ProratedUpgrade:
    """An upgrade within a cycle, charged by the days left, as its order froze it.

    ``before`` and ``after`` are the recurring amounts of one cycle before tax, for the whole quantity. ``due`` and
    ``anchor`` are those of the service on the day the change was priced; cycles paid ahead follow from them. Raises
    ``ValueError`` for a cycle that does not recur: such a change is not charged by the day.
    """

    before: Money
    after: Money
    cycle: BillingCycle
    due: date
    anchor: int

    def __post_init__(self) -> None:
        if not self.cycle.months:
            raise ValueError(f"not charged by the day: {self.cycle}")

    def charge_on(self, day: date) -> Money:
        """Return what the upgrade costs before tax when it is in force from ``day``: nothing from the due date on."""
        if day >= self.due:
            return self.after.zero()
        service = PricingInput(self._terms(self.before), self.due, self.anchor, Taxation(""), self.after.zero())
        outcome = decide(service, self._terms(self.after), day, When.NOW, ChargePolicy.PRORATED)
        return sum((line.amount for line in outcome.lines), start=self.after.zero())

    def credit(self, priced_on: date, in_force_on: date) -> Money:
        """Return the charge, before tax, of the days from ``priced_on`` on which the upgrade was not yet in force."""
        return max(self.charge_on(priced_on) - self.charge_on(in_force_on), self.after.zero())

    def _terms(self, recurring: Money) -> Terms:
        return Terms("", "", self.cycle, recurring)
