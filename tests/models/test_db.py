"""Transactions, locks, row versions, numbering and UTC instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.exc import InternalError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from kajoom.models.db import begin_mode, db
from kajoom.models.invoice import Counter, Invoice, next_number
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import rows

THREADS, TIMES = 8, 100


def test_concurrent_increments_are_all_counted(app: Flask) -> None:
    db.session.add(Counter(series="test", value=0))
    db.session.commit()
    barrier = Barrier(THREADS)

    def count() -> None:
        with app.app_context():
            barrier.wait()
            for _ in range(TIMES):
                counter = db.session.get_one(Counter, "test", with_for_update=True)
                counter.value += 1
                db.session.commit()

    threads = [Thread(target=count) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert db.session.get_one(Counter, "test").value == THREADS * TIMES


def test_reader_does_not_wait_for_a_writer_and_reads_committed_data(app: Flask) -> None:
    factories.service()
    db.session.query(Service).one().label = "written"
    db.session.flush()
    seen = []

    def read() -> None:
        with app.app_context(), begin_mode(read_only=True):
            seen.append(db.session.query(Service).one().label)

    thread = Thread(target=read)
    thread.start()
    thread.join()

    assert seen == [""]


def test_page_keeps_the_prepared_statements_of_postgresql_and_writes_nothing(app: Flask) -> None:
    """A statement is prepared at its sixth run, unless a ROLLBACK has made the driver forget it meanwhile."""
    factories.service()
    if db.engine.name == "sqlite":
        return
    with begin_mode(read_only=True, by_statement=True), db.engine.connect() as connection:
        for number in range(8):
            connection.scalar(select(Service.id).where(Service.id == 1000 + number))
            connection.rollback()  # as at the end of a page
        prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM service%'")
        assert connection.scalar(prepared) == 1
        with pytest.raises(InternalError, match="read-only transaction"):
            connection.execute(update(Service).values(label="written"))


def test_transactional_operation_writes_inside_a_read_only_block(app: Flask) -> None:
    """Two threads read, then write: without the write lock the second one would overwrite the first one's update."""
    factories.service()
    barrier = Barrier(2)

    @transactional
    def increment_quantity() -> None:
        row = db.session.query(Service).with_for_update().one()
        row.quantity += 1

    def run() -> None:
        with app.app_context(), begin_mode(read_only=True):
            assert db.session.query(Service).count() == 1
            barrier.wait()
            for _ in range(20):
                increment_quantity()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert db.session.query(Service).one().quantity == 41


def write_stale_row(table: type[Service] | type[Order] | type[Invoice]) -> None:
    """Write a row that another transaction has changed since it was read."""
    [row] = rows(table)
    db.session.execute(text(f'UPDATE "{table.__tablename__}" SET version = version + 1'))
    row.currency = "USD"
    db.session.flush()


@pytest.mark.parametrize("table", [Service, Order, Invoice])
def test_write_of_a_stale_row_is_an_error(table: type[Service] | type[Order] | type[Invoice]) -> None:
    factories.confirm(factories.service(), "b")

    with pytest.raises(StaleDataError):
        write_stale_row(table)


def test_transaction_reads_again_what_was_loaded_before_it(app: Flask) -> None:
    row = factories.service()
    assert row.label == ""

    def rename() -> None:
        with app.app_context():
            db.session.query(Service).one().label = "renamed"
            db.session.commit()

    @transactional
    def label_of(service: Service) -> str:
        return service.label

    db.session.rollback()
    thread = Thread(target=rename)
    thread.start()
    thread.join()

    assert label_of(row) == "renamed"


def test_lock_wait_has_a_timeout(app: Flask) -> None:
    query, timeout = {
        "sqlite": ("PRAGMA busy_timeout", 15_000),
        "postgresql": ("SHOW lock_timeout", "15s"),
    }[db.engine.dialect.name]

    assert db.session.execute(text(query)).scalar() == timeout


def test_closed_connection_is_replaced(app: Flask) -> None:
    factories.service()
    connection = db.session.connection().connection.dbapi_connection
    db.session.rollback()
    assert connection is not None
    connection.close()

    assert db.session.query(Service).count() == 1


def test_transaction_that_loses_a_deadlock_is_retried(app: Flask) -> None:
    """Two transactions lock two rows in opposite order: a deadlock on PostgreSQL; SQLite runs them one by one."""
    for series in ("a", "b"):
        next_number(series)
    db.session.commit()
    is_serial = db.engine.dialect.name == "sqlite"
    barrier = Barrier(1 if is_serial else 2)

    @transactional
    def count(first: str, then: str, tries: list[str]) -> None:
        next_number(first)
        tries.append(first)
        if len(tries) == 1:
            barrier.wait()
        next_number(then)

    def run(first: str, then: str, tries: list[str]) -> None:
        with app.app_context():
            count(first, then, tries)

    counted: tuple[list[str], list[str]] = ([], [])
    threads = [Thread(target=run, args=("a", "b", counted[0])), Thread(target=run, args=("b", "a", counted[1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {row.series: row.value for row in rows(Counter)} == {"a": 3, "b": 3}
    assert sum(map(len, counted)) == (2 if is_serial else 3)


def test_naive_datetime_is_rejected() -> None:
    db.session.add(Message(kind="email", key="k", ids={}, run_at=datetime(2026, 6, 16, 12)))  # noqa: DTZ001 - the point

    with pytest.raises(StatementError, match="a datetime needs a time zone"):
        db.session.flush()


def test_datetime_of_any_zone_is_read_back_in_utc() -> None:
    toronto = timezone(timedelta(hours=-4))
    message = Message(kind="email", key="k", ids={}, run_at=datetime(2026, 6, 16, 11, 0, tzinfo=toronto))
    db.session.add(message)
    db.session.commit()

    assert message.run_at == AT
    assert message.run_at.tzinfo is UTC
    assert message.lease_until is None


def test_each_series_is_numbered_from_one() -> None:
    assert [next_number("a"), next_number("a"), next_number("b"), next_number("a")] == [1, 2, 1, 3]


def test_number_of_a_rolled_back_transaction_is_used_again() -> None:
    next_number("a")
    db.session.commit()
    next_number("a")
    db.session.rollback()

    assert next_number("a") == 2


def test_sqlite_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "kajoom.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    engine.dispose()
    assert modes == dict.fromkeys(("kajoom.sqlite", "kajoom.sqlite-wal", "kajoom.sqlite-shm"), 0o600)


def test_mode_of_an_existing_sqlite_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "kajoom.sqlite"
    path.touch(0o640)
    engine = create_engine(f"sqlite:///{path}")
    engine.connect().close()
    engine.dispose()
    assert path.stat().st_mode & 0o777 == 0o640
