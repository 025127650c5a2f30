"""Refunds of payments that became account credit: money that came late, in excess, or for a change that failed.

The credit is taken back in the transaction that starts a refund, before the provider is asked, so that no money is
returned twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.domain.audit import Act
from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refund import OPEN, REFUNDABLE, RefundStatus, refund_shares, status_after
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import PaymentProvider, ProviderResult, Refund
from kajoom.models.audit import record_act
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.credit import balance_of, movements_of_invoice
from kajoom.models.credit_note import NUMBER_PREFIX, credit_note_by_number
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.payment import Payment, payments_of
from kajoom.models.refund import RefundAttempt, refund_by_key, refundable_payments, refunds_of
from kajoom.operations import outbox
from kajoom.operations.billing import invoices
from kajoom.operations.billing.credit import check_seen
from kajoom.operations.transaction import transactional

# Longer than any provider's timeout: until then the request may still be on its way to be carried out.
IN_FLIGHT_WINDOW = timedelta(minutes=1)
# How soon the worker asks again about a refund whose answer was lost.
_SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class RefundResult:
    """One refund and where it stands; ``reason`` is the provider's code for a refusal."""

    amount: Money
    provider: str
    status: RefundStatus
    reason: str


def refund_invoice(
    number: str, providers: Mapping[str, PaymentProvider], actor: str, at: datetime, seen: int | None = None
) -> list[RefundResult]:
    """Refund, through their providers, the payments of an invoice that became account credit.

    ``number`` is that of the invoice or of one of its credit notes. At most the credit that came of this invoice and
    is not spent is sent back, and at most what was received. ``seen`` is the newest movement of the client's credit
    that was shown to the person who decides; a command gives none. ``BusinessError`` with ``NO_INVOICE``,
    ``NOTHING_TO_REFUND``, ``REFUND_UNDER_WAY``, ``PAID_OFFLINE``, ``PROVIDER_CLOSED`` or ``CHANGED_SINCE``.
    """
    results = []
    for provider, refund in _start_refunds(number, providers.keys(), actor, at, seen):
        result = providers[provider].refund(refund)
        if not record_refund_result(refund.key, result, at):
            outbox.reschedule_message(f"refund-{refund.key}", at + _SOON)
        results.append(RefundResult(refund.amount, provider, status_after(result.status), result.reason))
    return results


@transactional(read_only=True)
def open_refund_of(key: str) -> tuple[str, Refund] | None:
    """The provider's code and the request of a refund that is not settled, or ``None``."""
    attempt = refund_by_key(key)
    return _to_request(attempt) if attempt is not None and attempt.status in OPEN else None


@transactional
def record_refund_result(key: str, result: ProviderResult, at: datetime) -> bool:
    """Record a provider's answer about a refund; ``False`` while it must be asked again.

    A refused refund gives the credit back. ``LookupError`` for an unknown key.
    """
    attempt = refund_by_key(key)
    if attempt is None:
        raise LookupError(key)
    invoice = attempt.payment.invoice
    lock_client(invoice.client_id)
    if attempt.status not in OPEN:
        return True  # settled by another process
    attempt.status = status_after(result.status)
    attempt.provider_ref = result.provider_ref or attempt.provider_ref
    attempt.reason = result.reason
    if attempt.status in OPEN:
        return False
    attempt.settled_at = at
    act = Act.REFUND_REFUSED if attempt.status is RefundStatus.REFUSED else Act.REFUND_DONE
    record_act(act, attempt.payment.provider, at, client_id=invoice.client_id, subject=attempt)
    if attempt.status is RefundStatus.REFUSED:
        invoices.move_credit(invoice, attempt.amount, CreditReason.REFUND_REFUSED, f"refund-{key}-refused", at)
    else:
        outbox.enqueue("email", f"refunded-{key}", at, email="refunded", invoice=invoice.id, refund=key)
    return True


@transactional
def _start_refunds(
    number: str, offered: Collection[str], actor: str, at: datetime, seen: int | None
) -> list[tuple[str, Refund]]:
    """Commit each refund and take back its credit, before anything is sent."""
    note = credit_note_by_number(number) if number.startswith(NUMBER_PREFIX) else None
    invoice = note.invoice if note is not None else invoice_by_number(number)
    if invoice is None:
        raise BusinessError(StaffRefusal.NO_INVOICE, number=number)
    lock_client(invoice.client_id)
    shares = _shares(invoice, offered)
    check_seen(invoice.client_id, seen)
    return [_start(invoice, payment, amount, actor, at) for payment, amount in shares]


def _start(invoice: Invoice, payment: Payment, amount: Money, actor: str, at: datetime) -> tuple[str, Refund]:
    attempt = RefundAttempt(
        key=uuid4().hex, status=RefundStatus.SENDING, cents=amount.cents, currency=amount.currency, actor=actor,
        started_at=at,
    )  # fmt: skip
    attempt.payment = payment
    db.session.add(attempt)
    db.session.flush()  # assigns the id that the audit refers to
    record_act(Act.REFUND_STARTED, actor, at, client_id=invoice.client_id, subject=attempt)
    invoices.move_credit(invoice, -amount, CreditReason.REFUNDED, f"refund-{attempt.key}", at)
    # If this process dies before the answer is recorded, the worker asks the provider again with the same key.
    outbox.enqueue("refund", f"refund-{attempt.key}", at + IN_FLIGHT_WINDOW, refund=attempt.key)
    return _to_request(attempt)


def _shares(invoice: Invoice, offered: Collection[str]) -> list[tuple[Payment, Money]]:
    """The amount to refund of each payment, the latest payment first.

    ``BusinessError`` when there is nothing to refund through the ``offered`` providers.
    """
    refunds = refunds_of(invoice.id)
    if any(each.status in OPEN for each in refunds):
        raise BusinessError(StaffRefusal.REFUND_UNDER_WAY, number=invoice.number)
    payments = {payment.id: payment for payment in payments_of(invoice.id)[::-1]}
    left = _refundable(invoice)
    if left <= left.zero() or not payments:
        raise BusinessError(StaffRefusal.NOTHING_TO_REFUND, number=invoice.number)
    shares = refund_shares(left, refundable_payments(payments.values(), refunds), offered)
    if not shares:
        last = next(iter(payments.values()))
        code = _refusal_code(payments.values(), offered)
        raise BusinessError(code, number=invoice.number, provider=last.provider)
    return [(payments[payment.id], amount) for payment, amount in shares]


def _refundable(invoice: Invoice) -> Money:
    """The credit that came of an invoice, less what was refunded or has been spent since."""
    movements = (entry.amount for entry in movements_of_invoice(invoice.id) if entry.reason in REFUNDABLE)
    return min(sum(movements, start=invoice.total.zero()), balance_of(invoice.client_id, invoice.currency))


def _refusal_code(payments: Collection[Payment], offered: Collection[str]) -> StaffRefusal:
    if any(payment.provider in offered for payment in payments):
        return StaffRefusal.NOTHING_TO_REFUND
    method = catalog().payment_methods.get(next(iter(payments)).provider)
    return StaffRefusal.PAID_OFFLINE if method is not None and method.is_offline else StaffRefusal.PROVIDER_CLOSED


def _to_request(attempt: RefundAttempt) -> tuple[str, Refund]:
    payment = attempt.payment
    return payment.provider, Refund(attempt.key, payment.provider_reference, attempt.amount, payment.invoice.number)
