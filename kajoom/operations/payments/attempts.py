"""An attempt is noted before the wire and after it: what is written here decides who may ask for money, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.payment import GIVEN_UP, OPEN, SAVED_METHOD_ENDED, AttemptStatus, PaymentChoice, settle
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, attempt_by_key, open_attempt_of
from kajoom.models.saved_method import SavedMethod
from kajoom.operations import outbox
from kajoom.operations.payments import saved_methods
from kajoom.operations.payments.receipts import record_payment
from kajoom.operations.transaction import transactional

_ACCOUNT_NAMED_WITHIN = timedelta(minutes=5)
# Longer than any provider is waited for, so that the question is not asked while the first answer is on its way.
IN_FLIGHT_WINDOW = timedelta(minutes=1)


@transactional
def start_attempt(
    invoice_id: int, payment_choice: PaymentChoice, return_url: str, at: datetime
) -> ChargeRequest | None:
    """Write the attempt and commit it before anything is sent; ``None`` when nothing is left to pay.

    ``BusinessError`` with ``TOO_LATE`` for a void invoice, ``PAYMENT_PENDING`` while another attempt is not settled,
    ``SAVED_METHOD_ENDED`` when the account is not, or no longer, one of the client's.
    """
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    if invoice.status is InvoiceStatus.PAID:
        return None
    if invoice.status is InvoiceStatus.VOID:
        raise BusinessError(Refusal.TOO_LATE)
    if open_attempt_of(invoice_id) is not None:
        raise BusinessError(Refusal.PAYMENT_PENDING)
    attempt = Attempt(
        key=uuid4().hex,
        invoice_id=invoice_id,
        provider=payment_choice.method,
        return_url=return_url,
        save_method=payment_choice.save_method,
        saved_method=_get_saved_method(invoice, payment_choice),
        status=AttemptStatus.SENDING,
        cents=invoice.balance.cents,
        currency=invoice.currency,
        started_at=at,
        in_flight_since=at,
    )
    attempt.invoice = invoice
    db.session.add(attempt)
    db.session.flush()  # gives it its first version
    # If this process dies before the answer is recorded, the worker asks the provider what became of it.
    charge = to_request(attempt)
    outbox.enqueue("settle", settle_message_key(charge), at + IN_FLIGHT_WINDOW, attempt=charge.key)
    return charge


@transactional
def get_unsettled(invoice_id: int, at: datetime) -> ChargeRequest | None:
    """The charge of the attempt at an invoice that is not settled, if there is one.

    ``BusinessError`` with ``PAYMENT_PENDING`` while money is being asked for it.
    """
    attempt = open_attempt_of(invoice_id)
    return None if attempt is None else _to_request_if_idle(attempt, at)


@transactional
def get_for_follow_up(key: str, at: datetime, again: bool) -> tuple[ChargeRequest, bool] | None:
    """The charge of an attempt to be asked about, and whether it is over; ``None`` when there is nothing to ask.

    ``BusinessError`` with ``PAYMENT_PENDING`` while money is being asked for it.
    """
    attempt = attempt_by_key(key)
    if attempt is None:
        return None
    if attempt.status not in OPEN:
        is_news = attempt.status is AttemptStatus.REFUSED or attempt.awaits_saved_method
        return (to_request(attempt), True) if again and is_news else None
    return _to_request_if_idle(attempt, at), False


@transactional
def claim_capture(charge: ChargeRequest, result: ProviderResult, at: datetime) -> ChargeRequest:
    """Note, before approved money is asked for, that it is: from here on nobody gives the attempt up.

    ``BusinessError`` with ``PAYMENT_PENDING`` if anything happened to it since the charge was read.
    """
    attempt = _get_unchanged(charge)
    attempt.status, attempt.in_flight_since = settle(attempt.status, AttemptStatus.SENDING), at
    attempt.provider_ref, attempt.reason, attempt.approve_url = result.provider_ref, "", ""
    db.session.flush()
    outbox.reschedule(settle_message_key(charge), at + IN_FLIGHT_WINDOW)
    return replace(charge, provider_ref=attempt.provider_ref, approval=result.approval, version=attempt.version)


@transactional
def abandon(charge: ChargeRequest, at: datetime) -> None:
    """End an attempt of which nothing was taken: from here on nobody takes it.

    ``BusinessError`` with ``PAYMENT_PENDING`` if anything happened to it since the charge was read, or if the
    question for its money is not a minute old: its answer was lost, and it may still be carried out.
    """
    attempt = _get_unchanged(charge)
    if _is_in_flight(attempt, at):
        raise BusinessError(Refusal.PAYMENT_PENDING)
    attempt.status, attempt.in_flight_since = settle(attempt.status, AttemptStatus.REFUSED), None
    attempt.reason, attempt.approve_url, attempt.settled_at = GIVEN_UP, "", at


@transactional
def record_result(key: str, result: ProviderResult, at: datetime, version: int | None = None) -> bool:
    """Note what a provider answered about an attempt; ``False`` while it must be asked again.

    An answer that settles nothing is dropped if the attempt is no longer at the ``version`` it was asked about: it
    would hide that somebody has begun to take the money since.
    """
    attempt = _get_locked(key)
    if attempt.status is AttemptStatus.CAPTURED or (
        attempt.status is AttemptStatus.REFUSED and result.status is not AttemptStatus.CAPTURED
    ):
        _attach_saved_method(attempt, result, at)
        return True  # settled by another who asked: only money, or the account it came from, could still be news
    if result.status in OPEN and version not in {None, attempt.version}:
        return False
    was_asked = attempt.status is AttemptStatus.SENDING
    attempt.status = settle(attempt.status, result.status)
    if attempt.status not in OPEN or (was_asked and result.is_not_captured):
        attempt.in_flight_since = None  # else the provider may still be at it, whatever a look says meanwhile
    attempt.provider_ref = result.provider_ref or attempt.provider_ref
    attempt.reason, attempt.approve_url = result.reason, result.approve_url
    if result.approve_url or result.reason == SAVED_METHOD_ENDED:
        _detach_saved_method(attempt, result, at)
    if attempt.status is AttemptStatus.CAPTURED:
        record_payment(attempt.invoice, attempt.amount, attempt.provider, result.reference or key, attempt.provider, at)
        _attach_saved_method(attempt, result, at)
        if attempt.awaits_saved_method:  # asked for a little later, should nobody announce it
            later = at + _ACCOUNT_NAMED_WITHIN
            outbox.enqueue("settle", f"settle-{key}-saves", later, attempt=key, again=True)
    settled = attempt.status not in OPEN
    attempt.settled_at = at if settled else None
    return settled


def settle_message_key(charge: ChargeRequest) -> str:
    """The key of the message that has an attempt asked about."""
    return f"settle-{charge.key}"


def _to_request_if_idle(attempt: Attempt, at: datetime) -> ChargeRequest:
    """The charge of an attempt that no process is asking money for: what is said of it is not of a moment ago."""
    if attempt.status is AttemptStatus.SENDING and _is_in_flight(attempt, at):
        raise BusinessError(Refusal.PAYMENT_PENDING)
    return to_request(attempt)


def _is_in_flight(attempt: Attempt, at: datetime) -> bool:
    return attempt.in_flight_since is not None and at < attempt.in_flight_since + IN_FLIGHT_WINDOW


def _get_locked(key: str) -> Attempt:
    attempt = attempt_by_key(key)
    if attempt is None:
        raise LookupError(key)
    lock_client(attempt.invoice.client_id)
    return attempt


def _get_unchanged(charge: ChargeRequest) -> Attempt:
    """The attempt of a charge, locked; ``BusinessError`` with ``PAYMENT_PENDING`` if anything happened to it
    meanwhile."""
    attempt = _get_locked(charge.key)
    if attempt.status not in OPEN or attempt.version != charge.version:
        raise BusinessError(Refusal.PAYMENT_PENDING)
    return attempt


def _get_saved_method(invoice: Invoice, payment_choice: PaymentChoice) -> SavedMethod | None:
    if payment_choice.saved is None:
        return None
    method = db.session.get(SavedMethod, payment_choice.saved)
    if (
        method is None
        or method.ended_at
        or (method.client_id, method.provider) != (invoice.client_id, payment_choice.method)
    ):
        raise BusinessError(Refusal.SAVED_METHOD_ENDED)
    return method


def _detach_saved_method(attempt: Attempt, result: ProviderResult, at: datetime) -> None:
    """Its client must approve after all: the saved account is tried once and no more."""
    if attempt.saved_method is not None and result.reason == SAVED_METHOD_ENDED:
        saved_methods.end(attempt.saved_method, at)
    attempt.saved_method = None


def _attach_saved_method(attempt: Attempt, result: ProviderResult, at: datetime) -> None:
    """Keep the account that was saved with a payment, once its provider has named it."""
    if attempt.awaits_saved_method and result.saved is not None:
        saved_methods.keep(attempt, result.saved, at)


def to_request(attempt: Attempt) -> ChargeRequest:
    method = attempt.saved_method
    is_of_use = method is not None and method.ended_at is None and attempt.status in OPEN
    return ChargeRequest(
        key=attempt.key,
        provider=attempt.provider,
        amount=attempt.amount,
        invoice=attempt.invoice.number,
        locale=attempt.invoice.locale,
        provider_ref=attempt.provider_ref,
        return_url=attempt.return_url,
        save_method=attempt.save_method,
        saved=method.token if method is not None and is_of_use else "",
        version=attempt.version,
    )
