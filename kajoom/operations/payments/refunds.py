"""Credit given for money that came late, or bought nothing, is sent back to where it came from, and never more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refund import OPEN, RefundStatus, status_after
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import PaymentProvider, ProviderResult, Refund
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.credit import balance_of, movements_of_invoice
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.payment import Payment, payments_of
from kajoom.models.refund import RefundAttempt, refund_by_key, refunds_of
from kajoom.operations import outbox
from kajoom.operations.billing import invoices
from kajoom.operations.transaction import transactional

# As for a payment: longer than any provider is waited for.
IN_FLIGHT_WINDOW = timedelta(minutes=1)
_SOON = timedelta(seconds=5)
_GIVEN = {CreditReason.CHANGE_REFUSED, CreditReason.LATE_PAYMENT, CreditReason.OVERPAID, CreditReason.GIVEN_BACK}
_SENT_BACK = {CreditReason.REFUNDED, CreditReason.REFUND_REFUSED}


@dataclass(frozen=True, slots=True)
class RefundResult:
    """One refund that was asked for, and where it stands; ``reason`` is the provider's code for a refusal."""

    amount: Money
    provider: str
    status: RefundStatus
    reason: str


def refund_invoice(
    number: str, providers: Mapping[str, PaymentProvider], actor: str, at: datetime
) -> list[RefundResult]:
    """Send back, through their providers, the payments of an invoice that became account credit.

    No more than the credit that this invoice gave and that is left, and no more than what was received.
    ``BusinessError``
    with ``NO_INVOICE``, ``NOTHING_TO_REFUND``, ``REFUND_UNDER_WAY``, ``PAID_OFFLINE`` or ``PROVIDER_CLOSED``.
    """
    sent = []
    for provider, refund in _start_refunds(number, providers.keys(), actor, at):
        result = providers[provider].refund(refund)
        if not record_refund_result(refund.key, result, at):
            outbox.reschedule_message(f"refund-{refund.key}", at + _SOON)
        sent.append(RefundResult(refund.amount, provider, status_after(result.status), result.reason))
    return sent


@transactional
def open_refund_of(key: str) -> tuple[str, Refund] | None:
    """The provider and the refund still to be settled, or ``None``; no transaction stays open."""
    attempt = refund_by_key(key)
    return _to_request(attempt) if attempt is not None and attempt.status in OPEN else None


@transactional
def record_refund_result(key: str, result: ProviderResult, at: datetime) -> bool:
    """Note what a provider answered about a refund; ``False`` while it must be asked again.

    One that is refused gives the credit back.
    """
    attempt = refund_by_key(key)
    if attempt is None:
        raise LookupError(key)
    invoice = attempt.payment.invoice
    lock_client(invoice.client_id)
    if attempt.status not in OPEN:
        return True  # settled by another who asked
    attempt.status = status_after(result.status)
    attempt.provider_ref = result.provider_ref or attempt.provider_ref
    attempt.reason = result.reason
    if attempt.status in OPEN:
        return False
    attempt.settled_at = at
    if attempt.status is RefundStatus.REFUSED:
        invoices.move_credit(invoice, attempt.amount, CreditReason.REFUND_REFUSED, f"refund-{key}-refused", at)
    else:
        outbox.enqueue("email", f"refunded-{key}", at, email="refunded", invoice=invoice.id, refund=key)
    return True


@transactional
def _start_refunds(number: str, offered: Collection[str], actor: str, at: datetime) -> list[tuple[str, Refund]]:
    """Write each refund and take its credit, and commit both before anything is sent."""
    invoice = invoice_by_number(number)
    if invoice is None:
        raise BusinessError(StaffRefusal.NO_INVOICE, number=number)
    lock_client(invoice.client_id)
    begun = []
    for payment, amount in _shares(invoice, offered):
        attempt = RefundAttempt(
            key=uuid4().hex,
            status=RefundStatus.SENDING,
            cents=amount.cents,
            currency=amount.currency,
            actor=actor,
            started_at=at,
        )
        attempt.payment = payment
        db.session.add(attempt)
        invoices.move_credit(invoice, -amount, CreditReason.REFUNDED, f"refund-{attempt.key}", at)
        # If this process dies before the answer is recorded, the worker asks the provider again with the same key.
        outbox.enqueue("refund", f"refund-{attempt.key}", at + IN_FLIGHT_WINDOW, refund=attempt.key)
        begun.append(_to_request(attempt))
    return begun


def _shares(invoice: Invoice, offered: Collection[str]) -> list[tuple[Payment, Money]]:
    """What to send back of each payment, the latest first: it is the one that came too late."""
    earlier = refunds_of(invoice.id)
    if any(each.status in OPEN for each in earlier):
        raise BusinessError(StaffRefusal.REFUND_UNDER_WAY, number=invoice.number)
    left = _refundable(invoice)
    payments = payments_of(invoice.id)[::-1]
    if left <= left.zero() or not payments:
        raise BusinessError(StaffRefusal.NOTHING_TO_REFUND, number=invoice.number)
    shares = []
    for payment in (payment for payment in payments if payment.provider in offered):
        given = (each for each in earlier if each.payment_id == payment.id and each.status is RefundStatus.DONE)
        share = min(left, payment.amount - sum((each.amount for each in given), start=left.zero()))
        if share > left.zero():
            shares.append((payment, share))
            left -= share
    if not shares:
        raise BusinessError(_refusal_code(payments, offered), number=invoice.number, provider=payments[0].provider)
    return shares


def _refundable(invoice: Invoice) -> Money:
    """The credit that an invoice gave, less what was sent back of it or has been spent since."""
    reasons = _GIVEN | _SENT_BACK
    nothing = invoice.total.zero()
    given = sum((entry.amount for entry in movements_of_invoice(invoice.id) if entry.reason in reasons), start=nothing)
    return min(given, balance_of(invoice.client_id, invoice.currency))


def _refusal_code(payments: list[Payment], offered: Collection[str]) -> StaffRefusal:
    if any(payment.provider in offered for payment in payments):
        return StaffRefusal.NOTHING_TO_REFUND
    method = catalog().payment_methods.get(payments[0].provider)
    return StaffRefusal.PAID_OFFLINE if method is not None and method.is_offline else StaffRefusal.PROVIDER_CLOSED


def _to_request(attempt: RefundAttempt) -> tuple[str, Refund]:
    payment = attempt.payment
    reference = payment.reference.removeprefix(f"{payment.provider}:")
    return payment.provider, Refund(attempt.key, reference, attempt.amount, payment.invoice.number)
