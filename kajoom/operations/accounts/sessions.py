"""Sessions of clients: how they begin, how long they last, and what ends them."""

from __future__ import annotations

import logging
import secrets
import uuid
from datetime import datetime, timedelta

from kajoom.domain.audit import Act
from kajoom.domain.device import Device
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.audit import record_act
from kajoom.models.client import Client, client_by_email, lock_client
from kajoom.models.db import db
from kajoom.models.session import (
    ClientSession,
    end_open_sessions,
    hash_token,
    lock_session,
    open_sessions,
    session_of,
    session_of_token,
)
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)

IDLE = timedelta(hours=12)
IDLE_OF_STAFF = timedelta(hours=8)
LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=10)
"""How often the last use of a session is stored: a session may expire that much before its idle time is over."""

MOST_OPEN = 50
"""Open sessions of a client: one more ends the one that was used the longest ago."""

_TOKEN_BYTES = 32


@transactional
def begin_session(client_id: int, uniquifier: str, device: Device, at: datetime, former: str = "") -> str | None:
    """Begin a session of a client who has just signed in; returns the token for the cookie.

    ``former`` is the token that the browser had before, whose session ends. ``None`` when the client was deactivated,
    or all their sessions were ended, since the password was checked: ``uniquifier`` is the one of that time.
    """
    client = lock_client(client_id)
    previous = session_of_token(former) if former else None
    if previous is not None:
        _end(previous, at)
    if not client.active or client.fs_uniquifier != uniquifier:
        return None
    for surplus in open_sessions(client_id, at)[MOST_OPEN - 1 :]:
        _end(surplus, at)
    client.signed_in_at = at
    idle = IDLE_OF_STAFF if client.is_staff else IDLE
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    db.session.add(
        ClientSession(
            token_hash=hash_token(token),
            client_id=client_id,
            created_at=at,
            seen_at=at,
            expires_at=at + idle,
            idle_seconds=int(idle.total_seconds()),
            **device._asdict(),
        )
    )
    return token


@transactional
def replace_token(session_id: int, former: str) -> str | None:
    """Give a session another token, as when its client enters the password again; ``None`` when it has ended.

    Two requests that replace the same ``former`` token give one: the second gets ``None``.
    """
    row = lock_session(session_id)
    if row is None or row.token_hash != hash_token(former):
        return None
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row.token_hash = hash_token(token)
    return token


@transactional(wait=False)
def record_use(session_id: int, at: datetime) -> None:
    """Store when a session was last used, at most every ten minutes, unless another transaction has the lock."""
    row = lock_session(session_id, skip_locked=True)
    if row is None or at - row.seen_at < SEEN_EVERY:
        return
    row.seen_at = at
    row.expires_at = min(at + timedelta(seconds=row.idle_seconds), row.created_at + LONGEST)


@transactional
def close_session(client_id: int, session_id: int, at: datetime) -> None:
    """End a session of a client; one that has ended already is no error. ``LookupError`` when it is not theirs."""
    row = session_of(client_id, session_id)
    if row is None:
        raise LookupError("no such session")
    _end(row, at)


@transactional
def close_other_sessions(client_id: int, but: int, at: datetime) -> int:
    """End every session of a client except ``but``; returns how many."""
    return end_sessions(lock_client(client_id), at, but)


@transactional
def close_sessions_as_staff(email: str, actor: str, at: datetime) -> int:
    """End every session of the account of an address, a client's or the staff's; returns how many.

    ``BusinessError`` with ``NO_CLIENT`` when there is none.
    """
    found = client_by_email(email)
    if found is None:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    client = lock_client(found.id)
    record_act(Act.SESSIONS_ENDED, actor, at, client_id=client.id)
    return end_sessions(client, at)


def end_sessions(client: Client, at: datetime, but: int | None = None) -> int:
    """End the sessions of a client, all or all except ``but``, in the transaction of the caller; returns how many.

    Called inside an operation that changes the password or the address, or deactivates the client, whose row it has
    locked. Without ``but`` a sign-in that is under way fails as well, as the client's ``fs_uniquifier`` changes.
    """
    ended = end_open_sessions(client.id, at, but)
    if but is None:
        client.fs_uniquifier = uuid.uuid4().hex
    log.info("sessions ended", extra={"client": client.id, "sessions": ended})
    return ended


def _end(row: ClientSession, at: datetime) -> None:
    if row.ended_at is None:
        row.ended_at = at
        log.info("session ended", extra={"client": row.client_id, "session": row.id})
