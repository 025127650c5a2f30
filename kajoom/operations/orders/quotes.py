"""Quotes for a client's service: the catalogue's prices and permitted moves, priced by ``domain.quote``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kajoom.domain.catalog import CatalogPlan, PermittedMove, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import FeatureChange, feature_changes
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote, When, quote, service_refusal, terms_refusal
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.saving import Saving, saving
from kajoom.domain.terms import Terms
from kajoom.domain.usage import Fit, LimitChange, between_groups, fit, limit_changes
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.billing.prices import price_of


@dataclass(frozen=True, slots=True)
class Choice:
    """What the client chose: the plan by its code, or by "group/code" in another group than the service's.

    ``when`` is ``None`` for the default timing.
    """

    plan: str
    cycle: BillingCycle
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as offered to a client: its price and its quote, or the reason why it cannot be chosen.

    ``name`` is how the client's choice names the plan. ``limits`` and ``features`` are compared with those of the
    current plan; ``saving`` is that of the billing cycle.
    """

    plan: CatalogPlan
    name: str
    is_current: bool
    price: Money | None
    saving: Saving | None
    fit: Fit
    limits: tuple[LimitChange, ...]
    features: tuple[FeatureChange, ...]
    delay: Translated | None
    quote: Quote | None = None
    refusal: StrEnum | None = None

    @property
    def key(self) -> str:
        """What the ids of its elements end with; codes have no capital, so no plan's code looks like it."""
        return self.name.replace("/", "-X-")


def quote_change(service: ServiceSnapshot, choice: Choice, on: date) -> Quote:
    """The quote of a choice on the day ``on``; ``BusinessError`` with the first reason why there is none."""
    if refusal := service_refusal(service.pricing_input(on), on):
        raise BusinessError(refusal)
    plan = service.catalog.plan_named(choice.plan, service.group.code)
    if plan is None:
        raise BusinessError(service.product_refusal or Refusal.UNKNOWN_PLAN)
    target = _target(service, plan, choice.cycle)
    if refusal := _plan_refusal(service, plan, choice.cycle, target, on):
        raise BusinessError(refusal)
    if target is None:
        raise BusinessError(Refusal.CYCLE_NOT_OFFERED)
    fits = _fit(service, plan)
    if fits.over and plan.id != service.plan.id:
        raise BusinessError(Refusal.OVER_LIMITS, over=fits.over, plan=plan)
    move = _move(service, plan)
    needs_person = (move is not None and (move.needs_person or service.changes_by_hand)) or not fits.known
    charge = service.catalog.group_of(plan).charge
    return quote(service.pricing_input(on), target, on, choice.when, charge, needs_person)


def offers(service: ServiceSnapshot, cycle: BillingCycle, on: date) -> list[Offer]:
    """The current plan and what is sold in the service's currency, each with its quote or refusal.

    That is every plan of its group, then those that the host permits of other groups.
    """
    plans = (plan for group in service.groups for plan in group.plans if _is_listed(service, plan))
    return [_offer(service, plan, cycle, on) for plan in plans]


def suggested(listed: list[Offer]) -> Offer | None:
    """The plan preselected on the page: a recommended higher plan, else the next higher one, else any available.

    Levels compare the plans of one group, so a plan of another group is only among the available ones.
    """
    available = [offer for offer in listed if offer.quote is not None and not offer.is_current]
    current = next((offer.plan for offer in listed if offer.is_current), None)
    above = [offer for offer in available if current and _is_above(offer.plan, current)]
    recommended = [offer for offer in above if offer.plan.recommended]
    return next(iter([*recommended, *above, *available]), None)


def delay_of(service: ServiceSnapshot, plan: CatalogPlan) -> Translated:
    """The delay announced when a person must carry out the move to ``plan``."""
    move = _move(service, plan)
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
    price = _recurring(service, plan, cycle)
    own = service.terms.cycle
    sold = {code for code, currency in plan.prices if currency == service.terms.recurring.currency and code.months}
    others = [own] if own.months and _recurring(service, plan, own) else sorted(sold, key=lambda code: code.months)[:1]
    shorter = _recurring(service, plan, others[0]) if others else None
    return saving(price, cycle, shorter, others[0]) if price is not None and shorter is not None else None


def _recurring(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Money | None:
    """What the client pays for a plan on a cycle: for the current terms their own price, not today's list."""
    if (plan.id, cycle) == (service.plan.id, service.terms.cycle):
        return service.terms.recurring
    return price_of(service, plan, cycle, service.terms.quantity)


def _fit(service: ServiceSnapshot, plan: CatalogPlan) -> Fit:
    return fit(service.usage, plan.limits, service.plan.limits)


def _move(service: ServiceSnapshot, plan: CatalogPlan) -> PermittedMove | None:
    return service.plan.moves.get(plan.name_from(service.group.code))


def _is_listed(service: ServiceSnapshot, plan: CatalogPlan) -> bool:
    if plan.id == service.plan.id:
        return True
    is_sold = not plan.withdrawn and plan.is_sold_in(service.terms.recurring.currency)
    return is_sold and (plan.group == service.group.code or _move(service, plan) is not None)


def _is_above(plan: CatalogPlan, current: CatalogPlan) -> bool:
    return plan.group == current.group and plan.level > current.level


def _offer(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle, on: date) -> Offer:
    offer = Offer(
        plan=plan,
        name=plan.name_from(service.group.code),
        is_current=plan.id == service.plan.id,
        price=_recurring(service, plan, cycle),
        saving=saving_of(service, plan, cycle),
        fit=_fit(service, plan),
        limits=limits_of_change(service, plan),
        features=feature_changes(service.plan.features, plan.features),
        delay=None,
    )
    try:
        priced = quote_change(service, Choice(offer.name, cycle), on)
    except BusinessError as error:
        return replace(offer, refusal=error.code)
    return replace(offer, quote=priced, delay=delay_of(service, plan) if priced.needs_person else None)


def _target(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Terms | None:
    """The terms of a plan at today's price, ``None`` when it is not sold on this cycle in the service's currency."""
    quantity = service.terms.quantity
    price = price_of(service, plan, cycle, quantity)
    return Terms(plan.code, plan.group, cycle, price, quantity) if price is not None else None


def _plan_refusal(
    service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle, target: Terms | None, on: date
) -> Refusal | None:
    """Why a service that can change cannot have a plan on a cycle; ``target`` is ``None`` when it has no price there.

    Another cycle of the current plan is permitted wherever its product permits changes.
    """
    is_current = plan.id == service.plan.id
    is_permitted = service.permits_changes if is_current else _move(service, plan) is not None
    by_terms = terms_refusal(service.pricing_input(on), target) if target else None
    reasons = (
        (bool(plan.prices) and not plan.is_sold_in(service.terms.recurring.currency), Refusal.OTHER_CURRENCY),
        (is_current and cycle is service.terms.cycle, Refusal.SAME_TERMS),
        (not is_permitted or by_terms is not None, Refusal.NOT_PERMITTED),
        (plan.withdrawn and not is_current, Refusal.PLAN_WITHDRAWN),
    )
    return next((refusal for applies, refusal in reasons if applies), None)
