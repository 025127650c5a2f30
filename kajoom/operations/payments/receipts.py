"""Recording money received for an invoice; what exceeds its balance becomes account credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kajoom.domain.audit import Act
from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, allows
from kajoom.domain.payment_method import PaymentMethodKind
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import parse_positive_amount
from kajoom.models.audit import record_act
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.day import local_day
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.payment import add_payment, payment_by_reference
from kajoom.operations import outbox
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.orders import provisioning
from kajoom.operations.orders.history import record_step
from kajoom.operations.transaction import transactional

_REFERENCE_LENGTH = 100
_ACCOUNT_CREDIT = PaymentMethodKind.ACCOUNT_CREDIT
_TIME_TO_COMPLETE = timedelta(minutes=2)
"""How long a paid change has to become operational before the e-mail about its payment."""


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """What staff read on a bank statement, a cheque or a provider's site.

    ``amount`` is a decimal number with a point, ``received_at`` an instant of the day ``on``, ``reference`` the
    sender's. Without a ``method`` it is the offline method of the service, or the only one the host offers.
    """

    amount: str
    on: date
    received_at: datetime
    reference: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the money: ``applied`` to the invoice, ``credited`` to the account, and the remaining ``balance``.

    ``is_new`` is false when the same payment had been recorded already.
    """

    applied: Money
    credited: Money
    balance: Money
    is_new: bool


@transactional
def record_offline_payment(
    number: str, offline_payment: OfflinePayment, today: date, actor: str, at: datetime
) -> Receipt:
    """Record a payment of the invoice ``number``, once for each reference.

    ``BusinessError`` with ``NO_INVOICE``, ``NOT_AN_AMOUNT``, ``NOT_YET``, ``NO_REFERENCE``, ``NO_METHOD``, or
    ``REFERENCE_USED`` when another payment has the same reference; nothing is written then.
    """
    invoice = invoice_by_number(number)
    if invoice is None:
        raise BusinessError(StaffRefusal.NO_INVOICE, number=number)
    lock_client(invoice.client_id)
    if offline_payment.on > today:
        raise BusinessError(StaffRefusal.NOT_YET, on=offline_payment.on)
    amount = parse_positive_amount(offline_payment.amount, invoice.currency)
    method = _method_code(invoice, offline_payment.method)
    reference = _normalize_reference(offline_payment.reference)

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
    """Record money for an invoice in the current transaction, once for each ``reference`` of a ``provider``.

    ``provider`` is a provider's code or an offline method's. What exceeds the balance, or comes for a void invoice,
    becomes account credit. ``received_at`` defaults to ``at``. The caller has locked the client.
    """
    key = f"{provider}:{reference}"
    applied = min(amount, invoice.balance)
    if not add_payment(key, invoice.id, provider, amount, received_at or at, actor):
        return
    record_act(Act.PAYMENT_RECORDED, actor, at, client_id=invoice.client_id, subject=invoice)
    if amount > applied:
        _credit_excess(invoice, amount - applied, key, at)
    if applied:
        invoice.paid_cents += applied.cents
        if invoice.balance:
            outbox.enqueue("email", f"payment_partial-{key}", at, email="payment_partial", invoice=invoice.id)
        else:
            mark_paid_in_full(invoice, actor, at)


def mark_paid_in_full(invoice: Invoice, actor: str, at: datetime) -> None:
    """Mark an invoice paid in the current transaction, and start the change or the period that it was for."""
    invoice.status = InvoiceStatus.PAID
    if invoice.kind is InvoiceKind.RENEWAL:
        renewals.apply_paid_renewal(invoice, local_day(at), at)
    order = invoice.order
    if order is not None and allows(order.status, OrderEvent.PAID):
        record_step(order, OrderEvent.PAID, at, actor)
        provisioning.start_provisioning(order, at)
    _queue_receipt(invoice, at)


def _queue_receipt(invoice: Invoice, at: datetime) -> None:
    """Queue the e-mail about a paid invoice, unless a person carries the change out: theirs says what was paid.

    That of another change waits: the worker drops it when the change is completed meanwhile.
    """
    order = invoice.order if invoice.kind is InvoiceKind.CHANGE else None
    if order is None or not order.needs_person:
        due = at if order is None else at + _TIME_TO_COMPLETE
        outbox.enqueue("email", f"payment_received-{invoice.number}", due, email="payment_received", invoice=invoice.id)


def _credit_excess(invoice: Invoice, excess: Money, payment_key: str, at: datetime) -> None:
    """Credit the client with money that the invoice did not ask for, and notify them and staff by e-mail."""
    reason = CreditReason.LATE_PAYMENT if invoice.status is InvoiceStatus.VOID else CreditReason.OVERPAID
    entry_key = f"payment-{payment_key}"
    invoices.move_credit(invoice, excess, reason, entry_key, at)
    for email in ("payment_late", "staff_notice"):
        outbox.enqueue("email", f"{email}-{payment_key}", at, email=email, invoice=invoice.id, credit=entry_key)


def _method_code(invoice: Invoice, code: str) -> str:
    """The method of a payment: ``code``, or without one the service's own offline method or the only one offered.

    Any method may be named except account credit, which is no money received: an old subscription at a provider may
    go on paying.
    """
    load = catalog()
    offered = [method.code for method in load.offline]
    known = {code for code, method in load.payment_methods.items() if method.kind is not _ACCOUNT_CREDIT}
    usual = load.payment_methods.get(invoice.service.payment_method)
    if not code and usual is not None and usual.is_offline:
        return usual.code
    if not code and len(offered) == 1:
        return offered[0]
    if code not in known:
        raise BusinessError(StaffRefusal.NO_METHOD, method=code, known=sorted(known))
    return code


def _normalize_reference(text: str) -> str:
    """The reference in upper case with single spaces, so that the same one typed twice is recognized."""
    reference = " ".join(text.split()).upper()
    if not reference or len(reference) > _REFERENCE_LENGTH or not reference.isprintable():
        raise BusinessError(StaffRefusal.NO_REFERENCE, reference=text)
    return reference
