"""The transactions of one payment attempt: each request for money is committed before it is sent, each answer after.

What is written here decides who may ask the provider for money, and when; ``pay`` calls the provider between them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.payment import (
    OPEN,
    SAVED_METHOD_ENDED,
    AttemptEvent,
    AttemptStatus,
    PaymentChoice,
    advance,
    allows,
    may_capture,
)
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, client_id_of_invoice
from kajoom.models.payment import (
    Attempt,
    attempt_by_key,
    client_id_of_attempt,
    invoice_with_open_attempt,
    open_attempt_of,
)
from kajoom.operations import outbox
from kajoom.operations.payments import saved_methods
from kajoom.operations.payments.receipts import record_payment
from kajoom.operations.transaction import transactional

# A saved account that no webhook has announced by then is asked for.
_SAVED_METHOD_DELAY = timedelta(minutes=5)
# Longer than any provider's timeout: until then a request for money may still be on its way to be carried out.
IN_FLIGHT_WINDOW = timedelta(minutes=1)


class StartedAttempt(NamedTuple):
    """The charge of an invoice's open attempt.

    ``is_new`` when it was started just now and is still to be sent. ``is_owed`` is false when the invoice no longer
    owes exactly its amount: nothing more may be asked with it.
    """

    charge: ChargeRequest
    is_new: bool
    is_owed: bool = True


@transactional
def start_attempt(
    invoice_id: int, payment_choice: PaymentChoice, return_url: str, at: datetime
) -> StartedAttempt | None:
    """Commit a new attempt at an invoice's balance, before anything is sent; ``None`` when nothing is left to pay.

    This commit is also the claim of a provider that takes the money at once, without an approval. When the invoice
    has an open attempt already, that one is returned instead, unchanged. ``BusinessError`` with ``PAYMENT_PENDING``
    while a request for its money is in flight, ``TOO_LATE`` for a void invoice, ``SAVED_METHOD_ENDED`` when the saved
    account is not, or no longer, one of the client's.
    """
    lock_client(client_id_of_invoice(invoice_id))
    invoice, open_attempt = invoice_with_open_attempt(invoice_id)
    if open_attempt is not None:
        is_owed = may_capture(open_attempt.amount, invoice.status, invoice.balance)
        return StartedAttempt(_to_request_if_idle(open_attempt, at), is_new=False, is_owed=is_owed)
    if invoice.status is InvoiceStatus.PAID:
        return None
    if invoice.status is InvoiceStatus.VOID:
        raise BusinessError(Refusal.TOO_LATE)
    attempt = _new_attempt(invoice, payment_choice, return_url, at)
    db.session.add(attempt)
    db.session.flush()  # sets its version
    charge = to_request(attempt)
    # If this process dies before the answer is recorded, the worker looks the attempt up at the provider.
    outbox.enqueue("settle", settle_message_key(charge), at + IN_FLIGHT_WINDOW, attempt=charge.key)
    return StartedAttempt(charge, is_new=True)


@transactional(read_only=True)
def get_unsettled(invoice_id: int, at: datetime) -> ChargeRequest | None:
    """The charge of an invoice's open attempt, if it has one.

    ``BusinessError`` with ``PAYMENT_PENDING`` while a request for its money is in flight.
    """
    attempt = open_attempt_of(invoice_id)
    return None if attempt is None else _to_request_if_idle(attempt, at)


@transactional(read_only=True)
def get_for_follow_up(key: str, at: datetime, again: bool) -> tuple[ChargeRequest, bool] | None:
    """The charge of an attempt to look up, and whether it is settled; ``None`` when there is nothing to look up.

    A settled attempt is looked up only ``again``: after a refusal, or while its saved account is awaited.
    ``BusinessError`` with ``PAYMENT_PENDING`` while a request for its money is in flight.
    """
    attempt = attempt_by_key(key)
    if attempt is None:
        return None
    if attempt.status not in OPEN:
        may_have_news = attempt.status is AttemptStatus.REFUSED or attempt.awaits_saved_method
        return (to_request(attempt), True) if again and may_have_news else None
    return _to_request_if_idle(attempt, at), False


@transactional
def record_result(key: str, result: ProviderResult, at: datetime, version: int | None = None) -> bool:
    """Record a provider's answer about an attempt; ``False`` while the attempt must be looked up again.

    An answer that settles nothing is ignored if the attempt is no longer at the ``version`` that was looked up:
    it would hide that another process has claimed the capture since. ``LookupError`` for an unknown key.
    """
    attempt, event = _get_locked(key), AttemptEvent(result.status)
    if not allows(attempt.status, event):
        # Settled by another process. Only a saved account could still be new.
        saved_methods.attach(attempt, result, at)
        return True
    if result.status in OPEN and version not in {None, attempt.version}:
        return False
    _apply_result(attempt, event, result, at)
    if result.approve_url or result.reason == SAVED_METHOD_ENDED:
        saved_methods.detach(attempt, result, at)
    if attempt.status is AttemptStatus.CAPTURED:
        record_payment(attempt.invoice, attempt.amount, attempt.provider, result.reference or key, attempt.provider, at)
        saved_methods.attach(attempt, result, at)
        if attempt.awaits_saved_method:
            later = at + _SAVED_METHOD_DELAY
            outbox.enqueue("settle", f"settle-{key}-saves", later, attempt=key, again=True)
    return attempt.status not in OPEN


def settle_message_key(charge: ChargeRequest) -> str:
    """The key of the outbox message that has the worker look an attempt up."""
    return f"settle-{charge.key}"


def to_request(attempt: Attempt) -> ChargeRequest:
    """The attempt as its provider is asked about it; a saved account is named only while it may be charged."""
    method = attempt.saved_method
    is_chargeable = method is not None and method.ended_at is None and attempt.status in OPEN
    return ChargeRequest(
        key=attempt.key,
        provider=attempt.provider,
        amount=attempt.amount,
        invoice=attempt.invoice.number,
        locale=attempt.invoice.locale,
        provider_ref=attempt.provider_ref,
        return_url=attempt.return_url,
        save_method=attempt.save_method,
        saved=method.token if method is not None and is_chargeable else "",
        version=attempt.version,
        is_claimed=bool(attempt.provider_ref) and attempt.in_flight_since is not None,
    )


def is_in_flight(attempt: Attempt, at: datetime) -> bool:
    """Whether a request for the attempt's money was sent so recently that it may still be carried out."""
    return attempt.in_flight_since is not None and at < attempt.in_flight_since + IN_FLIGHT_WINDOW


