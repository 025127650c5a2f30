"""Cancellation requests: effective when sent, and withdrawable until the service ends."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen, ends_on
from kajoom.domain.order import CALENDAR, CLIENT
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.models.cancellation import Cancellation, cancellation_by_key, cancellation_of, client_id_of_cancellation
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import next_number
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.operations import outbox
from kajoom.operations.billing import renewals
from kajoom.operations.orders.end_service import End, end_service
from kajoom.operations.transaction import transactional


def cancellation_refusal(service: ServiceSnapshot) -> Refusal | None:
    """Why a service cannot be cancelled now, or ``None`` when it can."""
    if service.status.has_ended:
        return Refusal.NOT_ACTIVE
    if service.open_cancellation is not None:
        return Refusal.CANCELLATION_REQUESTED
    return Refusal.CHANGE_UNDER_WAY if service.open_order is not None else None


@transactional
def request_cancellation(
    client_id: int,
    service_id: int,
    when: CancellationWhen,
    *,
    reason: str,
    key: str,
    locale: str,
    on: date,
    at: datetime,
) -> Cancellation:
    """Send a cancellation request, or return the one sent with the same key. It needs no approval.

    One for now ends the service at once, and the e-mail of its end is the receipt.

    Raises ``BusinessError`` when an open change must be cancelled first, when a request is already open, or when the
    service has ended; ``LookupError`` for a service that is not the client's.
    """
    lock_client(client_id)
    sent = cancellation_by_key(key)
    if sent is not None:
        return _check_same_form(sent, client_id, service_id, when)
    service = _get_cancellable(client_id, service_id, on)
    request = Cancellation(
        reference=f"RS-{on.year}-{next_number(f'cancellation-{on.year}'):06d}",
        key=key,
        client_id=client_id,
        service_id=service_id,
        status=CancellationStatus.OPEN,
        when=when,
        effective_on=ends_on(when, on, service.due),
        reason=reason,
        locale=locale,
        requested_at=at,
    )
    db.session.add(request)
    db.session.flush()  # assigns the id that the e-mail refers to
    _take_effect(request, on, at)
    return request


@transactional
def withdraw_cancellation(client_id: int, reference: str, at: datetime) -> Cancellation:
    """Withdraw a request: the service continues.

    Raises ``BusinessError`` with ``TOO_LATE`` once the service has ended, ``LookupError`` for another client's request.
    """
    lock_client(client_id)
    request = cancellation_of(client_id, reference)
    if request is None:
        raise LookupError(reference)
    if request.status is CancellationStatus.DONE:
        raise BusinessError(Refusal.TOO_LATE)
    if request.status is CancellationStatus.OPEN:
        request.status, request.closed_at = CancellationStatus.WITHDRAWN, at
        _send_email("cancellation_withdrawn", request, at)
    return request


@transactional
def carry_out_cancellation(cancellation_id: int, on: date, at: datetime) -> None:
    """End the service of an open request whose day has come."""
    lock_client(client_id_of_cancellation(cancellation_id))
    request = db.session.get_one(Cancellation, cancellation_id)
    if request.status is CancellationStatus.OPEN and request.effective_on <= on:
        end = End(ServiceStatus.CANCELLED, request.effective_on, CALENDAR, cancellation=request)
        end_service(request.service, end, on, at)


def _check_same_form(request: Cancellation, client_id: int, service_id: int, when: CancellationWhen) -> Cancellation:
    """The request sent with a key, if this is the same form sent again."""
    if (request.client_id, request.service_id, request.when) != (client_id, service_id, when):
        raise BusinessError(Refusal.KEY_REUSED)
    return request


def _get_cancellable(client_id: int, service_id: int, on: date) -> ServiceSnapshot:
    """The client's service; ``BusinessError`` when it cannot be cancelled now."""
    service = service_snapshot_of(client_id, service_id, on)
    if service is None:
        raise LookupError(service_id)
    refusal = cancellation_refusal(service)
    if refusal is not None:
        raise BusinessError(refusal)
    return service


def _take_effect(request: Cancellation, on: date, at: datetime) -> None:
    """End the service now, or void the renewals of the periods that it will not have and send a receipt."""
    if request.effective_on <= on:
        end_service(request.service, End(ServiceStatus.CANCELLED, on, CLIENT, cancellation=request), on, at)
    else:
        request.voided_renewal = renewals.void_renewals(request.service_id, at, request.effective_on)
        _send_email("cancellation_received", request, at)


def _send_email(email: str, request: Cancellation, at: datetime) -> None:
    outbox.enqueue("email", f"{email}-{request.reference}", at, email=email, cancellation=request.id)
