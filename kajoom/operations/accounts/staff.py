"""Accounts of the host's staff: created, given a role, and disabled by the operator's commands only."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from kajoom.domain.audit import APPLICATION, Act
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff import StaffRole
from kajoom.models.audit import record_act
from kajoom.models.client import Client, client_by_email, lock_client
from kajoom.models.db import db
from kajoom.models.factor import delete_factor
from kajoom.operations.accounts.sessions import end_sessions
from kajoom.operations.email_address import parse_email
from kajoom.operations.transaction import transactional


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """What an operator says of a member of the staff; ``locale`` is "fr" or "en", an empty name the address."""

    email: str
    role: StaffRole
    name: str = ""
    locale: str = "fr"


@transactional
def create_staff(
    details: StaffDetails, at: datetime, password_hash: str | None = None, actor: str = APPLICATION
) -> int:
    """Create an account of the staff, or open again one that is disabled or has no password yet; returns its id.

    It has no password, and one that was disabled no second factor either. A new link sets the password; an earlier one
    is of no use any more. An account that has a password only gets another role, which ends its sessions.
    ``password_hash`` is the demonstration's.

    Raises ``BusinessError`` with ``NO_ADDRESS``, with ``IS_CLIENT`` for the address of a client, and with
    ``ALREADY_ACTIVATED`` for an account that has a password and this role.
    """
    email = _parsed(details.email)
    found = client_by_email(email)
    client = lock_client(found.id) if found is not None else _new(email, details, at)
    if found is not None and not client.is_staff:
        raise BusinessError(StaffRefusal.IS_CLIENT, email=email)
    if client.active and client.password and client.role == details.role:
        raise BusinessError(StaffRefusal.ALREADY_ACTIVATED, email=email)
    if not client.active:
        client.active, client.password = True, None
        delete_factor(client.id)
    client.role, client.password = details.role.value, client.password or password_hash
    end_sessions(client, at)
    record_act(Act.STAFF_CREATED, actor, at, client_id=client.id)
    return client.id


@transactional
def disable_staff(email: str, at: datetime, actor: str = APPLICATION) -> int:
    """Disable an account of the staff and end its sessions; again is no error. Returns its id.

    ``BusinessError`` with ``NO_STAFF`` for an address that is no member's.
    """
    found = client_by_email(_parsed(email))
    if found is None or not found.is_staff:
        raise BusinessError(StaffRefusal.NO_STAFF, email=email)
    client = lock_client(found.id)
    client.active = False
    end_sessions(client, at)
    record_act(Act.STAFF_DISABLED, actor, at, client_id=client.id)
    return client.id


def _new(email: str, details: StaffDetails, at: datetime) -> Client:
    client = Client(
        external_id=f"staff-{uuid.uuid4().hex}",
        email=email,
        name=details.name or email,
        locale=details.locale,
        active=True,
        fs_uniquifier=uuid.uuid4().hex,
        created_at=at,
    )
    db.session.add(client)
    db.session.flush()
    return client


def _parsed(email: str) -> str:
    try:
        return parse_email(email.strip())
    except ValueError:
        raise BusinessError(StaffRefusal.NO_ADDRESS, email=email) from None
