"""Old messages, webhook events and sessions are deleted, a thousand at a time; what is still needed stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from kajoom.domain.device import Device
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.panel_callback import PanelCallbackRow, add_panel_callback
from kajoom.models.session import ClientSession
from kajoom.models.task import Task
from kajoom.models.webhook_event import WebhookEvent
from kajoom.operations import daily
from kajoom.operations.accounts.sessions import begin_session, close_session
from kajoom.operations.daily import delete_old_rows
from kajoom.operations.payments.webhooks import close_notice
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def add_message(key: str, *, done_at: datetime | None, dead_at: datetime | None = None) -> Message:
    message = Message(kind="email", key=key, ids={}, run_at=AT - 400 * DAY, done_at=done_at, dead_at=dead_at)
    db.session.add(message)
    db.session.commit()
    return message


def add_event(event_id: str, received_at: datetime, kind: str = "PAYMENT.CAPTURE.COMPLETED") -> None:
    columns = {"provider": "paypal", "attempt_key": "", "provider_ref": "", "received_at": received_at}
    db.session.add(WebhookEvent(id=event_id, kind=kind, **columns))
    db.session.commit()


def test_messages_done_ninety_days_ago_are_deleted() -> None:
    add_message("old", done_at=AT - 90 * DAY - SECOND)
    add_message("recent", done_at=AT - 90 * DAY)
    add_message("waiting", done_at=None)
    add_message("dead", done_at=None, dead_at=AT - 400 * DAY)
    add_message("overdue-2026-0001", done_at=AT - 400 * DAY)

    delete_old_rows(AT)

    assert {message.key for message in rows(Message)} == {"recent", "waiting", "dead", "overdue-2026-0001"}
    with nothing_written():
        delete_old_rows(AT)


def test_webhook_events_received_half_a_year_ago_are_deleted_except_those_open_for_staff() -> None:
    add_event("old", AT - 180 * DAY - SECOND)
    add_event("recent", AT - 180 * DAY)
    add_event("dispute", AT - 400 * DAY, "CUSTOMER.DISPUTE.CREATED")
    add_event("closed", AT - 400 * DAY, "CUSTOMER.DISPUTE.CREATED")
    close_notice("closed", "answered", "staff:7", AT - 399 * DAY)

    delete_old_rows(AT)

    assert {event.id for event in rows(WebhookEvent)} == {"recent", "dispute"}


def test_expired_sessions_are_deleted_whether_they_were_ended_or_not() -> None:
    client = factories.client()
    device = Device("", "", "")
    for at in (AT - DAY, AT - timedelta(hours=12), AT - HOUR, AT):
        begin_session(client.id, client.fs_uniquifier, device, at)
    close_session(client.id, rows(ClientSession)[0].id, AT - DAY)
    close_session(client.id, rows(ClientSession)[2].id, AT)

    delete_old_rows(AT + SECOND)

    assert [row.created_at for row in rows(ClientSession)] == [AT - HOUR, AT]


def test_task_about_a_deleted_message_stays() -> None:
    message = add_message("old", done_at=AT - 91 * DAY)
    row = factories.service()
    db.session.add(Task(kind="stuck", key="k", service_id=row.id, message_id=message.id, opened_at=AT - 91 * DAY))
    db.session.commit()

    delete_old_rows(AT)

    assert rows(Message) == []
    assert [task.message_id for task in rows(Task)] == [None]


def test_rows_are_deleted_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "_DELETED_AT_ONCE", 2)
    for number in range(5):
        add_message(f"old-{number}", done_at=AT - 100 * DAY)
    commits: list[object] = []
    count = commits.append
    event.listen(db.engine, "commit", count)

    delete_old_rows(AT)

    event.remove(db.engine, "commit", count)
    assert len(commits) >= 3
    assert rows(Message) == []


def test_reports_of_panels_received_ninety_days_ago_are_deleted() -> None:
    for message_id, at in (("old", AT - 90 * DAY - SECOND), ("recent", AT - 90 * DAY)):
        add_panel_callback("s1", message_id, "provision-1", "done", "", at)
    db.session.commit()

    delete_old_rows(AT)

    assert [row.id for row in rows(PanelCallbackRow)] == ["s1/recent"]
