"""Whatever clients, staff, workers and crashes do, in whatever order: the money adds up, and so do the services."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from kajoom.models.db import begin_mode, db
from tests.catalog_cache import forget_catalog
from tests.chaos.state_machine import Life
from tests.database import SqliteDatabase

LIVES, STEPS = 40, 50


def test_no_order_of_events_loses_or_doubles_anything(alone: tuple[Flask, SqliteDatabase]) -> None:
    """On SQLite, where one life after the other begins soonest; the other faults are tried on both."""
    house, database = alone

    def begin() -> None:
        db.session.remove()
        database.restore()
        forget_catalog()

    Life.begin = staticmethod(begin)  # type: ignore[method-assign, assignment]
    sizes = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    with ExitStack() as stack:
        stack.enter_context(house.app_context())
        stack.enter_context(begin_mode(read_only=True))
        run_state_machine_as_test(Life, settings=sizes)
        db.session.remove()
