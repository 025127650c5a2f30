"""Kept statements: those of a page are run by the driver, those of an operation in its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Column, Date, Integer, MetaData, Table, bindparam, select, update
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from kajoom.domain.service import ServiceStatus
from kajoom.models.db import begin_mode, db
from kajoom.models.kept_statement import KeptStatement, page_reads
from kajoom.models.service import Service
from kajoom.operations.transaction import transactional
from tests import factories
from tests.conftest import Statements
from tests.factories import AT

_LABELS = KeptStatement(lambda: select(Service.label).where(Service.id == bindparam("id")))
_LIVING = KeptStatement(
    lambda: select(Service.id).where(
        Service.status.in_([ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED]),
        Service.next_due_date >= bindparam("since", type_=Date),
    )
)
_ABSENT = KeptStatement(lambda: select(Table("absent", MetaData(), Column("id", Integer)).c.id))


@contextmanager
def page() -> Iterator[None]:
    """Read as a page does, with no transaction of the test's own under way."""
    db.session.remove()
    with page_reads():
        yield
        db.session.remove()


def connections_in_use() -> int:
    pool = db.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def test_page_reads_the_same_values_as_a_session(app: Flask) -> None:
    factories.service()
    db.session.commit()
    compared = 0
    for table in db.metadata.sorted_tables:
        query = select(*table.columns)
        expected = [tuple(row) for row in db.session.execute(query)]
        with page():
            found = [tuple(row) for row in KeptStatement(lambda query=query: query).rows()]  # type: ignore[misc]
        assert found == expected
        compared += len(found)
    assert compared > 10


def test_page_sees_what_is_committed_between_two_of_its_statements(app: Flask) -> None:
    service_id = factories.service().id
    db.session.commit()
    with page():
        assert _LABELS.first(id=service_id).label == ""
        with begin_mode(read_only=False), db.engine.begin() as connection:
            connection.execute(update(Service).values(label="written"))
        assert _LABELS.first(id=service_id).label == "written"


def test_operation_of_a_page_reads_what_it_has_written(app: Flask) -> None:
    service_id = factories.service().id
    db.session.commit()

    @transactional
    def rename() -> Any:
        db.session.execute(update(Service).values(label="written"))
        return _LABELS.first(id=service_id).label

    with page():
        assert _LABELS.first(id=service_id).label == ""
        assert rename() == "written"
        assert _LABELS.first(id=service_id).label == "written"


def test_page_uses_one_connection_at_a_time_and_gives_it_back(app: Flask) -> None:
    service_id = factories.service().id
    db.session.commit()
    with page():
        assert connections_in_use() == 0
        _LABELS.rows(id=service_id)
        assert connections_in_use() == 1
        db.session.scalar(select(Service.id))
        assert connections_in_use() == 1
        _LABELS.rows(id=service_id)
        assert connections_in_use() == 1
        db.session.rollback()
        _LABELS.rows(id=service_id)
        assert connections_in_use() == 1
    assert connections_in_use() == 0


def test_list_of_a_statement_is_converted_value_by_value(app: Flask) -> None:
    service_id = factories.service().id
    db.session.commit()
    with page():
        assert [row.id for row in _LIVING.rows(since=AT.date())] == [service_id]
        assert _LIVING.rows(since=AT.date() + timedelta(days=3650)) == []


def test_failing_statement_of_a_page_raises_the_exception_of_sqlalchemy_and_the_next_one_runs(app: Flask) -> None:
    service_id = factories.service().id
    db.session.commit()
    with page():
        with pytest.raises(DatabaseError, match="absent"):
            _ABSENT.rows()
        db.session.rollback()
        assert _LABELS.first(id=service_id).label == ""
    assert connections_in_use() == 0


def test_page_without_a_database_raises_the_exception_of_sqlalchemy(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_id = factories.service().id
    db.session.commit()

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise db.engine.dialect.loaded_dbapi.OperationalError("no connection")

    with page():
        db.engine.dispose()
        monkeypatch.setattr(db.engine.dialect, "connect", refuse)
        with pytest.raises(OperationalError, match="no connection"):
            _LABELS.rows(id=service_id)


def test_statements_of_a_page_are_counted(app: Flask, statements: Statements) -> None:
    service_id = factories.service().id
    db.session.commit()
    with page(), statements() as executed:
        _LABELS.rows(id=service_id)
        _LABELS.rows(id=service_id)
    assert len(executed) == 2
