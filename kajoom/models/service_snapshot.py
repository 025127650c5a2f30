"""Everything that pages and quotes need of a service, read in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import aliased

from kajoom.domain.cancellation import CancellationStatus
from kajoom.domain.catalog import Catalog, CatalogGroup, CatalogPlan
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OPEN
from kajoom.domain.quote import PricingInput, service_refusal
from kajoom.domain.refusal import Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.terms import Terms
from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import CatalogVersion, catalog
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.types import inline_code


@dataclass(frozen=True, slots=True)
class ServiceSnapshot:
    """A client's service with its plan and what may block a change.

    ``open_order`` and ``open_cancellation`` are references and ``unpaid_renewal`` is an invoice number, ``None`` when
    there is none. ``credit`` is the client's account credit in the service's currency.
    """

    id: int
    client_id: int
    plan: CatalogPlan
    group: CatalogGroup
    catalog: Catalog
    label: str
    username: str
    status: ServiceStatus
    terms: Terms
    registered_on: date
    due: date | None
    anchor: int
    payment_method: str
    usage: dict[str, int | None] | None
    version: int
    province: str
    credit: Money
    open_order: str | None
    open_cancellation: str | None
    unpaid_renewal: str | None

    @property
    def pricing_input(self) -> PricingInput:
        """The facts that a quote depends on."""
        return PricingInput(
            terms=self.terms,
            due=self.due,
            anchor=self.anchor,
            province=self.province,
            credit=self.credit,
            active=self.status is ServiceStatus.ACTIVE,
            cancelling=self.open_cancellation is not None,
            changing=self.open_order is not None,
            unpaid=self.unpaid_renewal is not None,
        )

    def blocked_reason(self, on: date) -> Refusal | None:
        """Return why the service cannot change plan at all on the day ``on``, ``None`` when it can."""
        return service_refusal(self.pricing_input, on) if self.permits_changes else Refusal.NOT_PERMITTED

    @property
    def permits_changes(self) -> bool:
        """Whether there is another plan to change to; the upgrade button is shown only then."""
        return bool(self.group.reachable_from(self.plan))


_ENTRY = aliased(CreditEntry)

# Each subquery uses an index on the service, so the query stays fast whatever the number of rows.
_OPEN_ORDER: ColumnElement[str | None] = (
    select(Order.reference)
    .where(Order.service_id == Service.id, Order.status.in_([inline_code(status) for status in sorted(OPEN)]))
    .scalar_subquery()
)
_OPEN_CANCELLATION: ColumnElement[str | None] = (
    select(Cancellation.reference)
    .where(Cancellation.service_id == Service.id, Cancellation.status == inline_code(CancellationStatus.OPEN))
    .scalar_subquery()
)
_UNPAID_RENEWAL: ColumnElement[str | None] = (
    select(Invoice.number)
    .where(
        Invoice.service_id == Service.id,
        Invoice.kind == inline_code(InvoiceKind.RENEWAL),
        Invoice.status == inline_code(InvoiceStatus.OPEN),
    )
    .order_by(Invoice.due_on, Invoice.id)
    .limit(1)
    .scalar_subquery()
)
_CREDIT: ColumnElement[int] = (
    select(func.coalesce(func.sum(_ENTRY.cents), 0))
    .where(_ENTRY.client_id == Service.client_id, _ENTRY.currency == Service.currency)
    .scalar_subquery()
)
# Built once with bound parameters: building and caching the statement on each call costs more than running it.
_SNAPSHOT = (
    select(
        Service.id,
        Service.client_id,
        Service.plan_id,
        Service.label,
        Service.username,
        Service.status,
        Service.cycle,
        Service.currency,
        Service.recurring_cents,
        Service.quantity,
        Service.registered_on,
        Service.next_due_date,
        Service.anchor_day,
        Service.payment_method,
        Service.usage,
        Service.version,
        Client.province,
        Client.country,
        _CREDIT.label("credit"),
        _OPEN_ORDER.label("open_order"),
        _OPEN_CANCELLATION.label("open_cancellation"),
        _UNPAID_RENEWAL.label("unpaid_renewal"),
        select(CatalogVersion.version).scalar_subquery().label("catalog_version"),
    )
    .join(Client, Client.id == Service.client_id)
    .where(Service.id == bindparam("service_id"), Service.client_id == bindparam("client_id"))
)


def service_snapshot_of(client_id: int, service_id: int) -> ServiceSnapshot | None:
    """Return the snapshot of a client's service, ``None`` when it does not exist or belongs to another client."""
    row = db.session.connection().execute(_SNAPSHOT, {"service_id": service_id, "client_id": client_id}).one_or_none()
    if row is None:
        return None
    current = catalog(row.catalog_version or 0)
    plan = current.plans[row.plan_id]
    recurring = Money(row.recurring_cents, row.currency)
    return ServiceSnapshot(
        id=row.id,
        client_id=row.client_id,
        plan=plan,
        group=current.group_of(plan),
        catalog=current,
        label=row.label,
        username=row.username,
        status=row.status,
        terms=Terms(plan.code, plan.group, BillingCycle(row.cycle), recurring, row.quantity),
        registered_on=row.registered_on,
        due=row.next_due_date,
        anchor=row.anchor_day,
        payment_method=row.payment_method,
        usage=row.usage,
        version=row.version,
        province=row.province if row.country == "CA" else "",
        credit=Money(row.credit, row.currency),
        open_order=row.open_order,
        open_cancellation=row.open_cancellation,
        unpaid_renewal=row.unpaid_renewal,
    )
