"""A client is reminded of what is to be paid, once: of a change before it expires, of a renewal before it is due."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional


@transactional
def remind_of_order(order_id: int, at: datetime) -> None:
    """Write of a change that will expire unpaid, once."""
    order = db.session.get_one(Order, order_id)
    lock_client(order.client_id)
    if order.status is OrderStatus.AWAITING_PAYMENT:
        outbox.enqueue("email", f"reminder-{order.reference}", at, email="reminder", order=order.id)


@transactional
def remind_of_renewal(invoice_id: int, at: datetime) -> None:
    """Write of a renewal that is nearly due, once."""
    _remind("reminder", invoice_id, at)


@transactional
def notify_overdue(invoice_id: int, at: datetime) -> None:
    """Write of a renewal whose due date has passed, once."""
    _remind("overdue", invoice_id, at)


def _remind(email: str, invoice_id: int, at: datetime) -> None:
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    if invoice.status is InvoiceStatus.OPEN:
        outbox.enqueue("email", f"{email}-{invoice.number}", at, email=email, invoice=invoice.id)
