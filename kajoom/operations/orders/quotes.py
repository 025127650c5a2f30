"""Quotes for a client's service: the catalogue's prices and permitted moves, priced by ``domain.quote``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, cast

from kajoom.domain.catalog import CatalogGroup, CatalogPlan, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import FeatureChange, feature_changes
from kajoom.domain.money import Money
from kajoom.domain.quote import ChargePolicy, Quote, When, price_change, service_refusal, terms_refusal
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.saving import Saving
from kajoom.domain.terms import Terms
from kajoom.domain.usage import Fit, LimitChange
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.plans import (
    delay_of_offer,
    fit_of,
    is_by_person,
    is_listed,
    limits_of_change,
    move_to,
    recurring_of,
    saving_of,
    terms_on,
)


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
    current plan; ``saving`` is that of the billing cycle. ``delay`` is how long a move that a person makes takes,
    whatever the cycle; ``None`` for an automatic move.
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


class _Refused(NamedTuple):
    """Why a choice has no quote: what its ``BusinessError`` is made of, which grows each time that it is raised."""

    code: Refusal
    details: Mapping[str, object]


class Quotes:
    """The quotes of a service on the day of its snapshot: what they share is computed once, and so is each of them."""

    def __init__(self, service: ServiceSnapshot) -> None:
        self.service = service
        self.product_refusal = service.product_refusal
        self._facts = service.pricing_input().as_of(service.on)
        self._service_refusal = service_refusal(self._facts, service.on)
        self._by_default: dict[tuple[str, BillingCycle], Quote | _Refused] = {}
        self._offers: dict[BillingCycle, list[Offer]] = {}

    @property
    def blocked_reason(self) -> Refusal | None:
        """Why the service cannot change plan at all, ``None`` when it can."""
        return self._service_refusal or self.product_refusal

    def quote(self, choice: Choice) -> Quote:
        """The quote of a choice; ``BusinessError`` with the first reason why there is none."""
        priced = self._default(choice.plan, choice.cycle)
        if isinstance(priced, _Refused):
            raise BusinessError(priced.code, **priced.details)
        is_other_timing = choice.when in priced.timing_options[1:]
        return self._price(choice.plan, choice.cycle, choice.when) if is_other_timing else priced

    def offers(self, cycle: BillingCycle) -> list[Offer]:
        """The current plan and what is sold in the service's currency, each with its quote or refusal.

        That is every plan of its group, then those that the host permits of other groups.
        """
        if cycle not in self._offers:
            plans = (plan for group in self.service.groups for plan in group.plans if is_listed(self.service, plan))
            self._offers[cycle] = [self._offer(plan, cycle) for plan in plans]
        return self._offers[cycle]

    def groups(self, cycle: BillingCycle) -> list[CatalogGroup]:
        """The groups of the plans that are offered on a cycle: the current one, then the others."""
        offered = {offer.plan.group for offer in self.offers(cycle)}
        return [group for group in self.service.groups if group.code in offered]

    def charge(self, cycle: BillingCycle) -> ChargePolicy | None:
        """How all of these groups charge an upgrade, ``None`` where they differ."""
        policies = {group.charge for group in self.groups(cycle)}
        return policies.pop() if len(policies) == 1 else None

    def _default(self, name: str, cycle: BillingCycle) -> Quote | _Refused:
        """The quote of a plan at its default timing, or why there is none."""
        key = (name, cycle)
        if key not in self._by_default:
            try:
                self._by_default[key] = self._price(name, cycle, None)
            except BusinessError as error:
                self._by_default[key] = _Refused(cast(Refusal, error.code), error.details)
        return self._by_default[key]

    def _price(self, name: str, cycle: BillingCycle, when: When | None) -> Quote:
        if self._service_refusal is not None:
            raise BusinessError(self._service_refusal)
        service = self.service
        plan = service.catalog.plan_named(name, service.group.code)
        if plan is None:
            raise BusinessError(self.product_refusal or Refusal.UNKNOWN_PLAN)
        target = terms_on(service, plan, cycle)
        if refusal := self._plan_refusal(plan, cycle, target):
            raise BusinessError(refusal)
        if target is None:
            raise BusinessError(Refusal.CYCLE_NOT_OFFERED)
        fits = fit_of(service, plan)
        if fits.over and plan.id != service.plan.id:
            raise BusinessError(Refusal.OVER_LIMITS, over=fits.over, plan=plan)
        needs_person = is_by_person(service, plan, fits)
        charge = service.catalog.group_of(plan).charge
        return price_change(self._facts, target, service.on, when, charge, needs_person)

    def _plan_refusal(self, plan: CatalogPlan, cycle: BillingCycle, target: Terms | None) -> Refusal | None:
        """Why a service that can change cannot have a plan on a cycle, where ``target`` is ``None`` without a price.

        Another cycle of the current plan is permitted wherever its product permits changes.
        """
        service = self.service
        is_current = plan.id == service.plan.id
        is_permitted = self.product_refusal is None if is_current else move_to(service, plan) is not None
        if plan.prices and not plan.is_sold_in(service.terms.recurring.currency):
            return Refusal.OTHER_CURRENCY
        if is_current and cycle is service.terms.cycle:
            return Refusal.SAME_TERMS
        if not is_permitted or (target is not None and terms_refusal(self._facts, target) is not None):
            return Refusal.NOT_PERMITTED
        return Refusal.PLAN_WITHDRAWN if plan.withdrawn and not is_current else None

    def _offer(self, plan: CatalogPlan, cycle: BillingCycle) -> Offer:
        service = self.service
        name, fits = plan.name_from(service.group.code), fit_of(service, plan)
        priced = self._default(name, cycle)
        return Offer(
            plan=plan,
            name=name,
            is_current=plan.id == service.plan.id,
            price=recurring_of(service, plan, cycle),
            saving=saving_of(service, plan, cycle),
            fit=fits,
            limits=limits_of_change(service, plan),
            features=feature_changes(service.plan.features, plan.features),
            delay=delay_of_offer(service, plan, fits),
            quote=priced if isinstance(priced, Quote) else None,
            refusal=priced.code if isinstance(priced, _Refused) else None,
        )


@lru_cache(maxsize=128)
def quotes_of(service: ServiceSnapshot) -> Quotes:
    """The quotes of a service, the same ones as long as its snapshot is the same.

    A client previews, reviews and confirms what the list of plans has priced.
    """
    return Quotes(service)


def quote_change(service: ServiceSnapshot, choice: Choice) -> Quote:
    """The quote of a choice on the day of the snapshot; ``BusinessError`` with the first reason why there is none."""
    return quotes_of(service).quote(choice)


def suggested(listed: list[Offer]) -> Offer | None:
    """The plan preselected on the page: a recommended higher plan, else the next higher one, else any available.

    Levels compare the plans of one group, so a plan of another group is only among the available ones.
    """
    available = [offer for offer in listed if offer.quote is not None and not offer.is_current]
    current = next((offer.plan for offer in listed if offer.is_current), None)
    above = [offer for offer in available if current and _is_above(offer.plan, current)]
    recommended = [offer for offer in above if offer.plan.recommended]
    return next(iter([*recommended, *above, *available]), None)


def _is_above(plan: CatalogPlan, current: CatalogPlan) -> bool:
    return plan.group == current.group and plan.level > current.level
