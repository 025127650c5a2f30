"""The worker's day: each morning is announced once, and what is due is done until it is told to stop."""

from __future__ import annotations

import logging
import os
from datetime import date
from threading import Event, Lock, Thread

from flask import Flask

from kajoom import clock
from kajoom.operations.daily import enqueue_day
from kajoom.worker.consumer import run_once

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_starting = Lock()


def work_forever(app: Flask, stop: Event) -> None:
    """Do what is due, look again each second, and end between two messages once ``stop`` is set."""
    announced: date | None = None
    while not stop.is_set():
        try:
            announced = run_pending(app, stop, announced)
        except Exception:
            # The database may be away for a while; a worker that died of it would have to be missed by someone.
            log.exception("the worker could not go on, and tries again")
        stop.wait(_POLL_SECONDS)


def run_pending(app: Flask, stop: Event, announced: date | None = None) -> date:
    """Do all that is due now, and the day's own work unless that day is the one ``announced``; answers the day."""
    with app.app_context():
        today = clock.today()
        if today != announced:
            enqueue_day(today, clock.now())
    while not stop.is_set():
        with app.app_context():  # a session of its own for each message: nothing read for one is believed for the next
            if not run_once(app.extensions["kajoom"], clock.now()):
                break
    return today


def embed_worker(app: Flask) -> None:
    """Have this process work beside serving, from its first request on: a command, or a test, starts nothing."""

    @app.before_request
    def begin() -> None:
        if app.extensions.get("kajoom-worker") != os.getpid():
            _start(app)


def _start(app: Flask) -> None:
    """Once for each process; a thread does not follow a server that forks, so a started one is known by its process."""
    with _starting:
        if app.extensions.get("kajoom-worker") == os.getpid():
            return
        app.extensions["kajoom-worker"] = os.getpid()
    # A daemon: the lease makes it harmless to be cut off, and the server never waits for it to end.
    Thread(target=work_forever, args=(app, Event()), name="kajoom-worker", daemon=True).start()
