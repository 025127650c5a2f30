"""The worker loop: handles what is due, queues each day once, survives errors, and stops between two messages."""

from __future__ import annotations

from contextvars import Context
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event

from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.models.db import db
from kajoom.models.heartbeat import heartbeats
from kajoom.models.outbox import Message
from kajoom.operations.upkeep.heartbeat import record_heartbeat
from kajoom.worker import loop
from kajoom.worker.heartbeat import Heartbeat
from kajoom.worker.loop import embed_worker, run_pending, start_embedded_worker, work_forever
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel
from tests.worker.email_parts import parse, without_digest

NOW = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _time() -> Any:
    """Stop the clock at ``NOW``."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two rounds, have ``StopAfterWaits`` count instead of waiting for a second."""
    monkeypatch.setattr(loop, "_pause", lambda stop: stop.wait(1))


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
    assert len(without_digest(mailer.sent)) == 3


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


def queued_digests() -> dict[str, datetime]:
    """When each digest that was queued is due, by its key; without those for one person each."""
    found = db.session.query(Message).filter(Message.key.regexp_match("^staff_digest-[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
    due = {message.key: message.due_at for message in found}
    db.session.rollback()
    return due


@pytest.mark.parametrize(
    ("started", "due"),
    [(datetime(2026, 6, 16, 4, 0, tzinfo=UTC), datetime(2026, 6, 16, 10, 0, tzinfo=UTC)), (NOW, NOW)],
    ids=["at midnight", "in the day"],
)
def test_digest_is_queued_once_a_day_for_the_morning_or_at_once(app: Flask, started: datetime, due: datetime) -> None:
    with time_machine.travel(started, tick=False):
        for _ in range(2):
            run_pending(app, Event())
    assert queued_digests() == {"staff_digest-2026-06-16": due}


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
    assert db.session.query(Message).filter(Message.lease_until.is_not(None)).count() == 0


def test_message_is_leased_in_the_commit_that_ends_the_one_before(app: Flask) -> None:
    run_pending(app, Event())  # writes what is written once a day
    assert commits_for_emails(4, app) - commits_for_emails(1, app) == 3


def commits_for_emails(count: int, app: Flask) -> int:
    """How many commits a round of the worker has that sends so many e-mails."""
    for _ in range(count):
        factories.confirm(factories.service())
    commits: list[object] = []
    mailer = FakeMailer()
    app.extensions["kajoom"] = Gateways(panel=FakePanel(), mailer=mailer, payments={})

    def add(connection: object) -> None:
        commits.append(connection)

    event.listen(db.engine, "commit", add)
    run_pending(app, Event(), NOW.date())
    event.remove(db.engine, "commit", add)
    assert len(mailer.sent) == count
    return len(commits)


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
    assert len(without_digest(mailer.sent)) == 1


def test_connection_to_the_mail_server_ends_once_nothing_is_due(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[int] = []

    def close(_gateways: Gateways) -> None:
        waiting.append(db.session.query(Message).filter(Message.done_at.is_(None), Message.run_at <= NOW).count())
        db.session.rollback()

    monkeypatch.setattr(Gateways, "close_idle", close)
    factories.confirm(factories.service())
    run_pending(app, Event())
    assert waiting == [0]


def last_rounds() -> list[datetime]:
    """When each worker last finished a round, the last one first."""
    seen = [row.seen_at for row in heartbeats()]
    db.session.rollback()
    return seen


def test_worker_records_when_it_last_finished_a_round(app: Flask) -> None:
    work_forever(app, StopAfterWaits(waits=3))
    assert last_rounds() == [NOW]


def test_heartbeat_is_written_every_twenty_seconds(app: Flask, statements: Any) -> None:
    heartbeat = Heartbeat()
    writes = []
    for seconds in (0, 1, 19, 20, 39, 40):
        with statements() as collected:
            heartbeat.beat(NOW + timedelta(seconds=seconds))
        writes.append(bool(collected))
    assert writes == [True, False, False, True, False, True]
    assert last_rounds() == [NOW + timedelta(seconds=40)]


def test_worker_whose_rounds_fail_records_none(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> bool:
        raise RuntimeError("no message can be leased")

    monkeypatch.setattr(loop, "lease_next", fail)
    work_forever(app, StopAfterWaits(waits=3))
    assert last_rounds() == []


def test_worker_silent_for_a_day_is_forgotten(app: Flask) -> None:
    for worker, hours in (("a", 0), ("b", 10), ("c", 24), ("d", 25)):
        at = NOW + timedelta(hours=hours)
        record_heartbeat(worker, worker, NOW, at)
    assert last_rounds() == [NOW + timedelta(hours=hours) for hours in (25, 24, 10)]


def test_each_worker_has_its_own_heartbeat(app: Flask) -> None:
    for _ in range(2):
        work_forever(app, StopAfterWaits(waits=1))
    assert last_rounds() == [NOW, NOW]


def test_change_that_is_stuck_is_reported_by_the_loop(app: Flask, gateways: Gateways, mailer: FakeMailer) -> None:
    panel = FakePanel(*[PanelResult(PanelStatus.PENDING)] * 50)
    app.extensions["kajoom"] = Gateways(panel=panel, mailer=mailer, payments=gateways.payments)
    order = factories.confirm(factories.service(recurring_cents=22_500), "b")
    for minutes in (0, 30, 61, 90, 300):
        with time_machine.travel(factories.AT + timedelta(minutes=minutes), tick=False):
            run_pending(app, Event())
    late = [parse(email) for email in mailer.sent if order.reference in email.as_string()]
    subjects = [str(email["Subject"]) for email in late if "bloqué" in email["Subject"] or "temps" in email["Subject"]]
    assert len(subjects) == 2


def test_embedded_worker_starts_once_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started = started_threads(monkeypatch)
    app = Flask("tests")
    start_embedded_worker(app)
    assert started == []  # this application has no worker of its own
    embed_worker(app)
    for _ in range(3):
        start_embedded_worker(app)
    app.test_client().get("/nowhere")
    assert len(started) == 1
    monkeypatch.setattr("os.getpid", lambda: -1)  # after a fork, which the thread does not survive
    start_embedded_worker(app)
    assert len(started) == 2


def test_embedded_worker_starts_at_the_first_request_at_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    started = started_threads(monkeypatch)
    app = Flask("tests")
    embed_worker(app)
    assert started == []
    for _ in range(3):
        app.test_client().get("/nowhere")
    assert [(kwargs["target"], kwargs["daemon"]) for kwargs in started] == [(work_forever, True)]


def started_threads(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of the threads that are started from now on, none of which runs."""
    started: list[dict[str, Any]] = []

    class FakeThread:
        def __init__(self, **kwargs: Any) -> None:
            self.kwargs = kwargs

        def start(self) -> None:
            started.append(self.kwargs)

    monkeypatch.setattr(loop, "Thread", FakeThread)
    return started
