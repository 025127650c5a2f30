"""The change of a client's e-mail address, with which they sign in: confirmed from the new one, told to the old one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from kajoom.domain.audit import Act
from kajoom.domain.order import CLIENT
from kajoom.models.address_change import AddressChange, address_change_by_id
from kajoom.models.audit import record_act
from kajoom.models.client import client_by_email, lock_client
from kajoom.models.db import db
from kajoom.operations.accounts.links import InvalidLink, Link
from kajoom.operations.accounts.sessions import end_sessions
from kajoom.operations.outbox import enqueue
from kajoom.operations.transaction import transactional


@transactional
def request_address_change(client_id: int, email: str, at: datetime) -> None:
    """Queue the e-mail that asks the new address, in the form of ``parse_email``, for its confirmation.

    An address that another account has is asked for in the same way, and no e-mail is written to it: the client is not
    told whose it is.
    """
    client = lock_client(client_id)
    change = AddressChange(client_id=client.id, old_email=client.email, new_email=email, requested_at=at)
    db.session.add(change)
    db.session.flush()
    enqueue("email", f"address_confirm-{change.id}", at, email="address_confirm", address_change=change.id)


@transactional
def confirm_address(link: Link, client_id: int, session_id: int, at: datetime) -> str:
    """Give the client the new address of a link, once, and end their other sessions; returns the address.

    Both addresses are written to. Raises ``InvalidLink`` for a link of another client, one that has been used, and when
    another account has the address meanwhile.
    """
    client, change = lock_client(client_id), address_change_by_id(link.about)
    if link.client_id != client_id or not link.fits(client) or change is None or change.client_id != client_id:
        raise InvalidLink
    if client_by_email(change.new_email) is not None:
        raise InvalidLink
    client.file_email = client.file_email or client.email
    client.email, change.confirmed_at = change.new_email, at
    try:
        db.session.flush()
    except IntegrityError:
        raise InvalidLink from None
    end_sessions(client, at, session_id)
    for recipient in ("old", "new"):
        key = f"address_changed-{change.id}-{recipient}"
        enqueue("email", key, at, email="address_changed", address_change=change.id, recipient=recipient)
    record_act(Act.ADDRESS_CHANGED, CLIENT, at, client_id=client.id, subject=change)
    return client.email
