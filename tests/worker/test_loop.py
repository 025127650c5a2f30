"""The worker loop: handles what is due, queues each day once, survives errors, and stops between two messages."""

from __future__ import annotations

from contextvars import Context
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
import time_machine
from flask import Flask

from kajoom.gateways import Gateways
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.worker import loop
from kajoom.worker.loop import embed_worker, run_pending, work_forever
from tests import factories
from tests.fake_gateways import FakeMailer

NOW = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _time() -> Any:
    """Stop the clock at ``NOW``."""
    with time_machine.travel(NOW, tick=False):
        yield


class StopAfterWaits(Event):
    """A stop event that is set during the last of ``waits`` waits, as by a SIGTERM while the worker is idle."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        self.waits -= 1
        if self.waits <= 0:
            self.set()
        return self.is_set()


def queued_days() -> list[str]:
    """The keys of the messages that start a daily run, oldest first."""
    keys = [message.key for message in db.session.query(Message).filter_by(kind="day").order_by(Message.id)]
    db.session.rollback()  # an open transaction would block the worker's writes
    return keys


def test_all_due_messages_are_handled_before_a_wait(app: Flask, mailer: FakeMailer) -> None:
    for _ in range(3):
        factories.confirm(factories.service())
    run_pending(app, Event())
    assert len(mailer.sent) == 3


def test_loop_needs_no_application_context(app: Flask) -> None:
    Context().run(run_pending, app, Event())
    assert queued_days() == ["day-2026-06-16"]


def test_day_is_queued_once(app: Flask) -> None:
    work_forever(app, StopAfterWaits(waits=3))
    work_forever(app, StopAfterWaits(waits=1))
    assert queued_days() == ["day-2026-06-16"]


def test_next_day_is_queued_at_local_midnight(app: Flask) -> None:
    today = run_pending(app, Event())
    with time_machine.travel(datetime(2026, 6, 17, 3, 59, tzinfo=UTC), tick=False):  # 23:59 in Toronto
        today = run_pending(app, Event(), today)
    assert queued_days() == ["day-2026-06-16"]
    with time_machine.travel(datetime(2026, 6, 17, 4, 1, tzinfo=UTC), tick=False):  # 00:01
        run_pending(app, Event(), today)
    assert queued_days() == ["day-2026-06-16", "day-2026-06-17"]


def test_stopped_worker_takes_no_other_message(app: Flask, gateways: Gateways, mailer: FakeMailer) -> None:
    stop = Event()

    class StoppingMailer(FakeMailer):
        def send(self, email: Any) -> None:
            super().send(email)
            stop.set()

    stopping = StoppingMailer()
    app.extensions["kajoom"] = Gateways(panel=gateways.panel, mailer=stopping, payments=gateways.payments)
    for _ in range(3):
        factories.confirm(factories.service())
    work_forever(app, stop)
    assert len(stopping.sent) == 1
    assert db.session.query(Message).filter(Message.done_at.is_not(None)).count() >= 1


def test_worker_survives_a_database_outage(
    app: Flask, mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    factories.confirm(factories.service())
    engine = db.engine
    errors = [ConnectionError("the database is not available")]

    def connect(*args: Any, **kwargs: Any) -> Any:
        if errors:
            raise errors.pop()
        return original(*args, **kwargs)

    original = engine.connect
    monkeypatch.setattr(engine, "connect", connect)
    work_forever(app, StopAfterWaits(waits=2))
    assert "tries again" in caplog.text
    assert len(mailer.sent) == 1


def test_embedded_worker_starts_once_at_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask("tests")
    started: list[dict[str, Any]] = []

    class FakeThread:
        def __init__(self, **kwargs: Any) -> None:
            self.kwargs = kwargs

        def start(self) -> None:
            started.append(self.kwargs)

    monkeypatch.setattr(loop, "Thread", FakeThread)
    embed_worker(app)
    assert started == []
    for _ in range(3):
        app.test_client().get("/nowhere")
    assert [(kwargs["target"], kwargs["daemon"]) for kwargs in started] == [(work_forever, True)]
