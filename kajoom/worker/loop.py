"""The worker's loop: queues each day's work, handles due messages and seals the audit, until it is stopped."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import date, datetime
from threading import Event, Lock, Thread
from time import sleep

from flask import Flask

from kajoom import clock
from kajoom.domain.priority import Turns
from kajoom.models.lease import LeasedMessage
from kajoom.operations.accounts.links import signing_keys
from kajoom.operations.daily import enqueue_day, enqueue_digest
from kajoom.operations.orders.service_tasks import report_late_accounts
from kajoom.operations.orders.stuck import report_stuck_changes
from kajoom.operations.orders.usage import enqueue_measures
from kajoom.operations.outbox import lease_next
from kajoom.operations.upkeep.audit import seal_new_acts
from kajoom.worker.consumer import handle
from kajoom.worker.heartbeat import Heartbeat

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_DIGEST_HOUR = 6
"""The hour, in the host's time zone, at which the digest of the day is sent to staff."""

_EMBEDDED = "embedded-worker"
"""The key of the worker inside a serving process among the application's extensions."""


class EmbeddedWorker:
    """The process in which the worker's thread runs, 0 before it runs."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.process_id = 0


def work_forever(app: Flask, stop: Event) -> None:
    """Handle due messages, polling every second, and return between two messages once ``stop`` is set."""
    queued: date | None = None
    heartbeat, turns = Heartbeat(), Turns()
    while not stop.is_set():
        try:
            queued = run_pending(app, stop, queued, heartbeat, turns)
        except Exception:
            # The database may be unavailable for a while: the worker must outlive it.
            log.exception("the worker failed and tries again")
        _pause(stop)


def _pause(stop: Event) -> None:
    """Wait for a second, unless the worker is to stop.

    ``Event.wait`` would do it too, but with a timeout it waits by a clock that faketime does not set: under it, the
    worker would wait for ever.
    """
    if not stop.is_set():
        sleep(_POLL_SECONDS)


def run_pending(
    app: Flask,
    stop: Event,
    queued: date | None = None,
    heartbeat: Heartbeat | None = None,
    turns: Turns | None = None,
) -> date:
    """Handle everything that is due, and seal the audit; queue the day's run unless ``queued`` is that day.

    Returns the day.
    """
    heartbeat, turns = heartbeat or Heartbeat(), turns or Turns()
    with app.app_context():
        today = clock.today()
        if today != queued:
            enqueue_day(today, clock.now())
            # In the morning, so that it counts what the night's work has left; later when the worker starts later.
            enqueue_digest(today, max(clock.now(), clock.at_local_time(today, _DIGEST_HOUR)))
            enqueue_measures(today, clock.now())
        report_stuck_changes(clock.now())
        report_late_accounts(clock.now())
    try:
        _handle_due(app, stop, heartbeat, turns)
    finally:
        app.extensions["kajoom"].close_idle()
    return today


def _handle_due(app: Flask, stop: Event, heartbeat: Heartbeat, turns: Turns) -> None:
    message: LeasedMessage | None = None
    while message is not None or not stop.is_set():
        with app.app_context():  # a session for each message: none sees rows read for another
            message = message or lease_next(clock.now(), turns)
            is_idle = message is None
            if message is not None:
                message = handle(app.extensions["kajoom"], message, clock.now(), turns, _unless(stop))
            if heartbeat.beat(clock.now()) or is_idle:
                seal_new_acts(signing_keys(app.config), clock.now())
        if is_idle:
            break


def _unless(stop: Event) -> Callable[[], datetime | None]:
    """When the next message is to be due: now, unless the worker is to stop."""
    return lambda: None if stop.is_set() else clock.now()


def embed_worker(app: Flask) -> None:
    """Run a worker in a thread of each serving process: commands and tests start none.

    The server calls ``start_embedded_worker`` once its process is ready; one that does not has its worker started by
    the first request.
    """
    app.extensions[_EMBEDDED] = EmbeddedWorker()
    app.before_request(lambda: start_embedded_worker(app))


def start_embedded_worker(app: Flask) -> None:
    """Start the worker of this process, unless it runs already or the application has none of its own.

    A thread does not survive a fork, so it is known by its process id.
    """
    embedded: EmbeddedWorker | None = app.extensions.get(_EMBEDDED)
    if embedded is None or embedded.process_id == os.getpid():
        return
    with embedded.lock:
        if embedded.process_id == os.getpid():
            return
        embedded.process_id = os.getpid()
    # A daemon thread: the server does not wait for it, and the lease makes an interrupted message harmless.
    Thread(target=work_forever, args=(app, Event()), name="kajoom-worker", daemon=True).start()
