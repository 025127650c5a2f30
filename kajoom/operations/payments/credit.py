"""Paying an invoice from the client's account credit."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.payment_method import ACCOUNT_CREDIT
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.client import lock_client
from kajoom.models.credit import balance_of
from kajoom.models.invoice import client_id_of_invoice
from kajoom.models.payment import invoice_with_open_attempt
from kajoom.operations.billing import invoices
from kajoom.operations.payments.receipts import mark_paid_in_full
from kajoom.operations.transaction import transactional


@transactional
def pay_with_credit(invoice_id: int, at: datetime) -> Money:
    """Apply the client's account credit to an open invoice, up to its balance; returns the amount applied.

    ``BusinessError`` with ``PAYMENT_PENDING`` while a payment attempt is open, and with ``TOO_LATE`` when the invoice
    is void or there is no credit. Nothing is applied to an invoice that is paid already.
    """
    lock_client(client_id_of_invoice(invoice_id))
    invoice, open_attempt = invoice_with_open_attempt(invoice_id)
    if invoice.status is InvoiceStatus.PAID:
        return invoice.balance
    if open_attempt is not None:
        raise BusinessError(Refusal.PAYMENT_PENDING)
    amount = min(balance_of(invoice.client_id, invoice.currency), invoice.balance)
    if amount <= amount.zero():
        raise BusinessError(Refusal.TOO_LATE)
    invoices.apply_credit(invoice, amount, at)
    if not invoice.balance:
        mark_paid_in_full(invoice, ACCOUNT_CREDIT, at)
    return amount
