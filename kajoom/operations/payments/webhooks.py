"""What a provider announces is kept once and is a reason to ask, never to believe."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import Announcer, ForgedNotice, ProviderSilent
from kajoom.gateways.ports import Notice as Announced
from kajoom.models.db import db
from kajoom.models.webhook_event import Notice, notice_by_id
from kajoom.models.payment import Attempt, attempt_by_key, attempt_by_provider_ref
from kajoom.models.saved_method import saved_methods_known_as
from kajoom.operations import outbox
from kajoom.operations.transaction import deed

log = logging.getLogger(__name__)


class Hearing(StrEnum):
    """What became of a message: only one that was ``HEARD`` left anything behind."""

    HEARD = "heard"
    FORGED = "forged"
    UNVERIFIED = "unverified"


def hear(provider: Announcer, headers: Mapping[str, str], body: bytes, at: datetime) -> Hearing:
    """Verify a message and keep it; ``UNVERIFIED`` when that cannot be done now, so that it is sent again."""
    try:
        said = provider.notice(headers, body, at)
    except ForgedNotice as forged:
        log.warning("a message to %s was refused: %s", provider.code, forged)
        return Hearing.FORGED
    except ProviderSilent as silent:
        log.warning("a message of %s could not be verified: %s", provider.code, silent)
        return Hearing.UNVERIFIED
    try:
        _keep(provider.code, said, at)
    except IntegrityError:
        if not _is_kept(said.id):
            raise
        # The same message twice at the same moment: the other one was kept.
    return Hearing.HEARD


@deed
def _keep(provider: str, said: Announced, at: datetime) -> None:
    """Keep a message that is new, and have what it speaks of looked up: an attempt, also one that is over, or an
    account that was saved."""
    if notice_by_id(said.id) is not None:
        return
    db.session.add(
        Notice(
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
        outbox.tell("settle", f"settle-{attempt.key}-{said.id}", at, attempt=attempt.key, again=True)
    for method in saved_methods_known_as(provider, said.provider_ref):
        outbox.tell("check", f"check-{method.id}-{said.id}", at, saved_method=method.id)


def _is_asked_about(attempt: Attempt) -> bool:
    return attempt.status is not AttemptStatus.CAPTURED or attempt.awaits_saved_method


@deed
def _is_kept(notice_id: str) -> bool:
    return notice_by_id(notice_id) is not None
