"""The health checks /healthz and /readyz."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import stamp
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from kajoom.models.db import db
from kajoom.models.outbox import Message, message_by_key
from kajoom.operations.outbox import enqueue
from kajoom.operations.transaction import transactional
from kajoom.operations.upkeep.heartbeat import record_heartbeat
from tests.conftest import Statements, set_time
from tests.web.conftest import NOON

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

add = transactional(enqueue)


@pytest.fixture
def at_noon(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without a worker, started at noon, when a worker was last heard."""
    stamp()
    monkeypatch.setitem(app.extensions, "started_at", NOON)
    record_heartbeat("w1", "web1:42", NOON, NOON)


def readiness(client: FlaskClient, **headers: str) -> tuple[int, Any]:
    db.session.rollback()
    response = client.get("/readyz", headers=headers)
    return response.status_code, response.json


def not_ready(*reasons: str) -> tuple[int, Any]:
    return 503, {"status": "not_ready", "reasons": list(reasons)}


READY = (200, {"status": "ready", "reasons": []})


def change(key: str, **columns: Any) -> None:
    """Change the columns of a message."""
    message = message_by_key(key)
    for name, value in columns.items():
        setattr(message, name, value)
    db.session.commit()


def test_running_process_is_alive(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"alive": True})


@pytest.mark.usefixtures("at_noon")
def test_ready_at_the_latest_migration_with_a_worker_and_without_late_messages(client: FlaskClient) -> None:
    add("email", "fresh", NOON, email="none")
    assert readiness(client) == READY


@pytest.mark.usefixtures("at_noon")
def test_worker_silent_for_five_minutes_makes_it_not_ready(app: Flask, client: FlaskClient) -> None:
    set_time(app, NOON + 5 * MINUTE)
    assert readiness(client) == READY
    set_time(app, NOON + 5 * MINUTE + timedelta(seconds=1))
    assert readiness(client) == not_ready("worker_silent")


@pytest.mark.parametrize(
    ("last", "started", "has_worker", "is_ready"),
    [
        (None, NOON, False, True),  # a worker may be about to start for the first time
        (None, NOON - 6 * MINUTE, False, False),
        (NOON - 20 * MINUTE, NOON, False, True),  # a deployment stopped it a while ago
        (NOON - 20 * MINUTE, NOON - 6 * MINUTE, False, False),
        (NOON - 11 * HOUR, NOON, False, False),  # nobody has heard a worker for hours, and this process has none
        (NOON - 11 * HOUR, NOON, True, True),  # this process's own worker is starting
        (NOON - 11 * HOUR, NOON - 6 * MINUTE, True, False),
    ],
)
def test_start_of_the_process_counts_while_a_worker_may_be_starting(
    app: Flask,
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    last: datetime | None,
    started: datetime,
    has_worker: bool,
    is_ready: bool,
) -> None:
    stamp()
    monkeypatch.setitem(app.extensions, "started_at", started)
    if has_worker:
        monkeypatch.setitem(app.extensions, "embedded-worker", object())
    if last is not None:
        record_heartbeat("w1", "web1:42", last, last)
    assert readiness(client) == (READY if is_ready else not_ready("worker_silent"))


@pytest.mark.usefixtures("at_noon")
def test_message_never_tried_for_ten_minutes_is_late(client: FlaskClient) -> None:
    add("email", "old", NOON - 10 * MINUTE, email="none")
    assert readiness(client) == not_ready("messages_late")
    change("old", attempts=1)
    assert readiness(client) == READY


@pytest.mark.usefixtures("at_noon")
def test_message_delayed_on_purpose_is_not_late(client: FlaskClient) -> None:
    add("email", "later", NOON + HOUR, email="none")
    assert readiness(client) == READY


@pytest.mark.usefixtures("at_noon")
def test_message_that_fails_for_an_hour_is_late_and_a_pending_one_is_not(client: FlaskClient) -> None:
    add("settle", "pending", NOON - 9 * HOUR, attempt="x")
    change("pending", attempts=7, run_at=NOON + HOUR)
    assert readiness(client) == READY
    change("pending", failing_since=NOON - HOUR)
    assert readiness(client) == not_ready("messages_late")
    change("pending", done_at=NOON)
    assert readiness(client) == READY


@pytest.mark.usefixtures("at_noon")
def test_dead_message_makes_it_not_ready_until_somebody_discards_it(client: FlaskClient) -> None:
    add("email", "dead", NOON, email="none")
    change("dead", dead_at=NOON)
    assert readiness(client) == not_ready("dead_messages")
    change("dead", done_at=NOON, discarded_by="staff:ana")
    assert readiness(client) == READY


@pytest.mark.usefixtures("at_noon")
def test_details_need_the_token(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    add("email", "old", NOON - 10 * MINUTE, email="none")
    old = db.session.query(Message.id).filter_by(key="old").scalar()
    assert "details" not in readiness(client, Authorization="Bearer ")[1]
    monkeypatch.setitem(app.config, "READY_TOKEN", "right-token")

    assert "details" not in readiness(client)[1]
    assert "details" not in readiness(client, Authorization="Bearer wrong-tokén")[1]
    assert readiness(client, Authorization="Bearer right-token")[1]["details"] == {
        "workers": [{"name": "web1:42", "seconds_since_last_round": 0}],
        "dead_messages": {},
        "late_messages": [old],
    }


@pytest.mark.usefixtures("app")
def test_older_migration_is_not_ready_and_nothing_else_is_asked(client: FlaskClient, statements: Statements) -> None:
    stamp(revision="base")
    with statements() as collected:
        assert readiness(client) == not_ready("migrations")
    assert [each for each in collected if "alembic_version" not in each] == ["SELECT 1"]
    db.session.execute(text("DROP TABLE alembic_version"))
    db.session.commit()
    assert readiness(client) == not_ready("migrations")


@pytest.mark.parametrize("error", [OperationalError("SELECT 1", {}, Exception("down")), ValueError("anything else")])
def test_unreachable_database_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(db.session, "execute", fail)
    response = client.get("/readyz")
    assert (response.status_code, response.json) == not_ready("database")
