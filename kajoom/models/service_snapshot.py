"""Everything that pages and quotes need of a service, read in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import aliased

from kajoom.domain.cancellation import CancellationStatus
from kajoom.domain.catalog import Catalog, CatalogGroup, CatalogPlan
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.payment import OPEN as UNSETTLED
from kajoom.domain.quote import PricingInput
from kajoom.domain.refusal import Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.tax import Taxation
from kajoom.domain.terms import NO_EXTRAS, Extras, Terms, due_date_on
from kajoom.domain.usage import combined_usage
from kajoom.models.cancellation import Cancellation, OpenCancellation, open_cancellation_from
from kajoom.models.catalog import CatalogVersion, catalog
from kajoom.models.client import Client, taxation_of
from kajoom.models.credit import credit_cents_of
from kajoom.models.invoice import Invoice, unpaid_cents
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.measures import Measures, measures_of
from kajoom.models.order import IS_OPEN, Order
from kajoom.models.payment import Attempt
from kajoom.models.service import Service
from kajoom.models.terms_change import planned_amount
from kajoom.models.types import inline_code
from kajoom.models.unpaid_renewal import UnpaidRenewal, unpaid_renewal_from


@dataclass(frozen=True)
class ServiceSnapshot:
    """A client's service with its plan and what may block a change.

    ``due`` is the due date as it stands on the day of the snapshot: that of a service at 0.00 moves on by itself.
    ``open_order`` is a reference. It, ``open_cancellation`` and ``unpaid_renewal`` are ``None`` when there is none.
    ``measures`` says which amounts of the ``usage`` its panel measured, ``None`` when it measured none lately.
    ``extras`` are its options and its discount, ``planned`` is the recurring amount already set for its next period,
    ``taxation`` is which taxes its price has, and ``credit`` the client's account credit in the service's currency.
    ``values`` is all of that as it was read.
    """

    id: int
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

    def pricing_input(self, on: date) -> PricingInput:
        """The facts that a quote of the day ``on`` depends on."""
        return PricingInput(
            terms=self.terms,
            due=self.due,
            anchor=self.anchor,
            taxation=self.taxation,
            credit=self._usable_credit(on),
            active=self.status is ServiceStatus.ACTIVE,
            cancelling=self.open_cancellation is not None,
            changing=self.open_order is not None,
            unpaid=self._must_pay_first(on),
            planned=self.planned,
        )

    def _must_pay_first(self, on: date) -> bool:
        """Whether the open renewal blocks a change; one for a period that has begun always does."""
        renewal = self.unpaid_renewal
        return renewal is not None and (renewal.blocks(on) or renewal.period_start < on)

    def _usable_credit(self, on: date) -> Money:
        """The account credit, with what the confirmation of a change gives back by voiding the open renewal."""
        renewal = self.unpaid_renewal
        return self.credit if renewal is None or self._must_pay_first(on) else self.credit + renewal.given_back

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

    @property
    def is_taxed(self) -> bool:
        """Whether taxes are added to the client's prices: pages speak of taxes only then."""
        return self.taxation.is_taxed

    @property
    def permits_changes(self) -> bool:
        """Whether there is something to change to; the upgrade button is shown only then."""
        return self.product_refusal is None


# Each subquery uses an index on the service, so the query stays fast whatever the number of rows.
_OPEN_ORDER: ColumnElement[str | None] = (
    select(Order.reference).where(Order.service_id == Service.id, IS_OPEN).scalar_subquery()
)
_UNPAID = aliased(Invoice)
_IS_BEING_PAID: ColumnElement[bool] = (
    select(Attempt.id)
    .where(
        Attempt.invoice_id == _UNPAID.id,
        Attempt.status.in_([inline_code(status) for status in sorted(UNSETTLED)]),
        Attempt.approve_url == "",
    )
    .exists()
)
UNPAID_RENEWAL_ID: ColumnElement[int | None] = (
    select(Invoice.id)
    .where(
        Invoice.service_id == Service.id,
        Invoice.kind == inline_code(InvoiceKind.RENEWAL),
        Invoice.status == inline_code(InvoiceStatus.OPEN),
    )
    .order_by(Invoice.due_on, Invoice.id)
    .limit(1)
    .scalar_subquery()
)
"""The oldest renewal of a service that is to be paid."""
_SNAPSHOT = (
    select(
        Service.id,
        Service.client_id,
        Service.plan_id,
        Service.label,
        Service.username,
        Service.server,
        Service.status,
        Service.cycle,
        Service.currency,
        Service.recurring_cents,
        Service.options_cents,
        Service.discount_cents,
        Service.next_terms,
        Service.quantity,
        Service.registered_on,
        Service.next_due_date,
        Service.anchor_day,
        Service.payment_method,
        Service.usage,
        Service.measured_usage,
        Service.measured_at,
        Service.version,
        Client.province,
        Client.country,
        Client.tax_exempt,
        credit_cents_of(Service.client_id, Service.currency).label("credit"),
        _OPEN_ORDER.label("open_order"),
        Cancellation.reference.label("cancellation_reference"),
        Cancellation.effective_on.label("cancellation_effective_on"),
        _UNPAID.number.label("unpaid_number"),
        unpaid_cents(_UNPAID).label("unpaid_cents"),
        _UNPAID.currency.label("unpaid_currency"),
        _UNPAID.due_on.label("unpaid_due_on"),
        _UNPAID.period_start.label("unpaid_period_start"),
        _UNPAID.period_end.label("unpaid_period_end"),
        _UNPAID.credit_cents.label("unpaid_credit_cents"),
        _UNPAID.paid_cents.label("unpaid_received_cents"),
        _IS_BEING_PAID.label("unpaid_is_being_paid"),
        _UNPAID.suspends_on.label("unpaid_suspends_on"),
        Service.lifts_when_paid,
        select(CatalogVersion.version).scalar_subquery().label("catalog_version"),
    )
    .join(Client, Client.id == Service.client_id)
    .outerjoin(
        Cancellation,
        and_(Cancellation.service_id == Service.id, Cancellation.status == inline_code(CancellationStatus.OPEN)),
    )
    .outerjoin(_UNPAID, _UNPAID.id == UNPAID_RENEWAL_ID)
    .where(Service.id == bindparam("service_id"), Service.client_id == bindparam("client_id"))
)
_KEPT_SNAPSHOT = KeptStatement(lambda: _SNAPSHOT)


def service_snapshot_of(client_id: int, service_id: int, on: date) -> ServiceSnapshot | None:
    """Return the snapshot of a client's service as it stands on the day ``on``.

    ``None`` when it does not exist or belongs to another client.
    """
    row = _KEPT_SNAPSHOT.first(service_id=service_id, client_id=client_id)
    if row is None:
        return None
    current = catalog(row.catalog_version or 0)
    plan = current.plans[row.plan_id]
    recurring, cycle = Money(row.recurring_cents, row.currency), BillingCycle(row.cycle)
    measures = measures_of(row.measured_usage, row.measured_at, on)
    return ServiceSnapshot(
        id=row.id,
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
