"""Quotes for a client's service: the catalogue's prices and permitted moves, priced by ``domain.quote``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kajoom.domain.catalog import CatalogPlan, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import FeatureChange, feature_changes
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote, When, quote, service_refusal, terms_refusal
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.saving import Saving, saving
from kajoom.domain.terms import Terms
from kajoom.domain.usage import Fit, LimitChange, fit, limit_changes
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.billing.prices import price_of


@dataclass(frozen=True, slots=True)
class Choice:
    """What the client chose; ``when`` is ``None`` for the default timing."""

    plan: str
    cycle: BillingCycle
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as offered to a client: its price and its quote, or the reason why it cannot be chosen.

    ``limits`` and ``features`` are compared with those of the current plan; ``saving`` is that of the billing cycle.
    """

    plan: CatalogPlan
    is_current: bool
    price: Money | None
    saving: Saving | None
    fit: Fit
    limits: tuple[LimitChange, ...]
    features: tuple[FeatureChange, ...]
    delay: Translated | None
    quote: Quote | None = None
    refusal: StrEnum | None = None


def quote_change(service: ServiceSnapshot, choice: Choice, on: date) -> Quote:
    """The quote of a choice on the day ``on``; ``BusinessError`` with the first reason why there is none."""
    if refusal := service_refusal(service.pricing_input(on), on):
        raise BusinessError(refusal)
    plan = service.group.plan(choice.plan)
    if plan is None:
        raise BusinessError(service.product_refusal or Refusal.UNKNOWN_PLAN)
    target = _target(service, plan, choice.cycle)
    if refusal := _plan_refusal(service, plan, choice.cycle, target, on):
        raise BusinessError(refusal)
    if target is None:
        raise BusinessError(Refusal.CYCLE_NOT_OFFERED)
    fits = _fit(service, plan)
    if fits.over and plan.code != service.plan.code:
        raise BusinessError(Refusal.OVER_LIMITS, over=fits.over, plan=plan)
    move = service.plan.moves.get(plan.code)
    needs_person = (move is not None and (move.needs_person or service.changes_by_hand)) or not fits.known
    return quote(service.pricing_input(on), target, on, choice.when, service.group.charge, needs_person)


def offers(service: ServiceSnapshot, cycle: BillingCycle, on: date) -> list[Offer]:
    """The current plan and every plan of its group sold in the service's currency, each with its quote or refusal."""
    currency = service.terms.recurring.currency
    listed = (plan for plan in service.group.plans if plan.code == service.plan.code or _is_listed(plan, currency))
    return [_offer(service, plan, cycle, on) for plan in listed]


def suggested(listed: list[Offer]) -> Offer | None:
    """The plan preselected on the page: a recommended higher plan, else the next higher one, else any available."""
    available = [offer for offer in listed if offer.quote is not None and not offer.is_current]
    level = next((offer.plan.level for offer in listed if offer.is_current), 0)
    above = [offer for offer in available if offer.plan.level > level]
    recommended = [offer for offer in above if offer.plan.recommended]
    return next(iter([*recommended, *above, *available]), None)


def delay_of(service: ServiceSnapshot, plan: CatalogPlan) -> Translated:
    """The delay announced when a person must carry out the move to ``plan``."""
    move = service.plan.moves.get(plan.code)
    return (move.delay if move else None) or service.group.delay


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
    if (plan.code, cycle) == (service.plan.code, service.terms.cycle):
        return service.terms.recurring
    return price_of(service, plan, cycle, service.terms.quantity)


def _fit(service: ServiceSnapshot, plan: CatalogPlan) -> Fit:
    return fit(service.usage, plan.limits, service.plan.limits)


def _is_listed(plan: CatalogPlan, currency: str) -> bool:
    return not plan.withdrawn and plan.is_sold_in(currency)


def _offer(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle, on: date) -> Offer:
    offer = Offer(
        plan=plan,
        is_current=plan.code == service.plan.code,
        price=_recurring(service, plan, cycle),
        saving=saving_of(service, plan, cycle),
        fit=_fit(service, plan),
        limits=limit_changes(service.usage, service.plan.limits, plan.limits),
        features=feature_changes(service.plan.features, plan.features),
        delay=None,
    )
    try:
        priced = quote_change(service, Choice(plan.code, cycle), on)
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
    is_current = plan.code == service.plan.code
    is_permitted = service.permits_changes if is_current else plan.code in service.plan.moves
    by_terms = terms_refusal(service.pricing_input(on), target) if target else None
    reasons = (
        (bool(plan.prices) and not plan.is_sold_in(service.terms.recurring.currency), Refusal.OTHER_CURRENCY),
        (is_current and cycle is service.terms.cycle, Refusal.SAME_TERMS),
        (not is_permitted or by_terms is not None, Refusal.NOT_PERMITTED),
        (plan.withdrawn and not is_current, Refusal.PLAN_WITHDRAWN),
    )
    return next((refusal for applies, refusal in reasons if applies), None)
