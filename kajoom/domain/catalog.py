"""The catalogue as values: what is sold, at what price, and which moves are permitted between plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.payment_method import BUILT_IN, PaymentMethod
from kajoom.domain.quote import ChargePolicy

Translated = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PermittedMove:
    """A change the host permits; ``delay`` is announced where a person must carry it out."""

    needs_person: bool
    delay: Translated | None


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """A plan as it is sold today: one unit's price, before tax, for each cycle and currency."""

    id: int
    code: str
    name: Translated
    title: Translated
    description: Translated
    features: tuple[Translated, ...]
    level: int
    recommended: bool
    withdrawn: bool
    limits: Mapping[str, int | None]
    package: str
    group: str
    prices: Mapping[tuple[BillingCycle, str], Money]
    moves: Mapping[str, PermittedMove]

    def price(self, cycle: BillingCycle, currency: str, quantity: int = 1) -> Money | None:
        """The recurring amount of ``quantity`` units, or ``None`` where the host does not sell it so."""
        unit = self.prices.get((cycle, currency))
        return unit * quantity if unit is not None else None

    def sold_in(self, currency: str) -> bool:
        """Whether the plan has any price in this currency."""
        return any(code == currency for _, code in self.prices)


@dataclass(frozen=True, slots=True)
class CatalogGroup:
    """Plans in order of level, and how an upgrade between them is charged."""

    code: str
    name: Translated
    charge: ChargePolicy
    delay: Translated
    plans: tuple[CatalogPlan, ...]

    def plan(self, code: str) -> CatalogPlan | None:
        """The plan of this code, or ``None``."""
        return next((plan for plan in self.plans if plan.code == code), None)

    def reachable_from(self, plan: CatalogPlan) -> tuple[CatalogPlan, ...]:
        """The other plans the host permits a move to, those withdrawn left out."""
        return tuple(other for other in self.plans if other.code in plan.moves and not other.withdrawn)

    def cycles(self, currency: str) -> tuple[BillingCycle, ...]:
        """The cycles any plan on sale has a price for, the shortest first."""
        sold = {cycle for plan in self.plans if not plan.withdrawn for cycle, code in plan.prices if code == currency}
        return tuple(cycle for cycle in BillingCycle if cycle in sold)


@dataclass(frozen=True, slots=True)
class CatalogBanner:
    """A promotion, its texts in both languages, the days it runs (inclusive) and the groups that see it."""

    code: str
    title: Translated
    text: Translated
    link_label: Translated
    link: Translated
    valid_from: date | None
    valid_until: date | None
    groups: tuple[str, ...]

    def shown(self, group: str, on: date) -> bool:
        """Whether a holder of a product of ``group`` sees it that day; no group named means all."""
        begun = self.valid_from is None or self.valid_from <= on
        running = self.valid_until is None or on <= self.valid_until
        return begun and running and (not self.groups or group in self.groups)


@dataclass(frozen=True, slots=True)
class Catalog:
    """One load of the host's file; ``version`` tells it from every other."""

    version: int
    groups: Mapping[str, CatalogGroup] = field(default_factory=dict)
    plans: Mapping[int, CatalogPlan] = field(default_factory=dict)
    banners: tuple[CatalogBanner, ...] = ()
    seller: Mapping[str, Any] = field(default_factory=dict)
    offline: tuple[PaymentMethod, ...] = ()

    def group_of(self, plan: CatalogPlan) -> CatalogGroup:
        """The group a plan is sold in."""
        return self.groups[plan.group]

    @property
    def payment_methods(self) -> Mapping[str, PaymentMethod]:
        """Every payment method by its code: the built-in ones, then those that only this catalogue has."""
        return {**BUILT_IN, **{method.code: method for method in self.offline}}

    def offline_for(self, usual: str, offered: Collection[str]) -> tuple[PaymentMethod, ...]:
        """The offline methods to show first: the client's ``usual`` one, or all where no provider is ``offered``."""
        chosen = tuple(method for method in self.offline if method.code == usual)
        return chosen if chosen or offered else self.offline

    def banner(self, group: str, on: date) -> CatalogBanner | None:
        """The first promotion for this group that day."""
        return next((banner for banner in self.banners if banner.shown(group, on)), None)
