"""Money received pays its invoice, and the rest is credit; what no provider carried is received when staff say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, allows
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.order import order_by_id
from kajoom.models.payment import Payment, payment_by_reference
from kajoom.operations import outbox
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.orders import provisioning
from kajoom.operations.orders.history import record_step
from kajoom.operations.transaction import transactional

_LONGEST_REFERENCE = 100


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """What staff read on the bank's slip: an amount with a point, the day and an instant of it, and the sender's
    reference. Without a ``method`` it is the service's own, or the only one the host offers."""

    amount: str
    on: date
    received_at: datetime
    reference: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the money: what was ``applied`` to the invoice, ``credited`` to the account, and the ``balance``
    still to be paid. ``is_new`` is false when the same slip had been recorded already."""

    applied: Money
    credited: Money
    balance: Money
    is_new: bool


@transactional
def record_offline_payment(
    number: str, offline_payment: OfflinePayment, today: date, actor: str, at: datetime
) -> Receipt:
    """Record a slip for the invoice ``number``, once for each reference.

    ``BusinessError`` with ``NO_INVOICE``, ``NOT_AN_AMOUNT``, ``NOT_YET``, ``NO_REFERENCE``, ``NO_METHOD``, or
    ``REFERENCE_USED`` when another receipt bears the same reference; nothing is written then.
    """
    invoice = invoice_by_number(number)
    if invoice is None:
        raise BusinessError(StaffRefusal.NO_INVOICE, number=number)
    lock_client(invoice.client_id)
    if offline_payment.on > today:
        raise BusinessError(StaffRefusal.NOT_YET, on=offline_payment.on)
    amount, method, reference = (
        _amount(offline_payment.amount, invoice.currency),
        _method(invoice, offline_payment.method),
        _clean(offline_payment),
    )

    known = payment_by_reference(f"{method}:{reference}")
    before = invoice.balance
    if known is not None:
        if (known.invoice_id, known.amount) != (invoice.id, amount):
            details = {"reference": reference, "number": known.invoice.number, "amount": known.amount}
            raise BusinessError(StaffRefusal.REFERENCE_USED, **details)
        return Receipt(amount.zero(), amount.zero(), before, is_new=False)

    record_payment(invoice, amount, method, reference, actor, at, offline_payment.received_at)
    applied = min(amount, before)
    return Receipt(applied, amount - applied, before - applied, is_new=True)


def record_payment(
    invoice: Invoice,
    amount: Money,
    provider: str,
    reference: str,
    actor: str,
    at: datetime,
    received_at: datetime | None = None,
) -> None:
    """Record money for an invoice within the commit under way, once for each reference of a provider's.

    What exceeds the balance, or comes for a void invoice, becomes account credit. ``received_at`` tells when the money
    came, where it was not just now. The client is locked by the caller.
    """
    known_as = f"{provider}:{reference}"
    if payment_by_reference(known_as) is not None:
        return
    applied = min(amount, invoice.balance)
    db.session.add(
        Payment(
            reference=known_as,
            invoice_id=invoice.id,
            provider=provider,
            cents=amount.cents,
            currency=amount.currency,
            received_at=received_at or at,
            actor=actor,
        )
    )
    if amount > applied:
        _credit(invoice, amount - applied, known_as, at)
    if applied:
        invoice.paid_cents += applied.cents
        if invoice.balance:
            outbox.enqueue("email", f"payment_partial-{known_as}", at, email="payment_partial", invoice=invoice.id)
        else:
            mark_paid_in_full(invoice, actor, at)


def mark_paid_in_full(invoice: Invoice, actor: str, at: datetime) -> None:
    """Within the commit under way, carry out the change an invoice was for, or move on the period it has bought."""
    invoice.status = InvoiceStatus.PAID
    if invoice.kind is InvoiceKind.RENEWAL:
        renewals.apply_paid_renewal(invoice, at)
    order = order_by_id(invoice.order_id) if invoice.order_id else None
    if order is not None and allows(order.status, OrderEvent.PAID):
        record_step(order, OrderEvent.PAID, at, actor)
        provisioning.start_provisioning(order, at)
    outbox.enqueue("email", f"payment_received-{invoice.number}", at, email="payment_received", invoice=invoice.id)


def _credit(invoice: Invoice, excess: Money, known_as: str, at: datetime) -> None:
    """Money that an invoice did not ask for is its client's, who is told, and so are staff."""
    reason = CreditReason.LATE_PAYMENT if invoice.status is InvoiceStatus.VOID else CreditReason.OVERPAID
    moved = f"payment-{known_as}"
    invoices.move_credit(invoice, excess, reason, moved, at)
    for email in ("payment_late", "staff_notice"):
        outbox.enqueue("email", f"{email}-{known_as}", at, email=email, invoice=invoice.id, credit=moved)


def _amount(text: str, currency: str) -> Money:
    try:
        amount = Money.parse(text, currency)
    except ValueError as fault:
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text) from fault
    if amount <= amount.zero():
        raise BusinessError(StaffRefusal.NOT_AN_AMOUNT, amount=text)
    return amount


def _method(invoice: Invoice, asked: str) -> str:
    load = catalog()
    offered = [method.code for method in load.offline]
    known = {code for code, method in load.payment_methods.items() if method.is_offline}
    usual = invoice.service.payment_method
    if not asked and usual in known:
        return usual
    if not asked and len(offered) == 1:
        return offered[0]
    if asked not in known:
        raise BusinessError(StaffRefusal.NO_METHOD, method=asked, known=sorted(known))
    return asked


def _clean(offline_payment: OfflinePayment) -> str:
    """The reference in one way of writing it, so that the same one typed twice is the same one."""
    reference = " ".join(offline_payment.reference.split()).upper()
    if not reference or len(reference) > _LONGEST_REFERENCE or not reference.isprintable():
        raise BusinessError(StaffRefusal.NO_REFERENCE, reference=offline_payment.reference)
    return reference
