"""The outbox as deeds: written in another deed's commit, taken under a lease, done once by whoever holds it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from kajoom.models.db import db
from kajoom.models.outbox import Message, claim_message, leased_message, message_by_key
from kajoom.operations.transaction import transactional

LEASE = timedelta(minutes=2)
# Five seconds, then minutes, then hours: a provider that is down for a night is still answered in the morning.
_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 18000))
MAX_ATTEMPTS = 20


def enqueue(kind: str, key: str, at: datetime, **ids: Any) -> None:
    """Add a message to the commit that is under way; the same ``key`` twice is told once."""
    if message_by_key(key) is None:
        db.session.add(Message(kind=kind, key=key, ids=ids, run_at=at))


def reschedule(key: str, at: datetime) -> None:
    """Within the commit under way, have a message that waits done by ``at``, if it was for later."""
    message = message_by_key(key)
    if message is not None and message.run_at > at:
        message.run_at = at


reschedule_message = transactional(reschedule)
"""The same as a deed of its own."""


@transactional
def lease_next(at: datetime) -> Message | None:
    """Take the next message that is due, under a lease that outlives a killed worker by two minutes at most."""
    message = claim_message(at, at + LEASE, uuid4().hex)
    if message is not None:
        db.session.expunge(message)  # read again after the commit, it would hold a transaction over the network
    return message


@transactional
def mark_done(message_id: int, token: str, at: datetime) -> None:
    """A message is done, unless its lease was lost to another who is at it."""
    message = leased_message(message_id, token)
    if message is not None:
        message.done_at, message.lease_until = at, None


@transactional
def retry_later(message_id: int, token: str, at: datetime, error: str) -> None:
    """Try again later, each time later still; after the last try the message waits for a person."""
    message = leased_message(message_id, token)
    if message is not None:
        message.last_error, message.lease_until = error[:500], None
        if message.attempts >= MAX_ATTEMPTS:
            message.dead_at = at
        else:
            message.run_at = at + _delay(message.attempts)


@transactional
def dead_letter(message_id: int, token: str, at: datetime, error: str) -> None:
    """A message that can never succeed waits for a person."""
    message = leased_message(message_id, token)
    if message is not None:
        message.last_error, message.lease_until, message.dead_at = error[:500], None, at


def _delay(attempts: int) -> timedelta:
    base = _DELAYS[min(attempts, len(_DELAYS)) - 1]
    return base * random.uniform(1, 1.2)  # noqa: S311 - spreads retries, guards nothing
