"""What managers do with a client's access: send a link that chooses a password, deactivate it, and give it back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.domain.audit import Act
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.audit import record_act
from kajoom.models.client import Client, client_by_email, lock_client
from kajoom.models.outbox import was_written_since
from kajoom.operations.accounts.sessions import end_sessions
from kajoom.operations.outbox import enqueue
from kajoom.operations.transaction import transactional

LINK_INTERVAL = timedelta(minutes=1)
"""The least time between two e-mails of one kind with a link: two people who press a button together send one."""


@transactional
def send_reset(email: str, actor: str, at: datetime) -> int:
    """Queue the e-mail with a link to choose a new password, for a member of staff; returns the client's id.

    Raises ``BusinessError`` with ``NO_CLIENT``, ``DEACTIVATED``, or ``JUST_SENT`` within a minute of the last one.
    """
    client = _lock(email)
    if not client.active:
        raise BusinessError(StaffRefusal.DEACTIVATED, email=email)
    refuse_second_link(client, "password_reset", at)
    record_act(Act.RESET_SENT, actor, at, client_id=client.id)
    enqueue("email", f"password_reset-{uuid4().hex}", at, email="password_reset", client=client.id)
    return client.id


@transactional
def deactivate_client(email: str, actor: str, at: datetime) -> int:
    """Keep a client from signing in, and end their sessions and links; services go on. Returns the client's id.

    Raises ``BusinessError`` with ``NO_CLIENT``, and with ``DEACTIVATED`` when they are.
    """
    client = _lock(email)
    if not client.active:
        raise BusinessError(StaffRefusal.DEACTIVATED, email=email)
    client.active = False
    end_sessions(client, at)
    record_act(Act.CLIENT_DEACTIVATED, actor, at, client_id=client.id)
    return client.id


@transactional
def reactivate_client(email: str, actor: str, at: datetime) -> int:
    """Let a deactivated client sign in again, with the password they had; returns the client's id.

    Raises ``BusinessError`` with ``NO_CLIENT``, also for one who was erased, and ``NOT_DEACTIVATED``.
    """
    client = _lock(email)
    if client.active:
        raise BusinessError(StaffRefusal.NOT_DEACTIVATED, email=email)
    client.active = True
    record_act(Act.CLIENT_REACTIVATED, actor, at, client_id=client.id)
    return client.id


def refuse_second_link(client: Client, kind: str, at: datetime) -> None:
    """``BusinessError`` with ``JUST_SENT`` when an e-mail of this kind to a locked client was queued a moment ago."""
    if was_written_since(client.id, kind, at - LINK_INTERVAL):
        raise BusinessError(StaffRefusal.JUST_SENT, email=client.email)


def lock_client_of(email: str) -> Client:
    """Lock the client who has an address; ``BusinessError`` with ``NO_CLIENT`` for staff and for an unknown one."""
    found = client_by_email(email)
    if found is None or found.is_staff:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    return lock_client(found.id)


def _lock(email: str) -> Client:
    client = lock_client_of(email)
    if client.is_erased:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    return client
