"""Large files: no transaction writes more than a batch, and an import that is killed is completed by the next one."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.imports import batch
from kajoom.operations.imports.batch import HowToImport, Progress
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services
from tests import factories
from tests.operations.imports.service_files import AT, DEMO, ON, file

pytestmark = pytest.mark.slow
SIZE, ROWS = 4, 11


@pytest.fixture(autouse=True)
def _small_batches(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch.BATCH_SIZE <= 2000  # of which a transaction takes a fraction of a second
    monkeypatch.setattr(batch, "BATCH_SIZE", SIZE)
    load_catalog((DEMO / "catalog.toml").read_bytes(), AT)
    factories.client(external_id="C1", email="c1@example.org")


def import_rows(progress: Progress = lambda done, rows: None, status: str = "active") -> None:
    content = file(*({"external_id": f"S{number}", "status": status} for number in range(ROWS)))
    rows = read_rows([content], ServiceRow)
    import_services(rows, ServiceImport(ON, AT, batch=HowToImport(progress=progress)))


def stored() -> list[tuple[str, str]]:
    db.session.rollback()
    return [(service.external_id, service.status) for service in db.session.query(Service).order_by(Service.id)]


@pytest.fixture
def written(app: Flask) -> Iterator[list[int]]:
    """How many rows of services each transaction has written, in the order of the commits."""
    counts, open_rows = list[int](), Counter[str]()

    def count(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("INSERT INTO service ", "UPDATE service ")):
            open_rows["service"] += len(parameters) if many else max(statement.count("(", 8) - 1, 1)

    def commit(_connection: Any) -> None:
        counts.append(open_rows.pop("service", 0))

    event.listen(db.engine, "before_cursor_execute", count)
    event.listen(db.engine, "commit", commit)
    yield counts
    event.remove(db.engine, "before_cursor_execute", count)
    event.remove(db.engine, "commit", commit)


def test_writers_have_a_turn_after_each_batch(written: list[int]) -> None:
    import_rows()
    assert [rows for rows in written if rows] == [4, 4, 3]
    written.clear()
    import_rows(status="suspended")
    assert [rows for rows in written if rows] == [4, 4, 3]


def test_rows_are_checked_before_the_first_is_written(written: list[int]) -> None:
    seen: list[tuple[str, int, int]] = []
    import_rows(lambda done, rows: seen.append((done, rows, sum(written))))
    assert seen == [("checked", 4, 0), ("checked", 8, 0), ("checked", 11, 0), *seen[3:]]
    assert seen[3:] == [("written", 4, 4), ("written", 8, 8), ("written", 11, 11)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a copy of the process")
def test_import_that_is_killed_between_two_batches_is_completed_by_the_next(app: Flask) -> None:
    def die(done: str, rows: int) -> None:
        if (done, rows) == ("written", 8):
            os.kill(os.getpid(), signal.SIGKILL)

    db.session.remove()
    child = os.fork()
    if not child:
        db.engine.dispose(close=False)  # its connections are those of the parent
        try:
            import_rows(die)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert len(stored()) == 8
    import_rows()
    whole = stored()
    assert whole == [(f"S{number}", "active") for number in range(ROWS)]
    import_rows()
    assert stored() == whole
