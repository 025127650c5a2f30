"""What managers do with a client's access: links, deactivation, reactivation, each in the audit and done once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from kajoom.domain.device import Device
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.audit import AuditRow
from kajoom.models.client import ERASED_DOMAIN, Client, client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.session import open_sessions
from kajoom.operations.accounts.access import LINK_INTERVAL, deactivate_client, reactivate_client, send_reset
from kajoom.operations.accounts.invitations import invite
from kajoom.operations.accounts.sessions import begin_session
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import rows

STAFF = "staff:7"


@pytest.fixture(autouse=True)
def holder() -> Client:
    """An active client with a password and an open session."""
    client = factories.client(email="c@example.com", password="a hash")
    assert begin_session(client.id, client.fs_uniquifier, Device("Firefox", "Linux", "203.0.113.x"), AT)
    return client


def acts() -> list[tuple[str, str]]:
    """The acts of the audit and who acted."""
    db.session.rollback()
    return [(row.act, row.actor) for row in db.session.scalars(select(AuditRow).order_by(AuditRow.id))]


def test_deactivated_client_has_no_session_and_no_link_until_reactivated(holder: Client) -> None:
    before = holder.fs_uniquifier
    deactivate_client("c@example.com", STAFF, AT)
    client = client_by_email("c@example.com")
    assert client is not None
    assert (client.active, open_sessions(client.id, AT)) == (False, [])
    assert client.fs_uniquifier != before
    assert begin_session(client.id, client.fs_uniquifier, Device("", "", ""), AT) is None
    with pytest.raises(BusinessError) as refused:
        deactivate_client("c@example.com", STAFF, AT)
    assert refused.value.code is StaffRefusal.DEACTIVATED
    reactivate_client("c@example.com", STAFF, AT)
    client = client_by_email("c@example.com")
    assert client is not None
    assert (client.active, client.password) == (True, "a hash")
    assert acts() == [("client_deactivated", STAFF), ("client_reactivated", STAFF)]


def test_link_is_sent_once_a_minute(holder: Client) -> None:
    send_reset("c@example.com", STAFF, AT)
    for at in (AT, AT + LINK_INTERVAL - timedelta(seconds=1)):
        with pytest.raises(BusinessError) as refused:
            send_reset("c@example.com", STAFF, at)
        assert refused.value.code is StaffRefusal.JUST_SENT
    send_reset("c@example.com", STAFF, AT + LINK_INTERVAL)
    assert [message.ids["email"] for message in rows(Message)] == ["password_reset"] * 2
    assert acts() == [("reset_sent", STAFF)] * 2


def test_second_invitation_within_a_minute_is_refused() -> None:
    factories.client(email="new@example.com")
    invite("new@example.com", STAFF, AT)
    with pytest.raises(BusinessError) as refused:
        invite("new@example.com", STAFF, AT)
    assert refused.value.code is StaffRefusal.JUST_SENT


@pytest.mark.parametrize(
    ("columns", "operation", "code"),
    [
        ({"active": False}, send_reset, StaffRefusal.DEACTIVATED),
        ({}, reactivate_client, StaffRefusal.NOT_DEACTIVATED),
        *(({"role": "agent"}, each, StaffRefusal.NO_CLIENT) for each in (send_reset, deactivate_client)),
        *(({"email": "other@example.com"}, each, StaffRefusal.NO_CLIENT) for each in (send_reset, reactivate_client)),
    ],
)
def test_act_is_refused_and_nothing_written(
    holder: Client, columns: dict[str, object], operation: object, code: StaffRefusal
) -> None:
    for name, value in columns.items():
        setattr(holder, name, value)
    db.session.commit()
    with pytest.raises(BusinessError) as refused:
        operation("c@example.com", STAFF, AT)  # type: ignore[operator]
    assert refused.value.code is code
    assert (acts(), rows(Message)) == ([], [])


def test_erased_client_is_not_reactivated(holder: Client) -> None:
    holder.active, holder.email = False, f"erased-1@{ERASED_DOMAIN}"
    db.session.commit()
    with pytest.raises(BusinessError) as refused:
        reactivate_client(f"erased-1@{ERASED_DOMAIN}", STAFF, AT)
    assert refused.value.code is StaffRefusal.NO_CLIENT
