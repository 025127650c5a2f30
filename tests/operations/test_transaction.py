"""``@transactional``: commit, rollback, nesting, the read-only form and the retry after a serialization failure."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, func, insert, select, update
from sqlalchemy.exc import OperationalError

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.invoice import Counter, next_number
from kajoom.operations.transaction import NestedTransaction, ReadOnlyTransaction, transactional, trial
from tests import factories


class SqlState(Exception):
    """A driver's error that carries PostgreSQL's code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@transactional
def rename(client_id: int, name: str) -> None:
    db.session.get_one(Client, client_id).name = name


@transactional(read_only=True)
def name_of(client_id: int) -> str:
    return db.session.get_one(Client, client_id).name


def stored_name(client_id: int) -> str:
    db.session.rollback()
    return db.session.get_one(Client, client_id).name


def test_operation_is_committed_when_it_returns() -> None:
    client_id = factories.client().id
    rename(client_id, "New name")
    assert stored_name(client_id) == "New name"


def test_operation_is_rolled_back_when_it_raises() -> None:
    client_id = factories.client().id

    @transactional
    def rename_and_fail() -> None:
        db.session.get_one(Client, client_id).name = "New name"
        db.session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        rename_and_fail()
    assert stored_name(client_id) != "New name"


def test_operation_forgets_what_was_read_before() -> None:
    row = factories.client()
    row.name = "Changed outside any operation"
    assert name_of(row.id) != "Changed outside any operation"


@pytest.mark.parametrize("inner", [rename, name_of])
def test_nested_operation_raises_and_nothing_of_the_outer_one_is_written(inner: object) -> None:
    client_id = factories.client().id

    @transactional
    def outer() -> None:
        db.session.get_one(Client, client_id).name = "New name"
        assert callable(inner)
        inner(client_id, "Other name") if inner is rename else inner(client_id)

    with pytest.raises(NestedTransaction, match="outer"):
        outer()
    assert stored_name(client_id) not in {"New name", "Other name"}


def test_operation_can_be_called_after_one_that_failed() -> None:
    client_id = factories.client().id

    @transactional
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        fail()
    rename(client_id, "New name")
    assert stored_name(client_id) == "New name"


def test_read_only_operation_may_not_change_a_row() -> None:
    client_id = factories.client().id

    @transactional(read_only=True)
    def rename_read_only() -> None:
        db.session.get_one(Client, client_id).name = "New name"

    with pytest.raises(ReadOnlyTransaction, match="rename_read_only"):
        rename_read_only()
    assert stored_name(client_id) != "New name"


def test_read_only_operation_takes_no_write_lock() -> None:
    client_id = factories.client().id
    db.session.rollback()
    with db.engine.connect() as writer:  # BEGIN IMMEDIATE: it holds the write lock
        writer.execute(select(func.count()).select_from(Client))
        assert name_of(client_id)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_operation_is_retried_after_a_serialization_failure(sqlstate: str) -> None:
    calls = []

    @transactional
    def fail_once() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("UPDATE", {}, SqlState(sqlstate))
        return "done"

    assert fail_once() == "done"
    assert len(calls) == 2


def test_operation_is_run_three_times_at_most() -> None:
    calls = []

    @transactional
    def fail_always() -> None:
        calls.append(1)
        raise OperationalError("UPDATE", {}, SqlState("40001"))

    with pytest.raises(OperationalError):
        fail_always()
    assert len(calls) == 3


def test_other_database_errors_are_not_retried() -> None:
    calls = []

    @transactional
    def fail() -> None:
        calls.append(1)
        raise OperationalError("UPDATE", {}, SqlState("57014"))

    with pytest.raises(OperationalError):
        fail()
    assert len(calls) == 1


def test_operations_of_a_trial_see_each_other_and_nothing_of_them_is_written() -> None:
    client_id = factories.client().id
    before = stored_name(client_id)

    @transactional
    def rename_and_fail() -> None:
        db.session.get_one(Client, client_id).name = "Failed"
        db.session.flush()
        raise LookupError

    with trial():
        rename(client_id, "Tried")
        with pytest.raises(LookupError):
            rename_and_fail()
        assert name_of(client_id) == "Tried"
    assert stored_name(client_id) == before
    rename(client_id, "Written")
    assert stored_name(client_id) == "Written"


def test_nobody_waits_for_a_trial() -> None:
    client_id = factories.client().id

    @transactional
    def number_in_trial() -> int:
        return next_number("trial")

    url = db.engine.url
    with trial():
        rename(client_id, "Tried")
        assert number_in_trial() == 1
        other = create_engine(url)
        with other.begin() as connection:  # the same row, and the same counter
            connection.execute(update(Client).where(Client.id == client_id).values(name="Written meanwhile"))
            connection.execute(insert(Counter).values(series="trial", value=7))
        other.dispose()
        assert name_of(client_id) == "Tried"
    assert stored_name(client_id) == "Written meanwhile"


def test_trial_that_fails_writes_nothing() -> None:
    client_id = factories.client().id
    before = stored_name(client_id)

    def rename_and_fail() -> None:
        with trial():
            rename(client_id, "Tried")
            raise LookupError

    with pytest.raises(LookupError):
        rename_and_fail()
    assert stored_name(client_id) == before