def get_unchanged(charge: ChargeRequest) -> Attempt:
    """The attempt of a charge, locked; ``BusinessError`` with ``PAYMENT_PENDING`` if it changed since it was read."""
    attempt = _get_locked(charge.key)
    if attempt.status not in OPEN or attempt.version != charge.version:
        raise BusinessError(Refusal.PAYMENT_PENDING)
    return attempt


def _new_attempt(invoice: Invoice, payment_choice: PaymentChoice, return_url: str, at: datetime) -> Attempt:
    attempt = Attempt(
        key=uuid4().hex,
        invoice_id=invoice.id,
        provider=payment_choice.method,
        return_url=return_url,
        save_method=payment_choice.save_method,
        saved_method=saved_methods.get_chargeable(invoice, payment_choice),
        status=AttemptStatus.SENDING,
        cents=invoice.balance.cents,
        currency=invoice.currency,
        started_at=at,
        in_flight_since=at,
    )
    attempt.invoice = invoice
    return attempt


def _apply_result(attempt: Attempt, event: AttemptEvent, result: ProviderResult, at: datetime) -> None:
    # The answer to the request itself, or to one that only created the charge: no capture is in flight.
    is_answered = attempt.status is AttemptStatus.SENDING or not attempt.provider_ref
    attempt.status = advance(attempt.status, event)
    if attempt.status not in OPEN or (is_answered and result.is_not_captured):
        attempt.in_flight_since = None  # otherwise the provider may still carry the request out
    attempt.provider_ref = result.provider_ref or attempt.provider_ref
    attempt.reason, attempt.approve_url = result.reason, result.approve_url
    attempt.settled_at = None if attempt.status in OPEN else at


def _to_request_if_idle(attempt: Attempt, at: datetime) -> ChargeRequest:
    """The charge of an attempt; ``BusinessError`` with ``PAYMENT_PENDING`` while a request for money is in flight."""
    if attempt.status is AttemptStatus.SENDING and is_in_flight(attempt, at):
        raise BusinessError(Refusal.PAYMENT_PENDING)
    return to_request(attempt)


def _get_locked(key: str) -> Attempt:
    lock_client(client_id_of_attempt(key))
    attempt = attempt_by_key(key)
    if attempt is None:
        raise LookupError(key)
    return attempt
