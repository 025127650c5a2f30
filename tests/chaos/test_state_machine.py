"""Random sequences of what clients, staff, workers and crashes do never lose or double money or changes."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from kajoom.models.db import begin_mode, db
from tests.catalog_cache import forget_catalog
from tests.chaos.open_approvals import ClientAreaWithOpenApprovals
from tests.database import SqliteDatabase

SEQUENCES, STEPS = 40, 50


def test_no_sequence_of_events_loses_or_doubles_anything(sqlite_app: tuple[Flask, SqliteDatabase]) -> None:
    """On SQLite only, where restoring the database between two sequences is fastest."""
    app, database = sqlite_app

    def restore() -> None:
        db.session.remove()
        database.restore()
        forget_catalog()

    ClientAreaWithOpenApprovals.restore = staticmethod(restore)
    size = settings(
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    with ExitStack() as stack:
        stack.enter_context(app.app_context())
        stack.enter_context(begin_mode(read_only=True))
        run_state_machine_as_test(ClientAreaWithOpenApprovals, settings=size)
        db.session.remove()
