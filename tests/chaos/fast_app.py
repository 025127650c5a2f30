"""The house as a storm runs it: the same code, with leases and waits of seconds where a host's are of minutes."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import parent_process
from pathlib import Path
from threading import Event, Thread

from flask import Flask

from app import create_app
from kajoom.config import from_environment
from kajoom.gateways import Gateways
from kajoom.operations import outbox
from kajoom.operations.payments import attempts, pay, refunds
from kajoom.worker import loop

FOLDER = "STORM_FOLDER"
"""The variable that says where a storm keeps its files, so that none of them lands beside the code."""


_SOON = timedelta(seconds=0.5)
_SHORT = (
    (outbox, "LEASE", timedelta(seconds=5)),
    (outbox, "_DELAYS", (_SOON, _SOON, 2 * _SOON, 4 * _SOON)),
    (outbox, "MAX_ATTEMPTS", 10_000),  # who has not approved yet is asked about for as many days as it takes
    (attempts, "IN_FLIGHT_WINDOW", timedelta(seconds=5)),
    (refunds, "IN_FLIGHT_WINDOW", timedelta(seconds=5)),
    (pay, "_SOON", _SOON),
    (refunds, "_SOON", _SOON),
    (loop, "_POLL_SECONDS", 0.1),
)


def house(environment: Mapping[str, str]) -> Flask:
    """The house of a storm, configured by variables as any host's is."""
    return create_app(from_environment(Path(environment[FOLDER]), environment))


def application() -> Flask:
    """What gunicorn serves, in a hurry until the process ends."""
    _shorten()
    served = house(os.environ)
    doors: Gateways = served.extensions["kajoom"]
    for door in (doors.payments["demonstration"], doors.panel):
        door._slow_seconds = 0.2  # type: ignore[union-attr]
    return served


def work(environment: Mapping[str, str]) -> None:
    """What `flask work` does, in a hurry, until told to stop."""
    os.environ.update(environment)
    logging.disable(logging.ERROR)  # what a storm breaks is told by what is left, not line by line
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    loop.work_forever(application(), stop)


def _stop_with_parent(stop: Event) -> None:
    """No worker outlives the storm, also when the storm is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        stop.set()


@contextmanager
def for_a_while() -> Iterator[None]:
    """This process is in a hurry inside, and as patient as ever afterwards."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _SHORT]
    _shorten()
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _shorten() -> None:
    for module, name, value in _SHORT:
        setattr(module, name, value)
