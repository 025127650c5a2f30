"""Invitations: who gets one, and that nobody gets two while the first is valid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.operations.accounts import invitations
from kajoom.operations.accounts.invitations import invite, invite_all
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import rows

WEEK, MINUTE, SECOND = timedelta(days=7), timedelta(minutes=1), timedelta(seconds=1)


def client_with(**columns: object) -> Client:
    """A client without a password, changed by ``columns``."""
    client = factories.client()
    client.password = None
    for name, value in columns.items():
        setattr(client, name, value)
    db.session.commit()
    return client


def invited() -> list[int]:
    """The clients whose invitations are queued."""
    return [message.ids["client"] for message in rows(Message) if message.ids["email"] == "invitation"]


def test_every_active_client_without_a_password_is_invited_once_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "_BATCH", 2)
    ids = [client_with().id for _ in range(3)]
    client_with(password="a hash")
    client_with(active=False)
    client_with(role="agent")
    assert invite_all("staff:lea", AT) == 3
    assert invite_all("staff:lea", AT + WEEK - SECOND) == 0
    assert invited() == ids
    assert invite_all("staff:lea", AT + WEEK) == 3


def test_client_named_by_address_is_invited_again() -> None:
    client = client_with(email="invited@example.com")
    for at, address in ((AT - MINUTE, " Invited@Example.com"), (AT, "invited@example.com")):
        assert invite(address, "staff:lea", at) == client.id
    assert invited() == [client.id] * 2
    assert invite_all("staff:lea", AT) == 0


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"email": "other@example.com"}, StaffRefusal.NO_CLIENT),
        ({"password": "a hash"}, StaffRefusal.ALREADY_ACTIVATED),
        ({"active": False}, StaffRefusal.DEACTIVATED),
        ({"role": "agent"}, StaffRefusal.NO_CLIENT),
    ],
)
def test_client_who_needs_no_invitation_is_refused_by_name(columns: dict[str, object], code: StaffRefusal) -> None:
    client_with(**{"email": "invited@example.com", **columns})
    with pytest.raises(BusinessError) as refused:
        invite("invited@example.com", "staff:lea", AT)
    assert refused.value.code is code
    assert invited() == []


def test_text_that_is_no_address_is_no_client() -> None:
    with pytest.raises(BusinessError) as refused:
        invite("nobody", "staff:lea", AT)
    assert refused.value.code is StaffRefusal.NO_CLIENT
