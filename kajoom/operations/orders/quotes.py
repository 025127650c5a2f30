"""Quotes for a client's service: the catalogue's prices and permitted moves, priced by ``domain.quote``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from kajoom.domain.catalog import CatalogPlan, PermittedMove, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote, When, quote
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.terms import Terms
from kajoom.domain.usage import Fit, LimitChange, fit, limit_changes
from kajoom.models.service_snapshot import ServiceSnapshot


@dataclass(frozen=True, slots=True)
class Choice:
    """What the client chose; ``when`` is ``None`` for the default timing."""

    plan: str
    cycle: BillingCycle
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as offered to a client: its price and its quote, or the reason why it cannot be chosen."""

    plan: CatalogPlan
    is_current: bool
    price: Money | None
    fit: Fit
    limits: tuple[LimitChange, ...]
    delay: Translated | None
    quote: Quote | None = None
    refusal: StrEnum | None = None


def quote_change(service: ServiceSnapshot, choice: Choice, on: date) -> Quote:
    """The quote of a choice on the day ``on``; ``BusinessError`` with the first reason why there is none."""
    blocked_reason = service.blocked_reason(on)
    if blocked_reason:
        raise BusinessError(blocked_reason)
    plan = service.group.plan(choice.plan)
    if plan is None:
        raise BusinessError(Refusal.UNKNOWN_PLAN)
    move = _move(service, plan)
    fits = _fit(service, plan)
    priced = quote(
        service.pricing_input(on),
        Terms(plan.code, plan.group, choice.cycle, _price(service, plan, choice.cycle), service.terms.quantity),
        on,
        choice.when,
        service.group.charge,
        needs_person=move.needs_person or not fits.known,
    )
    if fits.over and plan.code != service.plan.code:
        raise BusinessError(Refusal.OVER_LIMITS, over=fits.over, plan=plan)
    return priced


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


def _fit(service: ServiceSnapshot, plan: CatalogPlan) -> Fit:
    return fit(service.usage, plan.limits, service.plan.limits)


def _is_listed(plan: CatalogPlan, currency: str) -> bool:
    return not plan.withdrawn and plan.is_sold_in(currency)


def _offer(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle, on: date) -> Offer:
    listed = plan.price(cycle, service.terms.recurring.currency, service.terms.quantity)
    is_billed = (plan.code, cycle) == (service.plan.code, service.terms.cycle)  # at its own price, not today's list
    offer = Offer(
        plan=plan,
        is_current=plan.code == service.plan.code,
        price=service.terms.recurring if is_billed else listed,
        fit=_fit(service, plan),
        limits=limit_changes(service.usage, service.plan.limits, plan.limits),
        delay=None,
    )
    try:
        priced = quote_change(service, Choice(plan.code, cycle), on)
    except BusinessError as error:
        return replace(offer, refusal=error.code)
    return replace(offer, quote=priced, delay=delay_of(service, plan) if priced.needs_person else None)


def _move(service: ServiceSnapshot, plan: CatalogPlan) -> PermittedMove:
    """The permitted move to a plan; another cycle of the same plan is one wherever the product permits changes."""
    if plan.code == service.plan.code and service.permits_changes:
        return PermittedMove(needs_person=False, delay=None)
    if plan.withdrawn:
        raise BusinessError(Refusal.PLAN_WITHDRAWN)
    move = service.plan.moves.get(plan.code)
    if move is None:
        raise BusinessError(Refusal.NOT_PERMITTED)
    return move


def _price(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Money:
    currency = service.terms.recurring.currency
    price = plan.price(cycle, currency, service.terms.quantity)
    if price is None:
        if (plan.code, cycle) == (service.plan.code, service.terms.cycle):
            raise BusinessError(Refusal.SAME_TERMS)
        raise BusinessError(Refusal.CYCLE_NOT_OFFERED if plan.is_sold_in(currency) else Refusal.OTHER_CURRENCY)
    return price
