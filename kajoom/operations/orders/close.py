"""Ending an order before it is carried out: cancelled by its client, or expired unpaid."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.order import CALENDAR, CLIENT, OrderEvent, OrderStatus, allows
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.client import lock_client
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order, client_id_of_order, order_by_id, order_of
from kajoom.models.renewal import is_being_paid, renewals_with_terms_of
from kajoom.operations import outbox
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.orders.history import record_step
from kajoom.operations.transaction import transactional


@transactional
def cancel_order(client_id: int, reference: str, on: date, at: datetime) -> Order:
    """Cancel an order that is unpaid or scheduled: void its invoice and give back what was paid or credited.

    A renewal that was issued on the new terms, or voided when the order was placed, is replaced by one on the current
    terms.

    Raises ``BusinessError`` with ``TOO_LATE`` once the change is being carried out and ``PAYMENT_PENDING`` while a
    payment is not settled; ``LookupError`` for an order that is not the client's.
    """
    lock_client(client_id)
    order = order_of(client_id, reference)
    if order is None:
        raise LookupError(reference)
    if order.status is OrderStatus.CANCELLED:
        return order
    if not allows(order.status, OrderEvent.CANCELLED):
        raise BusinessError(Refusal.TOO_LATE, order=order)
    invoice = invoice_of_order(order.id)
    if _is_being_paid(order, invoice):
        raise BusinessError(Refusal.PAYMENT_PENDING, order=order)
    _close(order, invoice, OrderEvent.CANCELLED, at, CLIENT)
    renewals.replace_renewals(order, on, at)
    outbox.enqueue("email", f"cancelled-{order.reference}", at, email="cancelled", order=order.id)
    return order


@transactional
def expire_order(order_id: int, on: date, at: datetime) -> None:
    """End an order that was not paid in time, unless a payment of it is not settled; its renewal is issued anew."""
    lock_client(client_id_of_order(order_id))
    order = order_by_id(order_id)
    if order is None or not allows(order.status, OrderEvent.EXPIRED):
        return
    invoice = invoice_of_order(order.id)
    if not _is_being_paid(order, invoice):
        _close(order, invoice, OrderEvent.EXPIRED, at, CALENDAR)
        renewals.issue_anew(order.service, on, at)
        outbox.enqueue("email", f"expired-{order.reference}", at, email="expired", order=order.id)


def _close(order: Order, invoice: Invoice | None, event: OrderEvent, at: datetime, actor: str) -> None:
    record_step(order, event, at, actor)
    if invoice is not None:
        invoices.void(invoice, at)


def _is_being_paid(order: Order, invoice: Invoice | None) -> bool:
    return is_being_paid([*renewals_with_terms_of(order.id), *([invoice] if invoice else [])])
