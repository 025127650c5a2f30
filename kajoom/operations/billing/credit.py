"""Account credit is granted by staff and spent by its client, one at a time: the balance is never below zero."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.models.client import client_by_email, lock_client
from kajoom.models.credit import CreditEntry, balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import open_attempt_of
from kajoom.operations.billing import invoices
from kajoom.operations.payments.receipts import mark_paid_in_full
from kajoom.operations.transaction import transactional

CREDIT = "credit"


@transactional
def grant_credit(email: str, amount: str, note: str, at: datetime, currency: str = "CAD") -> Money:
    """Give a client account credit, or take some back with an amount below zero; the new balance.

    ``BusinessError`` with ``NO_CLIENT``, ``NOT_AN_AMOUNT``, or ``BALANCE_TOO_LOW`` when it would fall below zero.
    """
    client = client_by_email(email)
    if client is None:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    try:
        moved = Money.parse(amount, currency)
    except ValueError as fault:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=amount) from fault
    if not moved:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=amount)
    client_id = client.id
    lock_client(client_id)
    before = balance_of(client_id, currency)
    if before + moved < moved.zero():
        raise BusinessError(StaffRefusal.BALANCE_TOO_LOW, balance=before)
    reason = CreditReason.GRANTED if moved > moved.zero() else CreditReason.CORRECTED
    entry = CreditEntry(
        key=f"staff-{uuid4().hex}", client_id=client_id, cents=moved.cents, currency=currency, reason=reason,
        note=note, at=at,
    )  # fmt: skip
    db.session.add(entry)
    return before + moved


@transactional
def spend(invoice_id: int, at: datetime) -> Money:
    """Put the client's account credit to an open invoice, as far as it goes; what was put to it.

    ``BusinessError`` with ``PAYMENT_PENDING`` while a payment of it is not settled, and with ``TOO_LATE`` when the
    invoice is void or there is no credit left. An invoice that is paid already takes nothing more.
    """
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    if invoice.status is InvoiceStatus.PAID:
        return invoice.balance
    if open_attempt_of(invoice_id) is not None:
        raise BusinessError(Refusal.PAYMENT_PENDING)
    amount = min(balance_of(invoice.client_id, invoice.currency), invoice.balance)
    if amount <= amount.zero():
        raise BusinessError(Refusal.TOO_LATE)
    invoices.apply_credit(invoice, amount, at)
    if not invoice.balance:
        mark_paid_in_full(invoice, CREDIT, at)
    return amount
