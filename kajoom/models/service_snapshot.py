"""Everything that pages and quotes need of a service, read in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, select
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
from kajoom.models.credit import credit_cents_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.types import inline_code


class UnpaidRenewal(NamedTuple):
    """The renewal invoice of a service that must be paid first: the oldest one with a balance."""

    number: str
    balance: Money
    due_on: date


class OpenCancellation(NamedTuple):
    """The cancellation request of a service; ``effective_on`` is the first day without it."""

    reference: str
    effective_on: date


@dataclass(frozen=True, slots=True)
class ServiceSnapshot:
    """A client's service with its plan and what may block a change.

    ``open_order`` is a reference. It, ``open_cancellation`` and ``unpaid_renewal`` are ``None`` when there is none.
    ``credit`` is the client's account credit in the service's currency.
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
    open_cancellation: OpenCancellation | None
    unpaid_renewal: UnpaidRenewal | None

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


# Each subquery uses an index on the service, so the query stays fast whatever the number of rows.
_OPEN_ORDER: ColumnElement[str | None] = (
    select(Order.reference)
    .where(Order.service_id == Service.id, Order.status.in_([inline_code(status) for status in sorted(OPEN)]))
    .scalar_subquery()
)
_UNPAID = aliased(Invoice)
_UNPAID_RENEWAL_ID: ColumnElement[int | None] = (
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
        credit_cents_of(Service.client_id, Service.currency).label("credit"),
        _OPEN_ORDER.label("open_order"),
        Cancellation.reference.label("cancellation_reference"),
        Cancellation.effective_on.label("cancellation_effective_on"),
        _UNPAID.number.label("unpaid_number"),
        (_UNPAID.total_cents - _UNPAID.credit_cents - _UNPAID.paid_cents).label("unpaid_cents"),
        _UNPAID.currency.label("unpaid_currency"),
        _UNPAID.due_on.label("unpaid_due_on"),
        select(CatalogVersion.version).scalar_subquery().label("catalog_version"),
    )
    .join(Client, Client.id == Service.client_id)
    .outerjoin(
        Cancellation,
        and_(Cancellation.service_id == Service.id, Cancellation.status == inline_code(CancellationStatus.OPEN)),
    )
    .outerjoin(_UNPAID, _UNPAID.id == _UNPAID_RENEWAL_ID)
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
        open_cancellation=_open_cancellation(row),
        unpaid_renewal=_unpaid_renewal(row),
    )


def _open_cancellation(row: Any) -> OpenCancellation | None:
    if row.cancellation_reference is None:
        return None
    return OpenCancellation(row.cancellation_reference, row.cancellation_effective_on)


def _unpaid_renewal(row: Any) -> UnpaidRenewal | None:
    if row.unpaid_number is None:
        return None
    return UnpaidRenewal(row.unpaid_number, Money(row.unpaid_cents, row.unpaid_currency), row.unpaid_due_on)
