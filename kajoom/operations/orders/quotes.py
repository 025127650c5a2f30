"""What each plan would cost this client today: the catalogue and the service gathered, the domain asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from kajoom.domain.catalog import CatalogPlan, PermittedMove, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote, When, quote
from kajoom.domain.refusal import Refusal, Refused
from kajoom.domain.terms import Terms
from kajoom.domain.usage import Fit, LimitChange, fit, limit_changes
from kajoom.models.service_snapshot import Held


@dataclass(frozen=True, slots=True)
class Choice:
    """What the client chose; ``when`` is ``None`` for the rule's own default."""

    plan: str
    cycle: BillingCycle
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is offered to this client: its price and quote, or why it cannot be had."""

    plan: CatalogPlan
    is_current: bool
    price: Money | None
    fit: Fit
    limits: tuple[LimitChange, ...]
    delay: Translated | None
    quote: Quote | None = None
    refusal: Refusal | None = None


def quote_change(held: Held, choice: Choice, on: date) -> Quote:
    """The quote of one choice on the day ``on``; ``Refused`` with the first reason found."""
    hindrance = held.hindrance(on)
    if hindrance:
        raise Refused(hindrance)
    plan = held.group.plan(choice.plan)
    if plan is None:
        raise Refused(Refusal.UNKNOWN_PLAN)
    move = _move(held, plan)
    fits = _fit(held, plan)
    priced = quote(
        held.holding,
        Terms(plan.code, plan.group, choice.cycle, _price(held, plan, choice.cycle), held.terms.quantity),
        on,
        choice.when,
        held.group.charge,
        needs_person=move.needs_person or not fits.known,
    )
    if fits.over and plan.code != held.plan.code:
        raise Refused(Refusal.OVER_LIMITS, over=fits.over, plan=plan)
    return priced


def offers(held: Held, cycle: BillingCycle, on: date) -> list[Offer]:
    """Every plan of the group that is sold in the service's currency, each with its own quote or refusal."""
    currency = held.terms.recurring.currency
    listed = (plan for plan in held.group.plans if plan.code == held.plan.code or _is_listed(plan, currency))
    return [_offer(held, plan, cycle, on) for plan in listed]


def suggested(listed: list[Offer]) -> Offer | None:
    """The plan a page opens on: the one the host recommends, else the next one up, else any that can be had."""
    open_to_client = [offer for offer in listed if offer.quote is not None and not offer.is_current]
    level = next((offer.plan.level for offer in listed if offer.is_current), 0)
    above = [offer for offer in open_to_client if offer.plan.level > level]
    recommended = [offer for offer in above if offer.plan.recommended]
    return next(iter([*recommended, *above, *open_to_client]), None)


def delay_of(held: Held, plan: CatalogPlan) -> Translated:
    """The delay announced when a person must carry out the move to ``plan``."""
    move = held.plan.moves.get(plan.code)
    return (move.delay if move else None) or held.group.delay


def _fit(held: Held, plan: CatalogPlan) -> Fit:
    return fit(held.usage, plan.limits, held.plan.limits)


def _is_listed(plan: CatalogPlan, currency: str) -> bool:
    return not plan.withdrawn and plan.sold_in(currency)


def _offer(held: Held, plan: CatalogPlan, cycle: BillingCycle, on: date) -> Offer:
    offer = Offer(
        plan=plan,
        is_current=plan.code == held.plan.code,
        price=plan.price(cycle, held.terms.recurring.currency, held.terms.quantity),
        fit=_fit(held, plan),
        limits=limit_changes(held.usage, held.plan.limits, plan.limits),
        delay=None,
    )
    try:
        priced = quote_change(held, Choice(plan.code, cycle), on)
    except Refused as refused:
        return replace(offer, refusal=refused.reason)
    return replace(offer, quote=priced, delay=delay_of(held, plan) if priced.needs_person else None)


def _move(held: Held, plan: CatalogPlan) -> PermittedMove:
    """The permission for a move; another cycle of the same plan is one wherever the product permits changes."""
    if plan.code == held.plan.code and held.permits_changes:
        return PermittedMove(needs_person=False, delay=None)
    if plan.withdrawn:
        raise Refused(Refusal.PLAN_WITHDRAWN)
    move = held.plan.moves.get(plan.code)
    if move is None:
        raise Refused(Refusal.NOT_PERMITTED)
    return move


def _price(held: Held, plan: CatalogPlan, cycle: BillingCycle) -> Money:
    currency = held.terms.recurring.currency
    price = plan.price(cycle, currency, held.terms.quantity)
    if price is None:
        if (plan.code, cycle) == (held.plan.code, held.terms.cycle):
            raise Refused(Refusal.SAME_TERMS)
        raise Refused(Refusal.CYCLE_NOT_OFFERED if plan.sold_in(currency) else Refusal.OTHER_CURRENCY)
    return price
