"""The outbox: messages written in the transaction that causes them, then leased, handled and marked by a worker."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from kajoom.domain.audit import Act
from kajoom.domain.priority import Turns
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason
from kajoom.domain.task import AlertKind
from kajoom.models.audit import record_act
from kajoom.models.lease import LeasedMessage, claim_message, finish_leased, is_any_due, leased_message
from kajoom.models.outbox import (
    Message,
    add_emails,
    add_message,
    last_run_at,
    lock_message,
    lock_message_by_key,
    message_by_key,
)
from kajoom.operations.transaction import transactional

LEASE = timedelta(minutes=2)
# Five seconds, then minutes, then hours: a provider that is down for a night is asked again in the morning.
_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 18000))
MAX_ATTEMPTS = 20
_PANEL_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 900, 1800))
_DELAYS_UNTIL_DONE = {"provision": _PANEL_DELAYS, "suspension": _PANEL_DELAYS, "terminate": _PANEL_DELAYS}
"""The kinds of message that are never given up: tried until they are done, each half hour in the end."""
_ALERT_INTERVAL = timedelta(hours=1)


def enqueue(kind: str, key: str, at: datetime, **ids: Any) -> None:
    """Add a message to the current transaction, due ``at``; a second one with the same ``key`` is not added."""
    add_message(kind, key, ids, at)


def enqueue_emails(email: str, about: Iterable[tuple[str, int, Mapping[str, int]]], at: datetime) -> None:
    """Add e-mails of one kind to clients to the current transaction, as ``enqueue`` does.

    ``about`` gives for each the end of its key, the id of the client, and the ids of what it is about.
    """
    add_emails([(f"{email}-{name}", client_id, ids) for name, client_id, ids in about], email, at)


def restart(kind: str, key: str, at: datetime, **ids: Any) -> None:
    """Within the current transaction, make a message due ``at`` as if it were new, also one that is done or dead."""
    message = message_by_key(key)
    if message is None:
        enqueue(kind, key, at, **ids)
        return
    _restart(message, at)


def handle_again(kind: str, key: str, at: datetime, **ids: Any) -> None:
    """Within the current transaction, have a message handled from ``at`` on as if it were new.

    One that a worker is handling stays leased until that worker's lease ends: it then is handled once more, whatever
    became of it, and never by two workers at a time.
    """
    message = lock_message_by_key(key)
    if message is None:
        enqueue(kind, key, at, **ids)
        return
    lease_until = message.lease_until if message.done_at is None and message.dead_at is None else None
    _restart(message, at)
    message.lease_until = lease_until


@transactional
def retry_message(message_id: int, actor: str, at: datetime) -> None:
    """Make a dead or retried message due now, as if it were new.

    Raises ``BusinessError`` with ``NO_MESSAGE`` for an unknown one and ``NOT_WAITING`` for one that is done.
    """
    message = _get_unfinished(message_id)
    record_act(Act.JOB_RETRIED, actor, at, subject=message)
    _restart(message, at)


@transactional
def discard_message(message_id: int, actor: str, note: str, at: datetime) -> None:
    """Give up a message that has failed, and record who did it and why.

    Raises ``BusinessError`` as ``retry_message``, with ``UNTIL_DONE`` for one that is tried until it is done (what it
    carries out is ended instead), with ``NOT_DEAD`` for one that has not failed, and ``NO_REASON`` for a wrong note.
    """
    message = _get_unfinished(message_id)
    if is_tried_until_done(message.kind):
        raise BusinessError(StaffRefusal.UNTIL_DONE, id=message_id)
    if message.dead_at is None and message.failing_since is None:
        raise BusinessError(StaffRefusal.NOT_DEAD, id=message_id)
    message.done_at, message.discarded_by, message.discard_note = at, actor, check_reason(note)
    message.lease_until = message.lease_token = None
    record_act(Act.JOB_DISCARDED, actor, at, subject=message)


def is_tried_until_done(kind: str) -> bool:
    """Whether messages of a kind are never given up."""
    return kind in _DELAYS_UNTIL_DONE


def _get_unfinished(message_id: int) -> Message:
    message = lock_message(message_id)
    if message is None:
        raise BusinessError(StaffRefusal.NO_MESSAGE, id=message_id)
    if message.done_at is not None:
        raise BusinessError(StaffRefusal.NOT_WAITING, id=message_id)
    return message


def _restart(message: Message, at: datetime) -> None:
    message.due_at = message.run_at = at
    message.attempts, message.last_error, message.discarded_by, message.discard_note = 0, "", "", ""
    message.lease_until = message.lease_token = message.failing_since = message.done_at = message.dead_at = None
    message.sent_at = None


def alert_staff(alert: AlertKind, about: str, at: datetime, **ids: Any) -> None:
    """Add an e-mail to staff to the current transaction, at most one an hour for each ``alert`` and ``about``.

    The e-mail names everything there is when it is sent: what happens within the hour waits for the next one.
    """
    prefix = f"staff_alert-{alert}-{about}"
    last = last_run_at([_alert_key(prefix, at + hours * _ALERT_INTERVAL) for hours in (-1, 0, 1)])
    if last is None or last <= at:
        due = at if last is None else max(at, last + _ALERT_INTERVAL)
        enqueue("email", _alert_key(prefix, due), due, email="staff_alert", alert=alert, about=about, **ids)


def _alert_key(prefix: str, at: datetime) -> str:
    return f"{prefix}-{at.astimezone(UTC):%Y%m%d%H}"


send_alert = transactional(alert_staff)
"""``alert_staff`` in a transaction of its own."""


def reschedule(key: str, at: datetime) -> None:
    """Within the current transaction, make a pending message due ``at`` if it was due later."""
    message = message_by_key(key)
    if message is not None and message.run_at > at:
        message.due_at = message.run_at = at


reschedule_message = transactional(reschedule)
"""``reschedule`` in a transaction of its own."""


@transactional
def split_email(key: str, ids: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], at: datetime) -> None:
    """Queue an e-mail once for each of the parts: the end of its key, and the ids of those to whom it is written."""
    for end, recipients in parts.items():
        add_message("email", f"{key}-{end}", {**ids, **recipients}, at)


def lease_next(at: datetime, turns: Turns | None = None) -> LeasedMessage | None:
    """Lease the next due message to the caller, or ``None``; a lease ends two minutes after a worker was killed.

    ``turns`` are those of the caller's earlier messages. The queue is looked at without a write lock first: an idle
    worker delays no writer.
    """
    return _lease(turns or Turns(), at) if _is_any_due(at) else None


_is_any_due = transactional(read_only=True)(is_any_due)


def _claim(turns: Turns, at: datetime) -> LeasedMessage | None:
    return claim_message(turns, at, at + LEASE, uuid4().hex)


_lease = transactional(_claim)


@transactional
def mark_done(
    message_id: int,
    token: str,
    at: datetime,
    next_at: datetime | None = None,
    turns: Turns | None = None,
    *,
    is_sent: bool = False,
) -> LeasedMessage | None:
    """Mark a message as done, unless its lease was lost to another worker; ``is_sent`` says that an e-mail was sent.

    With ``next_at``, the next message that is due then is leased in the same commit and returned, as by ``lease_next``.
    """
    finish_leased(message_id, token, at, at if is_sent else None)
    return _claim(turns or Turns(), next_at) if next_at is not None else None


@transactional
def retry_later(message_id: int, token: str, at: datetime, error: str, *, is_pending: bool = False) -> bool:
    """Make a message due again, later each time; after the last failed attempt it is dead. Returns whether it is.

    ``is_pending`` says that it did not fail, its outcome is only not known yet: it is then tried for ever, each day in
    the end. Messages of a kind that is tried until it is done never die.
    """
    message = leased_message(message_id, token)
    if message is None:
        return False
    message.last_error, message.lease_until = error[:500], None
    message.failing_since = None if is_pending else message.failing_since or at
    if message.attempts >= MAX_ATTEMPTS and not is_pending and not is_tried_until_done(message.kind):
        _mark_dead(message, at)
    else:
        message.run_at = at + _delay(message.kind, message.attempts)
    return message.dead_at is not None


@transactional
def dead_letter(message_id: int, token: str, at: datetime, error: str) -> None:
    """Mark a message that can never succeed as dead: a person must look at it."""
    message = leased_message(message_id, token)
    if message is not None:
        message.last_error, message.lease_until = error[:500], None
        message.failing_since = message.failing_since or at
        _mark_dead(message, at)


def _mark_dead(message: Message, at: datetime) -> None:
    """Mark a message as dead, and write to staff about it."""
    message.dead_at = at
    alert_staff(AlertKind.DEAD_MESSAGE, message.kind, at)


def _delay(kind: str, attempts: int) -> timedelta:
    if attempts >= MAX_ATTEMPTS and not is_tried_until_done(kind):
        return timedelta(days=1)
    delays = _DELAYS_UNTIL_DONE.get(kind, _DELAYS)
    base = delays[min(attempts, len(delays)) - 1]
    return base * random.uniform(1, 1.2)  # noqa: S311 - spreads retries over time; not used for security
