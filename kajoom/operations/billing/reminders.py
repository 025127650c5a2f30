"""Reminders, each sent once: of a change before it expires, of a renewal before and after its due date."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, client_id_of_invoice
from kajoom.models.order import Order, client_id_of_order
from kajoom.operations import outbox
from kajoom.operations.billing.suspension import announce
from kajoom.operations.transaction import transactional


@transactional
def remind_of_order(order_id: int, at: datetime) -> None:
    """Remind the client of an order that will expire unpaid."""
    lock_client(client_id_of_order(order_id))
    order = db.session.get_one(Order, order_id)
    if order.status is OrderStatus.AWAITING_PAYMENT:
        outbox.enqueue("email", f"reminder-{order.reference}", at, email="reminder", order=order.id)


@transactional
def remind_of_renewal(invoice_id: int, at: datetime) -> None:
    """Remind the client of a renewal that is nearly due."""
    _remind("reminder", invoice_id, at)


@transactional
def notify_overdue(invoice_id: int, on: date, at: datetime) -> None:
    """Notify the client of a renewal whose due date has passed, and note the day ``on`` which they are told.

    The e-mail announces the day on which the service will be suspended, if it will.
    """
    invoice = _remind("overdue", invoice_id, at)
    if invoice is not None:
        invoice.overdue_notice_on = on
        announce(invoice, on)


@transactional
def remind_again(invoice_id: int, on: date, at: datetime) -> None:
    """Remind the client once more of a renewal that has been overdue for a week."""
    invoice = _remind("second_reminder", invoice_id, at)
    if invoice is not None:
        announce(invoice, on)


def _remind(email: str, invoice_id: int, at: datetime) -> Invoice | None:
    """Queue the e-mail of an invoice that is still to be paid, and return it; ``None`` when nothing is owed."""
    lock_client(client_id_of_invoice(invoice_id))
    invoice = db.session.get_one(Invoice, invoice_id)
    if invoice.status is not InvoiceStatus.OPEN or invoice.service.has_ended:
        return None
    outbox.enqueue("email", f"{email}-{invoice.number}", at, email=email, invoice=invoice.id)
    return invoice
