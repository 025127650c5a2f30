"""Writers wait their turn, readers do not, a stale write is an error, and an instant always has a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm.exc import StaleDataError

from kajoom.models.db import Base, db, reading
from kajoom.models.invoice import Counter, Invoice, next_number
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.deed import deed
from tests.operations import cast
from tests.operations.cast import AT
from tests.operations.ledger import rows

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
    cast.service()
    db.session.query(Service).one().label = "written"
    db.session.flush()
    seen = []

    def read() -> None:
        with app.app_context(), reading():
            seen.append(db.session.query(Service).one().label)

    thread = Thread(target=read)
    thread.start()
    thread.join()

    assert seen == [""]


def two_sessions_on(table: type[Base]) -> None:
    """The same row changed by another between our read and our write."""
    [row] = rows(table)
    db.session.execute(text(f'UPDATE "{table.__tablename__}" SET version = version + 1'))
    row.currency = "USD"
    db.session.flush()


@pytest.mark.parametrize("table", [Service, Order, Invoice])
def test_a_write_over_a_change_that_was_not_seen_is_an_error(table: type[Base]) -> None:
    cast.confirm(cast.service(), "b")

    with pytest.raises(StaleDataError):
        two_sessions_on(table)


def test_a_deed_forgets_what_was_read_before_it(app: Flask) -> None:
    row = cast.service()
    assert row.label == ""

    def rename() -> None:
        with app.app_context():
            db.session.query(Service).one().label = "renamed"
            db.session.commit()

    @deed
    def label_of(found: Service) -> str:
        return found.label

    db.session.rollback()
    thread = Thread(target=rename)
    thread.start()
    thread.join()

    assert label_of(row) == "renamed"


def test_an_instant_without_a_zone_is_refused() -> None:
    db.session.add(Message(kind="letter", key="k", ids={}, run_at=datetime(2026, 6, 16, 12)))  # noqa: DTZ001 - the point

    with pytest.raises(StatementError, match="an instant needs a zone"):
        db.session.flush()


def test_an_instant_of_any_zone_comes_back_the_same_and_in_utc() -> None:
    toronto = timezone(timedelta(hours=-4))
    message = Message(kind="letter", key="k", ids={}, run_at=datetime(2026, 6, 16, 11, 0, tzinfo=toronto))
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
