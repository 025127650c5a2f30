"""The row that the snapshot of a service is made of, read by one statement."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import aliased

from kajoom.domain.cancellation import CancellationStatus
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.payment import OPEN as UNSETTLED
from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import CatalogVersion
from kajoom.models.client import Client
from kajoom.models.credit import credit_cents_of
from kajoom.models.invoice import Invoice, unpaid_cents
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.order import IS_OPEN, Order
from kajoom.models.payment import Attempt
from kajoom.models.service import Service
from kajoom.models.types import inline_code

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
_ROW = (
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
SERVICE_ROW = KeptStatement(lambda: _ROW)
"""The row of a service by ``service_id`` and ``client_id``."""
