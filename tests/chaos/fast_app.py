"""The application as a storm runs it: the same code, with delays of seconds instead of minutes, and wide limits."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from multiprocessing import parent_process
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import Any

from flask import Flask

from app import create_app
from kajoom.config import from_environment
from kajoom.gateways import Gateways
from kajoom.operations import outbox
from kajoom.operations.accounts import throttling
from kajoom.operations.payments import attempts, claims, pay, refunds
from kajoom.worker import loop
from tests.chaos import wide_limits
from tests.chaos.claim_checks import watch_claims

FOLDER_VARIABLE = "STORM_FOLDER"
"""The environment variable with the folder for a storm's files."""

_WRONG_CLAIMS = "wrong-claims.txt"
_CLAIM_CHECKS = ExitStack()
_SOON = timedelta(seconds=0.5)
_SLOW_SECONDS = 0.2
_SHORT_DELAYS: tuple[tuple[ModuleType, str, Any], ...] = (
    (outbox, "LEASE", timedelta(seconds=5)),
    (outbox, "_DELAYS", (_SOON, _SOON, 2 * _SOON, 4 * _SOON)),
    (outbox, "MAX_ATTEMPTS", 10_000),  # a payment that nobody approves is looked up for days
    (attempts, "IN_FLIGHT_WINDOW", timedelta(seconds=5)),
    (claims, "IN_FLIGHT_WINDOW", timedelta(seconds=5)),
    (refunds, "IN_FLIGHT_WINDOW", timedelta(seconds=5)),
    (pay, "_SOON", _SOON),
    (refunds, "_SOON", _SOON),
    (loop, "_POLL_SECONDS", 0.1),
    (throttling, wide_limits.NAME, wide_limits.WIDE_LIMITS),
)
"""Module, constant and the value that replaces it in the processes of a storm."""


def create_storm_app(environment: Mapping[str, str]) -> Flask:
    """The application, configured by environment variables."""
    return create_app(from_environment(Path(environment[FOLDER_VARIABLE]), environment))


def application() -> Flask:
    """The application with short delays, for gunicorn and workers; claims of what is not owed are written to a file."""
    _shorten_delays()
    _CLAIM_CHECKS.enter_context(watch_claims(_report_wrong_claim))
    app = create_storm_app(os.environ)
    gateways: Gateways = app.extensions["kajoom"]
    for gateway in (gateways.payments["demonstration"], gateways.panel):
        gateway._slow_seconds = _SLOW_SECONDS  # type: ignore[union-attr]
    return app


def wrong_claims(folder: Path) -> list[str]:
    """The claims of what was not owed, by any process of a storm."""
    file = folder / _WRONG_CLAIMS
    return file.read_text().splitlines() if file.exists() else []


def _report_wrong_claim(text: str) -> None:
    with (Path(os.environ[FOLDER_VARIABLE]) / _WRONG_CLAIMS).open("a") as file:
        file.write(f"{text}\n")


def work(environment: Mapping[str, str]) -> None:
    """What ``flask work`` does, with short delays, until SIGTERM."""
    os.environ.update(environment)
    logging.disable(logging.ERROR)  # a storm causes thousands of errors; its result is what the invariants find
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    loop.work_forever(application(), stop)


def _stop_with_parent(stop: Event) -> None:
    """End the worker when the storm's process ends, also when that is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        stop.set()


@contextmanager
def short_delays() -> Iterator[None]:
    """Use the short delays in this process, inside the block."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _SHORT_DELAYS]
    _shorten_delays()
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _shorten_delays() -> None:
    """``AttributeError`` when a constant no longer exists."""
    for module, name, value in _SHORT_DELAYS:
        getattr(module, name)
        setattr(module, name, value)
