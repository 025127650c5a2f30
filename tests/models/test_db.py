"""Writers wait their turn, readers do not, a stale write is an error, and an instant always has a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm.exc import StaleDataError

from kajoom.models.db import Base, begin_mode, db
from kajoom.models.invoice import Counter, Invoice, next_number
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import rows

THREADS, TIMES = 8, 100


def test_eight_hundred_read_then_write_increments_of_eight_threads_all_count(app: Flask) -> None:
    db.session.add(Counter(series="test", value=0))
    db.session.commit()
    together = Barrier(THREADS)

    def count() -> None:
        with app.app_context():
            together.wait()
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


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(app: Flask) -> None:
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


def test_a_deed_writes_where_all_else_reads(app: Flask) -> None:
    """Two that read first and write then: one that only read could not write over what the other wrote."""
    factories.service()
    together = Barrier(2)

    @transactional
    def quantity_raised() -> None:
        row = db.session.query(Service).with_for_update().one()
        row.quantity += 1

    def alone() -> None:
        with app.app_context(), begin_mode(read_only=True):
            assert db.session.query(Service).count() == 1
            together.wait()
            for _ in range(20):
                quantity_raised()

    threads = [Thread(target=alone) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert db.session.query(Service).one().quantity == 41


def two_sessions_on(table: type[Base]) -> None:
    """The same row changed by another between our read and our write."""
    [row] = rows(table)
    db.session.execute(text(f'UPDATE "{table.__tablename__}" SET version = version + 1'))
    row.currency = "USD"
    db.session.flush()


@pytest.mark.parametrize("table", [Service, Order, Invoice])
def test_a_write_over_a_change_that_was_not_seen_is_an_error(table: type[Base]) -> None:
    factories.confirm(factories.service(), "b")

    with pytest.raises(StaleDataError):
        two_sessions_on(table)


def test_a_deed_forgets_what_was_read_before_it(app: Flask) -> None:
    row = factories.service()
    assert row.label == ""

    def rename() -> None:
        with app.app_context():
            db.session.query(Service).one().label = "renamed"
            db.session.commit()

    @transactional
    def label_of(found: Service) -> str:
        return found.label

    db.session.rollback()
    thread = Thread(target=rename)
    thread.start()
    thread.join()

    assert label_of(row) == "renamed"


def test_nobody_waits_for_a_lock_for_ever(app: Flask) -> None:
    question, result = {
        "sqlite": ("PRAGMA busy_timeout", 15_000),
        "postgresql": ("SHOW lock_timeout", "15s"),
    }[db.engine.dialect.name]

    assert db.session.execute(text(question)).scalar() == result


def test_a_connection_that_was_cut_is_replaced(app: Flask) -> None:
    factories.service()
    snapshot = db.session.connection().connection.dbapi_connection
    db.session.rollback()
    assert snapshot is not None
    snapshot.close()

    assert db.session.query(Service).count() == 1


def test_a_deed_that_loses_to_another_is_done_again(app: Flask) -> None:
    """Each of two deeds holds what the other wants next; SQLite lets one begin after the other."""
    for series in ("a", "b"):
        next_number(series)
    db.session.commit()
    takes_turns = db.engine.dialect.name == "sqlite"
    together = Barrier(1 if takes_turns else 2)

    @transactional
    def count(first: str, then: str, tries: list[str]) -> None:
        next_number(first)
        tries.append(first)
        if len(tries) == 1:
            together.wait()
        next_number(then)

    def alone(first: str, then: str, tries: list[str]) -> None:
        with app.app_context():
            count(first, then, tries)

    counted: tuple[list[str], list[str]] = ([], [])
    threads = [Thread(target=alone, args=("a", "b", counted[0])), Thread(target=alone, args=("b", "a", counted[1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {row.series: row.value for row in rows(Counter)} == {"a": 3, "b": 3}
    assert sum(map(len, counted)) == (2 if takes_turns else 3)


def test_an_instant_without_a_zone_is_refused() -> None:
    db.session.add(Message(kind="email", key="k", ids={}, run_at=datetime(2026, 6, 16, 12)))  # noqa: DTZ001 - the point

    with pytest.raises(StatementError, match="an instant needs a zone"):
        db.session.flush()


def test_an_instant_of_any_zone_comes_back_the_same_and_in_utc() -> None:
    toronto = timezone(timedelta(hours=-4))
    message = Message(kind="email", key="k", ids={}, run_at=datetime(2026, 6, 16, 11, 0, tzinfo=toronto))
    db.session.add(message)
    db.session.commit()

    assert message.run_at == AT
    assert message.run_at.tzinfo is UTC
    assert message.lease_until is None


def test_each_series_is_numbered_from_one() -> None:
    assert [next_number("a"), next_number("a"), next_number("b"), next_number("a")] == [1, 2, 1, 3]


def test_a_number_that_is_not_kept_is_given_again() -> None:
    next_number("a")
    db.session.commit()
    next_number("a")
    db.session.rollback()

    assert next_number("a") == 2
