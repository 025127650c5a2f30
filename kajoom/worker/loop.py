"""The worker's loop: queues each day's run once and handles due messages until it is stopped."""

from __future__ import annotations

import logging
import os
from datetime import date
from threading import Event, Lock, Thread

from flask import Flask

from kajoom import clock
from kajoom.operations.daily import enqueue_day
from kajoom.operations.orders.stuck import report_stuck_changes
from kajoom.worker.consumer import run_once

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0


def work_forever(app: Flask, stop: Event) -> None:
    """Handle due messages, polling every second, and return between two messages once ``stop`` is set."""
    queued: date | None = None
    while not stop.is_set():
        try:
            queued = run_pending(app, stop, queued)
        except Exception:
            # The database may be unavailable for a while: the worker must outlive it.
            log.exception("the worker failed and tries again")
        stop.wait(_POLL_SECONDS)


def run_pending(app: Flask, stop: Event, queued: date | None = None) -> date:
    """Handle everything that is due, and queue the day's run unless ``queued`` is that day; returns the day."""
    with app.app_context():
        today = clock.today()
        if today != queued:
            enqueue_day(today, clock.now())
        report_stuck_changes(clock.now())
    while not stop.is_set():
        with app.app_context():  # a session for each message: none sees rows read for another
            if not run_once(app.extensions["kajoom"], clock.now()):
                break
    return today


def embed_worker(app: Flask) -> None:
    """Run a worker in a thread of each serving process, from its first request on: commands and tests start none."""
    lock = Lock()

    @app.before_request
    def begin() -> None:
        if app.extensions.get("kajoom-worker") != os.getpid():
            _start(app, lock)


def _start(app: Flask, lock: Lock) -> None:
    """Start the thread once per process: a thread does not survive a fork, so it is known by its process id."""
    with lock:
        if app.extensions.get("kajoom-worker") == os.getpid():
            return
        app.extensions["kajoom-worker"] = os.getpid()
    # A daemon thread: the server does not wait for it, and the lease makes an interrupted message harmless.
    Thread(target=work_forever, args=(app, Event()), name="kajoom-worker", daemon=True).start()
