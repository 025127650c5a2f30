"""A worker does what is due, announces each day once, survives a fault, and ends between two messages."""

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
def _today() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


class Stopping(Event):
    """Is set after so many waits, as by a SIGTERM that comes while the worker rests."""

    def __init__(self, rests: int) -> None:
        super().__init__()
        self.rests = rests

    def wait(self, timeout: float | None = None) -> bool:
        self.rests -= 1
        if self.rests <= 0:
            self.set()
        return self.is_set()


def days() -> list[str]:
    told = [message.key for message in db.session.query(Message).filter_by(kind="day").order_by(Message.id)]
    db.session.rollback()  # or the worker would wait for this test to let go of the database
    return told


def test_everything_due_is_done_before_a_rest(app: Flask, mailer: FakeMailer) -> None:
    for _ in range(3):
        factories.confirm(factories.service())
    run_pending(app, Event())
    assert len(mailer.sent) == 3


def test_loop_needs_no_application_context_of_its_caller(app: Flask) -> None:
    Context().run(run_pending, app, Event())
    assert days() == ["day-2026-06-16"]


def test_day_is_announced_once_while_it_lasts(app: Flask) -> None:
    work_forever(app, Stopping(rests=3))
    work_forever(app, Stopping(rests=1))
    assert days() == ["day-2026-06-16"]


def test_next_day_is_announced_in_its_turn(app: Flask) -> None:
    today = run_pending(app, Event())
    with time_machine.travel(datetime(2026, 6, 17, 3, 59, tzinfo=UTC), tick=False):  # 23:59 in Toronto
        today = run_pending(app, Event(), today)
    assert days() == ["day-2026-06-16"]
    with time_machine.travel(datetime(2026, 6, 17, 4, 1, tzinfo=UTC), tick=False):  # 00:01
        run_pending(app, Event(), today)
    assert days() == ["day-2026-06-16", "day-2026-06-17"]


def test_worker_told_to_stop_takes_no_other_message(app: Flask, doors: Gateways, mailer: FakeMailer) -> None:
    stop = Event()

    class StoppedMeanwhile(FakeMailer):
        def send(self, email: Any) -> None:
            super().send(email)
            stop.set()

    told = StoppedMeanwhile()
    app.extensions["kajoom"] = Gateways(panel=doors.panel, mailer=told, payments=doors.payments)
    for _ in range(3):
        factories.confirm(factories.service())
    work_forever(app, stop)
    assert len(told.sent) == 1
    assert db.session.query(Message).filter(Message.done_at.is_not(None)).count() >= 1


def test_database_that_is_away_for_a_while_ends_no_worker(
    app: Flask, mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    factories.confirm(factories.service())
    engine = db.engine
    away = [ConnectionError("the database is away")]

    def connect(*given: Any, **named: Any) -> Any:
        if away:
            raise away.pop()
        return through(*given, **named)

    through = engine.connect
    monkeypatch.setattr(engine, "connect", connect)
    work_forever(app, Stopping(rests=2))
    assert "tries again" in caplog.text
    assert len(mailer.sent) == 1


def test_serving_process_starts_one_worker_at_its_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask("tests")
    started: list[dict[str, Any]] = []

    class Recorded:
        def __init__(self, **how: Any) -> None:
            self.how = how

        def start(self) -> None:
            started.append(self.how)

    monkeypatch.setattr(loop, "Thread", Recorded)
    embed_worker(app)
    assert started == []
    for _ in range(3):
        app.test_client().get("/nowhere")
    assert [(how["target"], how["daemon"]) for how in started] == [(work_forever, True)]
