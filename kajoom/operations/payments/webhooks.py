"""What a provider announces is kept once and is a reason to ask, never to believe."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import InvalidSignature, ProviderUnavailable, WebhookMessage, WebhookVerifier
from kajoom.models.db import db
from kajoom.models.payment import Attempt, attempt_by_key, attempt_by_provider_ref
from kajoom.models.saved_method import saved_methods_by_token
from kajoom.models.webhook_event import WebhookEvent, webhook_event_by_id
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)


class WebhookOutcome(StrEnum):
    """What became of a message: only one that was ``HEARD`` left anything behind."""

    HEARD = "heard"
    FORGED = "forged"
    UNVERIFIED = "unverified"


def receive_webhook(provider: WebhookVerifier, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookOutcome:
    """Verify a message and keep it; ``UNVERIFIED`` when that cannot be done now, so that it is sent again."""
    try:
        said = provider.verify_webhook(headers, body, at)
    except InvalidSignature as forged:
        log.warning("a message to %s was refused: %s", provider.code, forged)
        return WebhookOutcome.FORGED
    except ProviderUnavailable as silent:
        log.warning("a message of %s could not be verified: %s", provider.code, silent)
        return WebhookOutcome.UNVERIFIED
    try:
        _keep(provider.code, said, at)
    except IntegrityError:
        if not _is_kept(said.id):
            raise
        # The same message twice at the same moment: the other one was kept.
    return WebhookOutcome.HEARD


@transactional
def _keep(provider: str, said: WebhookMessage, at: datetime) -> None:
    """Keep a message that is new, and have what it speaks of looked up: an attempt, also one that is over, or an
    account that was saved."""
    if webhook_event_by_id(said.id) is not None:
        return
    db.session.add(
        WebhookEvent(
            id=said.id,
            provider=provider,
            kind=said.kind,
            attempt_key=said.key,
            provider_ref=said.provider_ref,
            received_at=at,
        )
    )
    attempt = attempt_by_key(said.key) or attempt_by_provider_ref(provider, said.provider_ref)
    if attempt is not None and attempt.provider == provider and _is_asked_about(attempt):
        outbox.enqueue("settle", f"settle-{attempt.key}-{said.id}", at, attempt=attempt.key, again=True)
    for method in saved_methods_by_token(provider, said.provider_ref):
        outbox.enqueue("check", f"check-{method.id}-{said.id}", at, saved_method=method.id)


def _is_asked_about(attempt: Attempt) -> bool:
    return attempt.status is not AttemptStatus.CAPTURED or attempt.awaits_saved_method


@transactional
def _is_kept(event_id: str) -> bool:
    return webhook_event_by_id(event_id) is not None
