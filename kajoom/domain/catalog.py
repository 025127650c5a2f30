"""The product catalogue as immutable values: groups, plans, prices, permitted plan changes and banners."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from kajoom.domain.brand import Brand
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import Feature
from kajoom.domain.invoice import InvoiceNumbering
from kajoom.domain.money import Money
from kajoom.domain.payment_method import BUILT_IN, PaymentMethod
from kajoom.domain.quote import ChargePolicy
from kajoom.domain.renewal_policy import RenewalPolicy
from kajoom.domain.server import MANUAL, Server, server_named
from kajoom.domain.tax import TaxName, registered_taxes
from kajoom.domain.unpaid import UnpaidPolicy

Translated = Mapping[str, str]

GroupIcon = Literal["server", "globe", "page", "shield", "mail", "cloud", "database", "lock"]
"""The icons that a product group may have, each a symbol of ``static/icons.svg``."""


@dataclass(frozen=True, slots=True)
class PermittedMove:
    """A plan change the host permits; ``delay`` is the usual delay shown when staff must carry it out."""

    needs_person: bool
    delay: Translated | None


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """A plan on sale. ``prices`` holds the recurring amount of one unit, before tax, by cycle and currency.

    ``limits`` maps a resource to its limit (``None``: unlimited), ``package`` is the panel's name for the plan and
    ``moves`` the permitted changes by the target plan's name (``name_from``). ``other_groups`` are the groups, besides
    its own, that it may be left for.
    """

    id: int
    code: str
    name: Translated
    title: Translated
    description: Translated
    features: tuple[Feature, ...]
    level: int
    recommended: bool
    withdrawn: bool
    limits: Mapping[str, int | None]
    package: str
    group: str
    prices: Mapping[tuple[BillingCycle, str], Money]
    moves: Mapping[str, PermittedMove]
    other_groups: tuple[str, ...] = ()

    def name_from(self, group: str) -> str:
        """The plan as a service of ``group`` names it: its code, or "group/code" where it is of another group."""
        return self.code if self.group == group else f"{self.group}/{self.code}"

    def price(self, cycle: BillingCycle, currency: str, quantity: int = 1) -> Money | None:
        """Return the recurring amount of ``quantity`` units before tax, ``None`` when the plan is not sold that way."""
        unit = self.prices.get((cycle, currency))
        return unit if unit is None or quantity == 1 else unit * quantity

    def is_sold_in(self, currency: str) -> bool:
        """Whether the plan has a price in this currency."""
        return any(code == currency for _, code in self.prices)


@dataclass(frozen=True, slots=True)
class CatalogGroup:
    """Plans a client may move between, by level; ``charge`` is how an upgrade to one of them is charged.

    ``on_end`` says what is deleted once a service has ended, and when; ``None`` where the host says nothing. ``icon``
    is a ``GroupIcon``.
    """

    code: str
    name: Translated
    charge: ChargePolicy
    delay: Translated
    plans: tuple[CatalogPlan, ...]
    on_end: Translated | None = None
    icon: str = "server"

    @property
    def limits(self) -> frozenset[str]:
        """The limits that any of its plans has."""
        return frozenset(limit for plan in self.plans for limit in plan.limits)

    def plan(self, code: str) -> CatalogPlan | None:
        """Return the plan with this code, or ``None``."""
        return next((plan for plan in self.plans if plan.code == code), None)

    def reachable_from(self, plan: CatalogPlan) -> tuple[CatalogPlan, ...]:
        """Return the plans a client may change to from ``plan``, without those withdrawn from sale."""
        return tuple(other for other in self.plans if other.name_from(plan.group) in plan.moves and not other.withdrawn)

    def cycles(self, currency: str) -> tuple[BillingCycle, ...]:
        """Return the cycles in which at least one plan of the group is on sale, the shortest first."""
        sold = {cycle for plan in self.plans if not plan.withdrawn for cycle, code in plan.prices if code == currency}
        return tuple(cycle for cycle in BillingCycle if cycle in sold)


@dataclass(frozen=True, slots=True)
class CatalogBanner:
    """A promotion in both languages, shown from ``valid_from`` to ``valid_until`` inclusive (``None``: no bound).

    ``groups`` are the codes of the product groups that show it; empty means all.
    """

    code: str
    title: Translated
    text: Translated
    link_label: Translated
    link: Translated
    valid_from: date | None
    valid_until: date | None
    groups: tuple[str, ...]

    def is_shown(self, group: str, on: date) -> bool:
        """Whether services of ``group`` show the banner on the day ``on``."""
        has_started = self.valid_from is None or self.valid_from <= on
        has_not_ended = self.valid_until is None or on <= self.valid_until
        return has_started and has_not_ended and (not self.groups or group in self.groups)


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """One loaded version of the host's catalogue file, plans by their database id. One that is loaded again is another.

    ``seller`` holds the seller's name, address and tax numbers as printed on invoices; ``staff_emails`` are the
    addresses that are written to when a person is needed, in the language ``staff_locale``. Without a ``numbering``
    the numbers of invoices begin again each year (2026-0001). ``panel_without_server`` carries out the changes of
    services where there are no ``servers``.
    """

    version: int
    groups: Mapping[str, CatalogGroup] = field(default_factory=dict)
    plans: Mapping[int, CatalogPlan] = field(default_factory=dict)
    banners: tuple[CatalogBanner, ...] = ()
    seller: Mapping[str, Any] = field(default_factory=dict)
    brand: Brand = field(default_factory=Brand)
    offline: tuple[PaymentMethod, ...] = ()
    staff_emails: tuple[str, ...] = ()
    staff_locale: str = "fr"
    numbering: InvoiceNumbering | None = None
    servers: Mapping[str, Server] = field(default_factory=dict)
    panel_without_server: str = MANUAL
    unpaid: UnpaidPolicy = field(default_factory=UnpaidPolicy)
    renewals: RenewalPolicy = field(default_factory=RenewalPolicy)

    def server(self, name: str) -> Server:
        """The server that a service names, or the default one for an empty name."""
        return server_named(name, self.servers, self.panel_without_server)

    def group_of(self, plan: CatalogPlan) -> CatalogGroup:
        """Return the group the plan belongs to."""
        return self.groups[plan.group]

    def plan_named(self, name: str, group: str) -> CatalogPlan | None:
        """The plan that a service of ``group`` names "code", or "group/code" in another one; ``None`` without one."""
        other, _, code = name.rpartition("/")
        found = self.groups.get(other or group)
        return found.plan(code) if found else None

    def groups_from(self, plan: CatalogPlan) -> tuple[CatalogGroup, ...]:
        """The groups whose plans may follow this one: its own, then the others that the host permits."""
        return (self.groups[plan.group], *(self.groups[code] for code in plan.other_groups))

    def cycles_from(self, plan: CatalogPlan, currency: str) -> tuple[BillingCycle, ...]:
        """The cycles on which a plan of ``groups_from`` is on sale, the shortest first."""
        groups = self.groups_from(plan)
        sold = {cycle for group in groups for cycle in group.cycles(currency)}
        return (
            tuple(cycle for cycle in BillingCycle if cycle in sold) if len(groups) > 1 else groups[0].cycles(currency)
        )

    def highest_price(self, group: str, currency: str) -> int:
        """The highest price, in cents for one unit, of the plans that may follow one of this group; 0 without any."""
        codes = {code for plan in self.groups[group].plans for code in (group, *plan.other_groups)}
        plans = (plan for code in codes for plan in self.groups[code].plans)
        prices = (price.cents for plan in plans for (_, sold_in), price in plan.prices.items() if sold_in == currency)
        return max(prices, default=0)

    def names(self, before: CatalogPlan, after: CatalogPlan) -> tuple[Translated, Translated]:
        """The names of two plans, each with its group where they are of two groups."""
        if before.group == after.group:
            return before.name, after.name
        old, new = (with_group(plan.name, self.groups[plan.group].name) for plan in (before, after))
        return old, new

    @property
    def registered(self) -> frozenset[TaxName]:
        """The taxes that the seller collects, by its registration numbers."""
        return registered_taxes(self.seller)

    @property
    def payment_methods(self) -> Mapping[str, PaymentMethod]:
        """Every payment method by its code: the built-in ones, then those that only this catalogue has."""
        return {**BUILT_IN, **{method.code: method for method in self.offline}}

    def offline_for(self, usual: str, offered: Collection[str]) -> tuple[PaymentMethod, ...]:
        """The offline methods to show first: the client's ``usual`` one, or all where no provider is ``offered``."""
        chosen = tuple(method for method in self.offline if method.code == usual)
        return chosen if chosen or offered else self.offline

    def banner(self, group: str, on: date) -> CatalogBanner | None:
        """Return the first banner shown for this group on that day, or ``None``."""
        return next((banner for banner in self.banners if banner.is_shown(group, on)), None)


def with_group(plan: Translated, group: Translated) -> Translated:
    """The name of a plan with that of its group: "VPS 2 (Virtual Servers)"."""
    return {language: f"{name} ({group[language]})" for language, name in plan.items()}
