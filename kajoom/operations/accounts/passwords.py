"""A client's password: its hash, how a new one is asked for, and what a new one ends."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import uuid4

from kajoom.domain.audit import Act
from kajoom.domain.order import CLIENT
from kajoom.models.audit import record_act
from kajoom.models.client import Client, client_by_email, lock_client
from kajoom.operations.accounts.links import InvalidLink, Link, LinkKind
from kajoom.operations.accounts.sessions import end_sessions
from kajoom.operations.outbox import enqueue
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)


@transactional
def replace_password_hash(client_id: int, old: str, new: str) -> None:
    """Store another hash of the same password, unless the password has been changed since ``old`` was read."""
    client = lock_client(client_id)
    if client.password == old:
        client.password = new


@transactional
def request_reset(email: str, at: datetime) -> None:
    """Queue the e-mail with a link to choose a new password, for a client or a stranger alike.

    The message of a stranger, or of a deactivated client, names nobody, and no e-mail is written for it: what is done
    here takes the same time for all.
    """
    client = client_by_email(email)
    client_id = client.id if client is not None and client.active else None
    enqueue("email", f"password_reset-{uuid4().hex}", at, email="password_reset", client=client_id)
    log.info("password reset requested", extra={"client": client_id})


@transactional
def set_password(link: Link, password_hash: str, at: datetime) -> None:
    """Store the password that a client chose by a link, once: it ends every session and every link of the client.

    Raises ``InvalidLink`` when the link has been used, also a moment before by a request sent at the same time.
    """
    try:
        client = lock_client(link.client_id)
    except LookupError:
        raise InvalidLink from None
    if not link.fits(client):
        raise InvalidLink
    _store(client, password_hash, at, is_first=link.kind is LinkKind.INVITATION)


@transactional
def change_password(client_id: int, password_hash: str, at: datetime) -> None:
    """Store the password that a signed-in client chose: it ends every session, this one too, and every link."""
    _store(lock_client(client_id), password_hash, at)


def _store(client: Client, password_hash: str, at: datetime, *, is_first: bool = False) -> None:
    """Store a password, end the sessions, and write to the client, unless it is the first password of an invitation."""
    client.password = password_hash
    end_sessions(client, at)
    if not is_first:
        key = f"password_changed-{uuid4().hex}"
        enqueue("email", key, at, email="password_changed", client=client.id, changed_at=at.isoformat())
    record_act(Act.PASSWORD_SET, CLIENT, at, client_id=client.id)
