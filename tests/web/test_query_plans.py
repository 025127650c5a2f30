"""Questions of pages, days and workers are answered by indexes: with 20,000 rows no growing table is read whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest
from flask import Flask

from kajoom.models.db import db
from tests.catalog_cache import forget_catalog
from tests.conftest import set_time
from tests.database import Database
from tests.web.access_cases import browser_of, path_of, rules_of
from tests.web.conftest import NOON
from tests.web.daily_use import PATHS, WORK
from tests.web.grown_rows import GROWING, STABLE, grow
from tests.web.query_plans import Statement, collected, full_reads, without_statistics

pytestmark = pytest.mark.slow

_PERSONAL_DATA = "a copy or an erasure of one client, by command: an index would cost more in every act or message"

READ_WHOLE: Mapping[str, str] = {
    "SELECT DISTINCT service.server FROM service": "Once a day every account is measured, one server after another.",
    "service.suspension_changed_at >= ": "What panels have done, for an e-mail that staff get once an hour at most.",
    "sum(credit_entry.cents) != ": "Who has credit, and how much there is of it in all: a sum of every movement.",
    "FROM refund_attempt ORDER BY refund_attempt.id DESC": "The newest 20, read from the end of the table.",
    "SELECT message.id, message.ids FROM message": _PERSONAL_DATA,
    "FROM audit WHERE audit.client_id": _PERSONAL_DATA,
    "FROM difference WHERE difference.invoice IN": _PERSONAL_DATA,
    "FROM webhook_event WHERE webhook_event.attempt_key IN": _PERSONAL_DATA,
}
"""What names a statement that may read a growing table from end to end, and why it may."""


@pytest.fixture(scope="module")
def grown_app(demo_database: Database, demo_app: Flask) -> Iterator[Flask]:
    """The application with the demonstration and 20,000 rows more in each table."""
    demo_database.restore()
    with demo_app.app_context():
        forget_catalog()
        set_time(demo_app, NOON)
        grow()
        demo_app.extensions[PATHS] = [path_of(demo_app, rule) for rule in rules_of(demo_app)]
        yield demo_app
        db.session.remove()


def test_every_table_is_growing_or_stable() -> None:
    assert {*GROWING, *STABLE} == set(db.metadata.tables)


@pytest.mark.parametrize("name", WORK)
def test_no_question_reads_a_growing_table_whole(grown_app: Flask, name: str) -> None:
    db.session.rollback()
    with collected() as statements:
        WORK[name](grown_app)
    db.session.rollback()
    once = {each.sql: each for each in statements}
    assert len(once) >= 20
    asked = [each for each in once.values() if not may_read_whole(each)]
    assert reads_of(asked) == {}
    if db.engine.name == "sqlite":
        with without_statistics():
            assert reads_of(asked) == {}


def test_page_of_staff_takes_six_statements_at_most_whatever_the_data(grown_app: Flask) -> None:
    browser, counts = browser_of(grown_app, "manager"), {}
    pages = [path for path in grown_app.extensions[PATHS] if path.startswith("/staff")]
    for path in (*pages, "/staff/search?q=person", "/staff/payments?q=domain1"):
        browser.get(path)  # the catalogue is cached after the first request
        with collected() as executed:
            browser.get(path)
        counts[path] = len(executed)
    assert {path: count for path, count in counts.items() if count > 6} == {}


def reads_of(statements: Iterable[Statement]) -> dict[str, list[str]]:
    """The growing tables that are read whole, by the statement."""
    found = {each.sql: full_reads(each, GROWING) for each in statements}
    return {sql: tables for sql, tables in found.items() if tables}


def may_read_whole(statement: Statement) -> bool:
    sql = " ".join(statement.sql.split())
    return any(name in sql for name in READ_WHOLE)
