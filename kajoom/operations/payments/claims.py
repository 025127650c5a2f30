"""Claiming the capture of approved money, and abandoning an attempt: what each process must commit before it acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kajoom.domain.payment import GIVEN_UP, INVOICE_CHANGED, AttemptEvent, advance, may_capture
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.db import db
from kajoom.models.payment import Attempt
from kajoom.operations import outbox
from kajoom.operations.payments.attempts import IN_FLIGHT_WINDOW, get_unchanged, is_in_flight, settle_message_key
from kajoom.operations.transaction import transactional


@transactional
def claim_capture(charge: ChargeRequest, result: ProviderResult, at: datetime) -> ChargeRequest | None:
    """Commit that approved money is about to be captured, so that nobody else captures it or abandons the attempt.

    What may be captured is decided here, with the client locked, from what the invoice still owes: unless it is open
    and its balance is exactly the attempt's amount (it was paid otherwise, in part or whole, credited or voided), the
    attempt is abandoned in this commit and ``None`` returned. Otherwise returns the charge with its approval and new
    version. ``BusinessError`` with ``PAYMENT_PENDING`` if the attempt changed since the charge was read, or if an
    attempt to be abandoned is still in flight.

    What remains is the time between this commit and the provider's answer, seconds as a rule: money that staff record
    for the invoice in between comes in addition to the capture, also one of a saved account, which needs no approval.
    The capture is not undone; ``record_payment`` turns what it exceeds into account credit and informs client and
    staff, who can refund it.
    """
    attempt = get_unchanged(charge)
    if not may_capture(attempt.amount, attempt.invoice.status, attempt.invoice.balance):
        if attempt.provider_ref and is_in_flight(attempt, at):  # without it no capture was requested yet
            raise BusinessError(Refusal.PAYMENT_PENDING)
        attempt.provider_ref = result.provider_ref
        _end(attempt, INVOICE_CHANGED, at)
        return None
    attempt.status, attempt.in_flight_since = advance(attempt.status, AttemptEvent.CAPTURE_CLAIMED), at
    attempt.provider_ref, attempt.reason, attempt.approve_url = result.provider_ref, "", ""
    db.session.flush()
    outbox.reschedule(settle_message_key(charge), at + IN_FLIGHT_WINDOW)
    return replace(charge, provider_ref=attempt.provider_ref, approval=result.approval, version=attempt.version)


@transactional
def abandon(charge: ChargeRequest, at: datetime, *, was_requested: bool = True) -> None:
    """End an attempt of which no money was taken: from then on nobody captures it.

    ``was_requested`` is whether its money may have been asked for. ``BusinessError`` with ``PAYMENT_PENDING`` if the
    attempt changed since the charge was read, or if its money was asked for less than ``IN_FLIGHT_WINDOW`` ago without
    an answer: the provider may still take it.
    """
    attempt = get_unchanged(charge)
    if was_requested and is_in_flight(attempt, at):
        raise BusinessError(Refusal.PAYMENT_PENDING)
    _end(attempt, GIVEN_UP, at)


def _end(attempt: Attempt, reason: str, at: datetime) -> None:
    """End an attempt without money, for one of our own reasons: from then on nobody captures it."""
    attempt.status, attempt.in_flight_since = advance(attempt.status, AttemptEvent.ABANDONED), None
    attempt.reason, attempt.approve_url, attempt.settled_at = reason, "", at
