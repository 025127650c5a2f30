"""Receiving providers' webhooks: each is stored once, and is a reason to look something up, never a proof."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError

from kajoom.domain.audit import Act
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason
from kajoom.gateways.ports import InvalidSignature, ProviderUnavailable, WebhookMessage, WebhookVerifier
from kajoom.models.audit import record_act
from kajoom.models.db import db
from kajoom.models.payment import Attempt, attempt_by_key, attempt_by_provider_ref
from kajoom.models.saved_method import saved_methods_by_token
from kajoom.models.webhook_event import WebhookEvent, lock_webhook_event, webhook_event_by_id
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)


class WebhookOutcome(StrEnum):
    """What became of a webhook; only one that was ``RECEIVED`` is stored."""

    RECEIVED = "received"
    INVALID_SIGNATURE = "invalid_signature"
    UNVERIFIED = "unverified"


def receive_webhook(provider: WebhookVerifier, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookOutcome:
    """Verify a webhook and store it; ``UNVERIFIED``, so that it is sent again, when that cannot be done now."""
    try:
        message = provider.verify_webhook(headers, body, at)
    except InvalidSignature as error:
        log.warning("a message to %s was refused: %s", provider.code, error)
        return WebhookOutcome.INVALID_SIGNATURE
    except ProviderUnavailable as error:
        log.warning("a message of %s could not be verified: %s", provider.code, error)
        return WebhookOutcome.UNVERIFIED
    try:
        _store(provider.code, message, at)
    except IntegrityError:
        # The same message may have been stored by another process at the same moment.
        if not _is_stored(message.id):
            raise
    return WebhookOutcome.RECEIVED


@transactional
def _store(provider: str, message: WebhookMessage, at: datetime) -> None:
    """Store a new message, and enqueue the look-up of the attempt or of the saved accounts that it names.

    An attempt is looked up even if it is settled: money may arrive after a refusal.
    """
    if webhook_event_by_id(message.id) is not None:
        return
    db.session.add(
        WebhookEvent(
            id=message.id,
            provider=provider,
            kind=message.kind,
            attempt_key=message.key,
            provider_ref=message.provider_ref,
            received_at=at,
        )
    )
    attempt = attempt_by_key(message.key) or attempt_by_provider_ref(provider, message.provider_ref)
    if attempt is not None and attempt.provider == provider and _may_have_news(attempt):
        outbox.enqueue("settle", f"settle-{attempt.key}-{message.id}", at, attempt=attempt.key, again=True)
    for method in saved_methods_by_token(provider, message.provider_ref):
        outbox.enqueue("check", f"check-{method.id}-{message.id}", at, saved_method=method.id)


@transactional
def close_notice(event_id: str, note: str, actor: str, at: datetime) -> None:
    """Close a refund, reversal or dispute that a provider reported, with what was done about it.

    ``BusinessError`` with ``NO_NOTICE``, ``NOTICE_CLOSED`` when somebody has closed it, or ``NO_REASON`` for an
    unusable note.
    """
    event = lock_webhook_event(event_id)
    if event is None:
        raise BusinessError(StaffRefusal.NO_NOTICE, id=event_id)
    if event.closed_at is not None:
        raise BusinessError(StaffRefusal.NOTICE_CLOSED, id=event_id, closed_by=event.closed_by, note=event.note)
    event.note, event.closed_by, event.closed_at = check_reason(note), actor, at
    attempt = attempt_by_key(event.attempt_key)
    invoice = attempt.invoice if attempt is not None else None
    # Audited rows are named by whole numbers, which an event has none of: its invoice says what it is about.
    record_act(Act.NOTICE_CLOSED, actor, at, client_id=invoice.client_id if invoice else None, subject=invoice)


def _may_have_news(attempt: Attempt) -> bool:
    return attempt.status is not AttemptStatus.CAPTURED or attempt.awaits_saved_method


@transactional(read_only=True)
def _is_stored(message_id: str) -> bool:
    return webhook_event_by_id(message_id) is not None
