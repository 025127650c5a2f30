"""Everything that pages and quotes need of a service, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from kajoom.domain.catalog import Catalog, CatalogGroup, CatalogPlan
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.quote import PricingInput
from kajoom.domain.refusal import Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.tax import Taxation
from kajoom.domain.terms import NO_EXTRAS, Extras, Terms, due_date_on
from kajoom.domain.usage import combined_usage
from kajoom.models.cancellation import OpenCancellation, open_cancellation_from
from kajoom.models.catalog import catalog
from kajoom.models.client import taxation_of
from kajoom.models.measures import Measures, measures_of
from kajoom.models.service_row import SERVICE_ROW
from kajoom.models.terms_change import planned_amount
from kajoom.models.unpaid_renewal import UnpaidRenewal, unpaid_renewal_from


@dataclass(frozen=True, eq=False)
class ServiceSnapshot:
    """A client's service with its plan and what may block a change, as it stands on the day ``on``.

    ``due`` is the due date of that day: that of a service at 0.00 moves on by itself.
    ``open_order`` is a reference. It, ``open_cancellation`` and ``unpaid_renewal`` are ``None`` when there is none.
    ``measures`` says which amounts of the ``usage`` its panel measured, ``None`` when it measured none lately.
    ``extras`` are its options and its discount, ``planned`` is the recurring amount already set for its next period,
    ``taxation`` is which taxes its price has, and ``credit`` the client's account credit in the service's currency.
    ``values`` is all of that as it was read.

    What is read again on the same day and is the same is the same object, so that what was computed from it is known.
    """

    id: int
    on: date
    client_id: int
    plan: CatalogPlan
    group: CatalogGroup
    catalog: Catalog
    label: str
    username: str
    server: str
    status: ServiceStatus
    terms: Terms
    registered_on: date
    due: date | None
    anchor: int
    payment_method: str
    usage: dict[str, int | None] | None
    measures: Measures | None
    version: int
    taxation: Taxation
    credit: Money
    open_order: str | None
    open_cancellation: OpenCancellation | None
    unpaid_renewal: UnpaidRenewal | None
    extras: Extras = NO_EXTRAS
    planned: Money | None = None
    values: Sequence[object] = field(default=(), repr=False, compare=False)

    def pricing_input(self) -> PricingInput:
        """The facts that a quote depends on."""
        return PricingInput(
            terms=self.terms,
            due=self.due,
            anchor=self.anchor,
            taxation=self.taxation,
            credit=self._usable_credit(),
            active=self.status is ServiceStatus.ACTIVE,
            cancelling=self.open_cancellation is not None,
            changing=self.open_order is not None,
            unpaid=self._must_pay_first(),
            planned=self.planned,
        )

    def _must_pay_first(self) -> bool:
        """Whether the open renewal blocks a change; one for a period that has begun always does."""
        renewal = self.unpaid_renewal
        return renewal is not None and (renewal.blocks(self.on) or renewal.period_start < self.on)

    def _usable_credit(self) -> Money:
        """The account credit, with what the confirmation of a change gives back by voiding the open renewal."""
        renewal = self.unpaid_renewal
        return self.credit if renewal is None or self._must_pay_first() else self.credit + renewal.given_back

    @cached_property
    def product_refusal(self) -> Refusal | None:
        """Return why the product has no change to offer this service whatever its state, ``None`` when it has one."""
        reachable = [plan for group in self.groups for plan in group.reachable_from(self.plan)]
        currency = self.terms.recurring.currency
        plans = [plan for plan in (self.plan, *reachable) if plan.prices]
        if plans and not any(plan.is_sold_in(currency) for plan in plans):
            return Refusal.OTHER_CURRENCY
        return None if reachable else Refusal.NOT_PERMITTED

    @cached_property
    def groups(self) -> tuple[CatalogGroup, ...]:
        """The groups whose plans may follow the current one: its own, then the others that the host permits."""
        return self.catalog.groups_from(self.plan)

    @cached_property
    def cycles(self) -> tuple[BillingCycle, ...]:
        """The cycles on which these groups are sold in the service's currency, the shortest first."""
        return self.catalog.cycles_from(self.plan, self.terms.recurring.currency)

    @property
    def changes_by_hand(self) -> bool:
        """Whether no panel is connected on its server, so that a person at the host makes each change of plan."""
        return self.catalog.server(self.server).is_by_hand

    @cached_property
    def is_taxed(self) -> bool:
        """Whether taxes are added to the client's prices: pages speak of taxes only then."""
        return self.taxation.is_taxed

    @property
    def permits_changes(self) -> bool:
        """Whether there is something to change to; the upgrade button is shown only then."""
        return self.product_refusal is None


def service_snapshot_of(client_id: int, service_id: int, on: date) -> ServiceSnapshot | None:
    """Return the snapshot of a client's service as it stands on the day ``on``.

    ``None`` when it does not exist or belongs to another client.
    """
    row = SERVICE_ROW.first(service_id=service_id, client_id=client_id)
    return None if row is None else _snapshot(_Read(row, on, catalog(row.catalog_version or 0)))


class _Read(NamedTuple):
    """All that a snapshot follows from: the row, the day on which it was read, and the catalogue of its version."""

    row: Any
    on: date
    catalog: Catalog

    def __hash__(self) -> int:
        return hash((self.row.id, self.on))  # the usage in the row has no hash; equality compares all


@lru_cache(maxsize=128)
def _snapshot(read: _Read) -> ServiceSnapshot:
    """The snapshot of a row. The last ones are kept: the requests of a client who chooses a plan read the same row."""
    row, on, current = read
    plan = current.plans[row.plan_id]
    recurring, cycle = Money(row.recurring_cents, row.currency), BillingCycle(row.cycle)
    measures = measures_of(row.measured_usage, row.measured_at, on)
    return ServiceSnapshot(
        id=row.id,
        on=on,
        client_id=row.client_id,
        plan=plan,
        group=current.group_of(plan),
        catalog=current,
        label=row.label,
        username=row.username,
        server=row.server,
        status=row.status,
        terms=Terms(plan.code, plan.group, cycle, recurring, row.quantity),
        registered_on=row.registered_on,
        due=due_date_on(on, row.next_due_date, recurring, cycle, row.anchor_day),
        anchor=row.anchor_day,
        payment_method=row.payment_method,
        usage=combined_usage(row.usage, row.measured_usage if measures else None),
        measures=measures,
        version=row.version,
        taxation=taxation_of(row.province, row.country, row.tax_exempt, current.registered),
        credit=Money(row.credit, row.currency),
        open_order=row.open_order,
        open_cancellation=open_cancellation_from(row),
        unpaid_renewal=unpaid_renewal_from(row),
        extras=Extras(row.options_cents, row.discount_cents),
        planned=planned_amount(row, cycle),
        values=row,
    )
