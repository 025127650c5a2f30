"""What a plan of the catalogue is to a service: whether it is offered to it, its price, its limits and its delay."""

from __future__ import annotations

from kajoom.domain.catalog import CatalogPlan, PermittedMove, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.saving import Saving, saving
from kajoom.domain.terms import Terms
from kajoom.domain.usage import Fit, LimitChange, between_groups, fit, limit_changes
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.billing.prices import price_of


def delay_of(service: ServiceSnapshot, plan: CatalogPlan) -> Translated:
    """The delay announced when a person must carry out the move to ``plan``."""
    move = move_to(service, plan)
    return (move.delay if move else None) or service.catalog.group_of(plan).delay


def limits_of_change(service: ServiceSnapshot, plan: CatalogPlan) -> tuple[LimitChange, ...]:
    """The limits of the current plan and of ``plan``, compared."""
    compared = limit_changes(service.usage, service.plan.limits, plan.limits)
    if plan.group == service.group.code:
        return compared
    return between_groups(compared, service.group.limits, service.catalog.group_of(plan).limits)


def saving_of(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Saving | None:
    """What a plan costs less on a longer cycle than on the client's own, or ``None``.

    Where the plan is not sold on the client's own cycle, it is compared with the shortest one it is sold on.
    """
    price = recurring_of(service, plan, cycle)
    own = service.terms.cycle
    sold = {code for code, currency in plan.prices if currency == service.terms.recurring.currency and code.months}
    others = (
        [own] if own.months and recurring_of(service, plan, own) else sorted(sold, key=lambda code: code.months)[:1]
    )
    shorter = recurring_of(service, plan, others[0]) if others else None
    return saving(price, cycle, shorter, others[0]) if price is not None and shorter is not None else None


def recurring_of(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Money | None:
    """What the client pays for a plan on a cycle: for the current terms their own price, not today's list."""
    if (plan.id, cycle) == (service.plan.id, service.terms.cycle):
        return service.terms.recurring
    return price_of(service, plan, cycle, service.terms.quantity)


def fit_of(service: ServiceSnapshot, plan: CatalogPlan) -> Fit:
    """Whether the usage of a service fits a plan."""
    return fit(service.usage, plan.limits, service.plan.limits)


def move_to(service: ServiceSnapshot, plan: CatalogPlan) -> PermittedMove | None:
    """The move from the current plan to another one, ``None`` when the host does not permit it."""
    return service.plan.moves.get(plan.name_from(service.group.code))


def is_listed(service: ServiceSnapshot, plan: CatalogPlan) -> bool:
    """Whether a plan is the current one, or one that is sold to this service."""
    if plan.id == service.plan.id:
        return True
    is_sold = not plan.withdrawn and plan.is_sold_in(service.terms.recurring.currency)
    return is_sold and (plan.group == service.group.code or move_to(service, plan) is not None)


def is_by_person(service: ServiceSnapshot, plan: CatalogPlan, fits: Fit) -> bool:
    """Whether a person makes the move to a plan, into which the usage ``fits`` or does not."""
    move = move_to(service, plan)
    return (move is not None and (move.needs_person or service.changes_by_hand)) or not fits.known


def delay_of_offer(service: ServiceSnapshot, plan: CatalogPlan, fits: Fit) -> Translated | None:
    """The delay of a move that can be made, also where another cycle must be chosen for it."""
    can_move = move_to(service, plan) is not None and not plan.withdrawn and not fits.over
    return delay_of(service, plan) if can_move and is_by_person(service, plan, fits) else None


def terms_on(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Terms | None:
    """The terms of a plan at today's price, ``None`` when it is not sold on this cycle in the service's currency."""
    quantity = service.terms.quantity
    price = price_of(service, plan, cycle, quantity)
    return Terms(plan.code, plan.group, cycle, price, quantity) if price is not None else None
