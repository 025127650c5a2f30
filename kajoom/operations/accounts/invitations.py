"""Invitations: the e-mail with which a client who was imported without a password chooses one."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from kajoom.domain.audit import Act
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.audit import record_act
from kajoom.models.client import Client, client_by_email, lock_client, lock_clients_to_invite
from kajoom.operations.accounts.access import refuse_second_link
from kajoom.operations.accounts.links import VALID_FOR, LinkKind
from kajoom.operations.email_address import parse_email
from kajoom.operations.outbox import enqueue
from kajoom.operations.transaction import transactional

_BATCH = 500


@transactional
def invite(email: str, actor: str, at: datetime) -> int:
    """Queue an invitation, also when one was sent before; returns the client's id.

    Raises ``BusinessError`` with ``NO_CLIENT`` for an address that is no client's, ``ALREADY_ACTIVATED`` for a client
    who has a password, ``DEACTIVATED``, and ``JUST_SENT`` within a minute of the last one.
    """
    client = _client_of(email)
    if client is None:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    client = lock_client(client.id)
    if not client.active:
        raise BusinessError(StaffRefusal.DEACTIVATED, email=email)
    if client.password:
        raise BusinessError(StaffRefusal.ALREADY_ACTIVATED, email=email)
    refuse_second_link(client, "invitation", at)
    _queue(client, actor, at)
    return client.id


def invite_all(actor: str, at: datetime) -> int:
    """Queue an invitation for every active client without a password; returns how many.

    Those whose last invitation is still valid are passed over, so that running it twice writes to nobody twice.
    """
    total = 0
    while count := _invite_batch(actor, at):
        total += count
    return total


@transactional
def _invite_batch(actor: str, at: datetime) -> int:
    clients = lock_clients_to_invite(at - VALID_FOR[LinkKind.INVITATION], _BATCH)
    for client in clients:
        _queue(client, actor, at, bulk=True)
    return len(clients)


def _queue(client: Client, actor: str, at: datetime, **more: bool) -> None:
    client.invited_at = at
    record_act(Act.INVITED, actor, at, client_id=client.id)
    enqueue("email", f"invitation-{uuid4().hex}", at, email="invitation", client=client.id, **more)


def _client_of(email: str) -> Client | None:
    """The client of an address; staff are no clients."""
    try:
        client = client_by_email(parse_email(email.strip()))
    except ValueError:
        return None
    return None if client is None or client.is_staff else client
