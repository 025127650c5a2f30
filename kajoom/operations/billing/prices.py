"""What a service would be billed for a plan of the catalogue."""

from __future__ import annotations

from kajoom.domain.catalog import CatalogPlan
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.models.service_snapshot import ServiceSnapshot


def price_of(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle, quantity: int) -> Money | None:
    """What a service would be billed each cycle for a plan at today's price, its options and discount carried over.

    ``None`` when the plan is not sold on this cycle in the service's currency.
    """
    terms = service.terms
    price = plan.price(cycle, terms.recurring.currency, quantity)
    if price is None or not service.extras:
        return price
    return service.extras.carried(terms.cycle, cycle).added_to(price)
