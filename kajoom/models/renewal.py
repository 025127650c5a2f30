"""Queries of renewal invoices and of the services to renew."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_, bindparam, not_, or_, select, tuple_
from sqlalchemy.orm import joinedload

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.payment import OPEN
from kajoom.domain.service import ServiceStatus
from kajoom.models.cancellation import IS_OPEN_REQUEST, Cancellation
from kajoom.models.credit import credit_cents_of
from kajoom.models.db import db
from kajoom.models.invoice import IS_LIVE_RENEWAL, Invoice
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.order import IS_OPEN, Order
from kajoom.models.payment import Attempt
from kajoom.models.service import Service

BILLED = (ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED)
"""The statuses of services that are renewed; a suspended service keeps its resources and is still billed."""

IS_INVOICED_HERE = or_(Service.invoiced_until.is_(None), Service.invoiced_until <= Service.next_due_date)
"""Whether the next period of a service is not one that the system before this one has invoiced."""

_IS_UNPAID = and_(Invoice.kind == InvoiceKind.RENEWAL, Invoice.status == InvoiceStatus.OPEN)


class RenewalCursor(NamedTuple):
    """A position in the list of services to renew: the due date and the id of the last one read."""

    due: date
    service_id: int


def services_to_renew(until: date, after: RenewalCursor | None, limit: int) -> list[RenewalCursor]:
    """Return up to ``limit`` services after ``after`` that are due by ``until`` and must be renewed, by due date.

    Services whose next period is already invoiced, or that end on or before their due date, are left out.
    """
    ends = select(Cancellation.id).where(
        Cancellation.service_id == Service.id,
        IS_OPEN_REQUEST,
        Cancellation.effective_on <= Service.next_due_date,
    )
    billed = select(Invoice.id).where(
        Invoice.service_id == Service.id, IS_LIVE_RENEWAL, Invoice.period_start == Service.next_due_date
    )
    query = select(Service.next_due_date, Service.id).where(
        Service.next_due_date <= until, Service.status.in_(BILLED), ~billed.exists(), ~ends.exists(), IS_INVOICED_HERE
    )
    if after is not None:
        query = query.where(tuple_(Service.next_due_date, Service.id) > after)
    rows = db.session.execute(query.order_by(Service.next_due_date, Service.id).limit(limit))
    return [RenewalCursor(due, service_id) for due, service_id in rows if due is not None]


def services_apart(ids: Collection[int]) -> frozenset[int]:
    """Return which of some services have a change or an end under way, a renewal that blocks the next, or credit."""
    of_service = Invoice.service_id == Service.id
    blocks = or_(_IS_UNPAID, and_(IS_LIVE_RENEWAL, Invoice.period_start == Service.next_due_date))
    conditions = (
        select(Order.id).where(Order.service_id == Service.id, IS_OPEN).exists(),
        select(Cancellation.id).where(Cancellation.service_id == Service.id, IS_OPEN_REQUEST).exists(),
        select(Invoice.id).where(of_service, blocks).exists(),
        credit_cents_of(Service.client_id, Service.currency) > 0,
    )
    query = select(Service.id).where(Service.id.in_(ids), or_(*conditions))
    return frozenset(db.session.scalars(query))


def blocking_renewal_of(service_id: int, due: date) -> Invoice | None:
    """Return the renewal that prevents issuing one for ``due``: of the same period, or unpaid; ``None`` without one."""
    blocks = or_(_IS_UNPAID, and_(IS_LIVE_RENEWAL, Invoice.period_start == due))
    return db.session.scalars(select(Invoice).where(Invoice.service_id == service_id, blocks)).first()


def unpaid_renewals_of(service_id: int, since: date = date.min) -> list[Invoice]:
    """Return the unpaid renewals of a service for periods that start on ``since`` or later."""
    query = select(Invoice).where(Invoice.service_id == service_id, _IS_UNPAID, Invoice.period_start >= since)
    return list(db.session.scalars(query.order_by(Invoice.period_start)))


def renewals_since(service_id: int, since: date) -> list[Invoice]:
    """Return the renewals of a service, paid or not, for periods that start on ``since`` or later."""
    query = select(Invoice).where(Invoice.service_id == service_id, IS_LIVE_RENEWAL, Invoice.period_start >= since)
    return list(db.session.scalars(query.order_by(Invoice.period_start)))


def paid_renewals_since(service_id: int, since: date) -> list[Invoice]:
    """Return the paid renewals of a service for periods that start on ``since`` or later."""
    return [invoice for invoice in renewals_since(service_id, since) if invoice.status is InvoiceStatus.PAID]


def renewals_with_terms_of(order_id: int) -> list[Invoice]:
    """Return the renewals, paid or not, issued on the terms of an order, latest period first."""
    query = select(Invoice).where(Invoice.order_id == order_id, IS_LIVE_RENEWAL).options(joinedload(Invoice.service))
    return list(db.session.scalars(query.order_by(Invoice.period_start.desc())))


def is_renewal_voided(service_id: int, due: date) -> bool:
    """Whether a renewal of the period that begins on ``due`` was issued and then voided or credited in full."""
    is_void = and_(Invoice.kind == InvoiceKind.RENEWAL, not_(IS_LIVE_RENEWAL))
    query = select(Invoice.id).where(Invoice.service_id == service_id, is_void, Invoice.period_start == due)
    return db.session.scalar(query.limit(1)) is not None


def is_being_paid(invoices: Iterable[Invoice]) -> bool:
    """Whether a payment attempt at any of these invoices may still take money.

    One that waits for its client's approval cannot: its capture is claimed only while the invoice owes its amount.
    """
    ids = [invoice.id for invoice in invoices]
    may_take_money = Attempt.status.in_(sorted(OPEN)) & (Attempt.approve_url == "")
    query = select(Attempt.id).where(Attempt.invoice_id.in_(ids), may_take_money)
    return bool(ids) and db.session.scalar(query.limit(1)) is not None


_REPLACED = (
    select(Invoice.number)
    .where(
        Invoice.service_id == bindparam("service_id"),
        Invoice.kind == InvoiceKind.RENEWAL,
        not_(IS_LIVE_RENEWAL),
        Invoice.period_start == bindparam("period_start"),
        Invoice.id < bindparam("invoice_id"),
    )
    .order_by(Invoice.id.desc())
    .limit(1)
)
_KEPT_REPLACED = KeptStatement(lambda: _REPLACED)


def number_of_replaced_invoice(invoice: Invoice) -> str | None:
    """Return the number of the last renewal of the same period that ``invoice`` replaces, or ``None``.

    The replaced one is void, or was paid and credited in full.
    """
    values = {"service_id": invoice.service_id, "period_start": invoice.period_start, "invoice_id": invoice.id}
    replaced = _KEPT_REPLACED.first(**values)
    return replaced.number if replaced else None
