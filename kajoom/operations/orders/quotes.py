"""Quotes for a client's service: the catalogue's prices and permitted moves, priced by ``domain.quote``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kajoom.domain.catalog import CatalogGroup, CatalogPlan, PermittedMove, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import FeatureChange, feature_changes
from kajoom.domain.money import Money
from kajoom.domain.quote import ChargePolicy, Quote, When, price_change, service_refusal, terms_refusal
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


class Quotes:
    """The quotes of a service on one day: what they share is computed once, and so is each of them."""

    def __init__(self, service: ServiceSnapshot, on: date) -> None:
        self.service = service
        self.on = on
        self.product_refusal = service.product_refusal
        self._facts = service.pricing_input(on).as_of(on)
        self._service_refusal = service_refusal(self._facts, on)
        self._by_default: dict[tuple[str, BillingCycle], Quote | BusinessError] = {}
        self._offers: dict[BillingCycle, list[Offer]] = {}

    @property
    def blocked_reason(self) -> Refusal | None:
        """Why the service cannot change plan at all, ``None`` when it can."""
        return self._service_refusal or self.product_refusal

    def quote(self, choice: Choice) -> Quote:
        """The quote of a choice; ``BusinessError`` with the first reason why there is none."""
        priced = self._default(choice.plan, choice.cycle)
        if isinstance(priced, BusinessError):
            raise priced
        is_other_timing = choice.when in priced.timing_options[1:]
        return self._price(choice.plan, choice.cycle, choice.when) if is_other_timing else priced

    def offers(self, cycle: BillingCycle) -> list[Offer]:
        """The current plan and what is sold in the service's currency, each with its quote or refusal.

        That is every plan of its group, then those that the host permits of other groups.
        """
        if cycle not in self._offers:
            plans = (plan for group in self.service.groups for plan in group.plans if _is_listed(self.service, plan))
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

    def _default(self, name: str, cycle: BillingCycle) -> Quote | BusinessError:
        """The quote of a plan at its default timing, or why there is none."""
        key = (name, cycle)
        if key not in self._by_default:
            try:
                self._by_default[key] = self._price(name, cycle, None)
            except BusinessError as error:
                self._by_default[key] = error
        return self._by_default[key]

    def _price(self, name: str, cycle: BillingCycle, when: When | None) -> Quote:
        if self._service_refusal is not None:
            raise BusinessError(self._service_refusal)
        service = self.service
        plan = service.catalog.plan_named(name, service.group.code)
        if plan is None:
            raise BusinessError(self.product_refusal or Refusal.UNKNOWN_PLAN)
        target = _target(service, plan, cycle)
        if refusal := self._plan_refusal(plan, cycle, target):
            raise BusinessError(refusal)
        if target is None:
            raise BusinessError(Refusal.CYCLE_NOT_OFFERED)
        fits = _fit(service, plan)
        if fits.over and plan.id != service.plan.id:
            raise BusinessError(Refusal.OVER_LIMITS, over=fits.over, plan=plan)
        needs_person = _needs_person(service, plan, fits)
        charge = service.catalog.group_of(plan).charge
        return price_change(self._facts, target, self.on, when, charge, needs_person)

    def _plan_refusal(self, plan: CatalogPlan, cycle: BillingCycle, target: Terms | None) -> Refusal | None:
        """Why a service that can change cannot have a plan on a cycle, where ``target`` is ``None`` without a price.

        Another cycle of the current plan is permitted wherever its product permits changes.
        """
        service = self.service
        is_current = plan.id == service.plan.id
        is_permitted = self.product_refusal is None if is_current else _move(service, plan) is not None
        if plan.prices and not plan.is_sold_in(service.terms.recurring.currency):
            return Refusal.OTHER_CURRENCY
        if is_current and cycle is service.terms.cycle:
            return Refusal.SAME_TERMS
        if not is_permitted or (target is not None and terms_refusal(self._facts, target) is not None):
            return Refusal.NOT_PERMITTED
        return Refusal.PLAN_WITHDRAWN if plan.withdrawn and not is_current else None

    def _offer(self, plan: CatalogPlan, cycle: BillingCycle) -> Offer:
        service = self.service
        name, fits = plan.name_from(service.group.code), _fit(service, plan)
        priced = self._default(name, cycle)
        return Offer(
            plan=plan,
            name=name,
            is_current=plan.id == service.plan.id,
            price=_recurring(service, plan, cycle),
            saving=saving_of(service, plan, cycle),
            fit=fits,
            limits=limits_of_change(service, plan),
            features=feature_changes(service.plan.features, plan.features),
            delay=_delay_of_offer(service, plan, fits),
            quote=priced if isinstance(priced, Quote) else None,
            refusal=priced.code if isinstance(priced, BusinessError) else None,
        )


def quote_change(service: ServiceSnapshot, choice: Choice, on: date) -> Quote:
    """The quote of a choice on the day ``on``; ``BusinessError`` with the first reason why there is none."""
    return Quotes(service, on).quote(choice)


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


def _needs_person(service: ServiceSnapshot, plan: CatalogPlan, fits: Fit) -> bool:
    move = _move(service, plan)
    return (move is not None and (move.needs_person or service.changes_by_hand)) or not fits.known


def _delay_of_offer(service: ServiceSnapshot, plan: CatalogPlan, fits: Fit) -> Translated | None:
    """The delay of a move that can be made, also where another cycle must be chosen for it."""
    can_move = _move(service, plan) is not None and not plan.withdrawn and not fits.over
    return delay_of(service, plan) if can_move and _needs_person(service, plan, fits) else None


def _target(service: ServiceSnapshot, plan: CatalogPlan, cycle: BillingCycle) -> Terms | None:
    """The terms of a plan at today's price, ``None`` when it is not sold on this cycle in the service's currency."""
    quantity = service.terms.quantity
    price = price_of(service, plan, cycle, quantity)
    return Terms(plan.code, plan.group, cycle, price, quantity) if price is not None else None
