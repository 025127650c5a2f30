"""The outbox: messages written in the transaction that causes them, then leased, handled and marked by a worker."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from kajoom.models.db import db
from kajoom.models.outbox import Message, add_message, claim_message, is_any_due, leased_message, message_by_key
from kajoom.operations.transaction import transactional

LEASE = timedelta(minutes=2)
# Five seconds, then minutes, then hours: a provider that is down for a night is asked again in the morning.
_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 18000))
MAX_ATTEMPTS = 20


def enqueue(kind: str, key: str, at: datetime, **ids: Any) -> None:
    """Add a message to the current transaction, due ``at``; a second one with the same ``key`` is not added."""
    add_message(kind, key, ids, at)


def reschedule(key: str, at: datetime) -> None:
    """Within the current transaction, make a pending message due ``at`` if it was due later."""
    message = message_by_key(key)
    if message is not None and message.run_at > at:
        message.due_at = message.run_at = at


reschedule_message = transactional(reschedule)
"""``reschedule`` in a transaction of its own."""


def lease_next(at: datetime) -> Message | None:
    """Lease the next due message to the caller, or ``None``; a lease ends two minutes after a worker was killed.

    The queue is looked at without a write lock first: an idle worker delays no writer.
    """
    return _lease(at) if _is_any_due(at) else None


@transactional(read_only=True)
def _is_any_due(at: datetime) -> bool:
    return is_any_due(at)


@transactional
def _lease(at: datetime) -> Message | None:
    message = claim_message(at, at + LEASE, uuid4().hex)
    if message is not None:
        db.session.expunge(message)  # refreshing it after the commit would keep a transaction open during the request
    return message


@transactional
def mark_done(message_id: int, token: str, at: datetime) -> None:
    """Mark a message as done, unless its lease was lost to another worker."""
    message = leased_message(message_id, token)
    if message is not None:
        message.done_at, message.lease_until = at, None


@transactional
def retry_later(message_id: int, token: str, at: datetime, error: str) -> None:
    """Make a failed message due again, later each time; after the last attempt it is dead and needs a person."""
    message = leased_message(message_id, token)
    if message is not None:
        message.last_error, message.lease_until = error[:500], None
        if message.attempts >= MAX_ATTEMPTS:
            message.dead_at = at
        else:
            message.run_at = at + _delay(message.attempts)


@transactional
def dead_letter(message_id: int, token: str, at: datetime, error: str) -> None:
    """Mark a message that can never succeed as dead: a person must look at it."""
    message = leased_message(message_id, token)
    if message is not None:
        message.last_error, message.lease_until, message.dead_at = error[:500], None, at


def _delay(attempts: int) -> timedelta:
    base = _DELAYS[min(attempts, len(_DELAYS)) - 1]
    return base * random.uniform(1, 1.2)  # noqa: S311 - spreads retries over time; not used for security
