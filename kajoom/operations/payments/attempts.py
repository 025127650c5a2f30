"""An attempt is noted before the wire and after it: what is written here decides who may ask for money, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.payment import GIVEN_UP, OPEN, SAVED_METHOD_ENDED, AttemptStatus, Means, settle
from kajoom.domain.refusal import Refusal, Refused
from kajoom.gateways.ports import Answer, Charge
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, attempt_by_key, open_attempt_of
from kajoom.models.saved_method import SavedMethod
from kajoom.operations import outbox
from kajoom.operations.payments import saved_methods
from kajoom.operations.transaction import deed
from kajoom.operations.payments.receipts import receive

_ACCOUNT_NAMED_WITHIN = timedelta(minutes=5)
# Longer than any provider is waited for, so that the question is not asked while the first answer is on its way.
_UNHEARD = timedelta(minutes=1)


@deed
def begin(invoice_id: int, means: Means, return_url: str, at: datetime) -> Charge | None:
    """Write the attempt and commit it before anything is sent; ``None`` when nothing is left to pay.

    ``Refused`` with ``TOO_LATE`` for a void invoice, ``PAYMENT_PENDING`` while another attempt is not settled,
    ``SAVED_METHOD_ENDED`` when the account is not, or no longer, one of the client's.
    """
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    if invoice.status is InvoiceStatus.PAID:
        return None
    if invoice.status is InvoiceStatus.VOID:
        raise Refused(Refusal.TOO_LATE)
    if open_attempt_of(invoice_id) is not None:
        raise Refused(Refusal.PAYMENT_PENDING)
    attempt = Attempt(
        key=uuid4().hex,
        invoice_id=invoice_id,
        provider=means.method,
        return_url=return_url,
        saves=means.saves,
        saved_method=_saved(invoice, means),
        status=AttemptStatus.SENDING,
        cents=invoice.balance.cents,
        currency=invoice.currency,
        begun_at=at,
        on_wire_since=at,
    )
    attempt.invoice = invoice
    db.session.add(attempt)
    db.session.flush()  # gives it its first version
    # If this process dies before the answer is recorded, the worker asks the provider what became of it.
    charge = _wire(attempt)
    outbox.tell("settle", message_of(charge), at + _UNHEARD, attempt=charge.key)
    return charge


@deed
def unsettled(invoice_id: int, at: datetime) -> Charge | None:
    """The charge of the attempt at an invoice that is not settled, if there is one.

    ``Refused`` with ``PAYMENT_PENDING`` while money is being asked for it.
    """
    attempt = open_attempt_of(invoice_id)
    return None if attempt is None else _quiet(attempt, at)


@deed
def asked_about(key: str, at: datetime, again: bool) -> tuple[Charge, bool] | None:
    """The charge of an attempt to be asked about, and whether it is over; ``None`` when there is nothing to ask.

    ``Refused`` with ``PAYMENT_PENDING`` while money is being asked for it.
    """
    attempt = attempt_by_key(key)
    if attempt is None:
        return None
    if attempt.status not in OPEN:
        is_news = attempt.status is AttemptStatus.REFUSED or attempt.awaits_saved_method
        return (_wire(attempt), True) if again and is_news else None
    return _quiet(attempt, at), False


@deed
def claim(charge: Charge, answer: Answer, at: datetime) -> Charge:
    """Note, before approved money is asked for, that it is: from here on nobody gives the attempt up.

    ``Refused`` with ``PAYMENT_PENDING`` if anything happened to it since the charge was read.
    """
    attempt = _unchanged(charge)
    attempt.status, attempt.on_wire_since = settle(attempt.status, AttemptStatus.SENDING), at
    attempt.provider_ref, attempt.reason, attempt.approve_url = answer.provider_ref, "", ""
    db.session.flush()
    outbox.sooner(message_of(charge), at + _UNHEARD)
    return replace(charge, provider_ref=attempt.provider_ref, approval=answer.approval, version=attempt.version)


@deed
def drop(charge: Charge, at: datetime) -> None:
    """End an attempt of which nothing was taken: from here on nobody takes it.

    ``Refused`` with ``PAYMENT_PENDING`` if anything happened to it since the charge was read, or if the question for
    its money is not a minute old: its answer was lost, and it may still be carried out.
    """
    attempt = _unchanged(charge)
    if _is_on_wire(attempt, at):
        raise Refused(Refusal.PAYMENT_PENDING)
    attempt.status, attempt.on_wire_since = settle(attempt.status, AttemptStatus.REFUSED), None
    attempt.reason, attempt.approve_url, attempt.settled_at = GIVEN_UP, "", at


@deed
def record(key: str, answer: Answer, at: datetime, version: int | None = None) -> bool:
    """Note what a provider answered about an attempt; ``False`` while it must be asked again.

    An answer that settles nothing is dropped if the attempt is no longer at the ``version`` it was asked about: it
    would hide that somebody has begun to take the money since.
    """
    attempt = _locked(key)
    if attempt.status is AttemptStatus.CAPTURED or (
        attempt.status is AttemptStatus.REFUSED and answer.status is not AttemptStatus.CAPTURED
    ):
        _keep_saved(attempt, answer, at)
        return True  # settled by another who asked: only money, or the account it came from, could still be news
    if answer.status in OPEN and version not in {None, attempt.version}:
        return False
    was_asked = attempt.status is AttemptStatus.SENDING
    attempt.status = settle(attempt.status, answer.status)
    if attempt.status not in OPEN or (was_asked and answer.is_untaken):
        attempt.on_wire_since = None  # else the provider may still be at it, whatever a look says meanwhile
    attempt.provider_ref = answer.provider_ref or attempt.provider_ref
    attempt.reason, attempt.approve_url = answer.reason, answer.approve_url
    if answer.approve_url or answer.reason == SAVED_METHOD_ENDED:
        _leave_saved(attempt, answer, at)
    if attempt.status is AttemptStatus.CAPTURED:
        receive(attempt.invoice, attempt.amount, attempt.provider, answer.reference or key, attempt.provider, at)
        _keep_saved(attempt, answer, at)
        if attempt.awaits_saved_method:  # asked for a little later, should nobody announce it
            later = at + _ACCOUNT_NAMED_WITHIN
            outbox.tell("settle", f"settle-{key}-saves", later, attempt=key, again=True)
    settled = attempt.status not in OPEN
    attempt.settled_at = at if settled else None
    return settled


def message_of(charge: Charge) -> str:
    """The key of the message that has an attempt asked about."""
    return f"settle-{charge.key}"


def _quiet(attempt: Attempt, at: datetime) -> Charge:
    """The charge of an attempt that no process is asking money for: what is said of it is not of a moment ago."""
    if attempt.status is AttemptStatus.SENDING and _is_on_wire(attempt, at):
        raise Refused(Refusal.PAYMENT_PENDING)
    return _wire(attempt)


def _is_on_wire(attempt: Attempt, at: datetime) -> bool:
    return attempt.on_wire_since is not None and at < attempt.on_wire_since + _UNHEARD


def _locked(key: str) -> Attempt:
    attempt = attempt_by_key(key)
    if attempt is None:
        raise LookupError(key)
    lock_client(attempt.invoice.client_id)
    return attempt


def _unchanged(charge: Charge) -> Attempt:
    """The attempt of a charge, locked; ``Refused`` with ``PAYMENT_PENDING`` if anything happened to it meanwhile."""
    attempt = _locked(charge.key)
    if attempt.status not in OPEN or attempt.version != charge.version:
        raise Refused(Refusal.PAYMENT_PENDING)
    return attempt


def _saved(invoice: Invoice, means: Means) -> SavedMethod | None:
    if means.saved is None:
        return None
    method = db.session.get(SavedMethod, means.saved)
    if method is None or method.ended_at or (method.client_id, method.provider) != (invoice.client_id, means.method):
        raise Refused(Refusal.SAVED_METHOD_ENDED)
    return method


def _leave_saved(attempt: Attempt, answer: Answer, at: datetime) -> None:
    """Its client must approve after all: the saved account is tried once and no more."""
    if attempt.saved_method is not None and answer.reason == SAVED_METHOD_ENDED:
        saved_methods.end(attempt.saved_method, at)
    attempt.saved_method = None


def _keep_saved(attempt: Attempt, answer: Answer, at: datetime) -> None:
    """Keep the account that was saved with a payment, once its provider has named it."""
    if attempt.awaits_saved_method and answer.saved is not None:
        saved_methods.keep(attempt, answer.saved, at)


def _wire(attempt: Attempt) -> Charge:
    method = attempt.saved_method
    is_of_use = method is not None and method.ended_at is None and attempt.status in OPEN
    return Charge(
        key=attempt.key,
        provider=attempt.provider,
        amount=attempt.amount,
        invoice=attempt.invoice.number,
        locale=attempt.invoice.locale,
        provider_ref=attempt.provider_ref,
        return_url=attempt.return_url,
        saves=attempt.saves,
        saved=method.token if method is not None and is_of_use else "",
        version=attempt.version,
    )
