"""``@transactional``: one operation is one transaction, committed when it returns and rolled back when it raises."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar, overload

from sqlalchemy.exc import IntegrityError, OperationalError

from kajoom.models.db import begin_mode, db
from kajoom.models.trial_copy import copied_database

Params = ParamSpec("Params")
Result = TypeVar("Result")
Operation = Callable[Params, Result]

_TRIES = 3
# PostgreSQL's deadlock_detected and serialization_failure: one of two transactions was rolled back in favour of the
# other, and succeeds when it is run again. After unique_violation it finds the row that the other has added meanwhile.
_RETRIED = frozenset({"40P01", "40001", "23505"})

_current: ContextVar[str | None] = ContextVar("current_operation", default=None)
_trial: ContextVar[bool] = ContextVar("trial", default=False)


class NestedTransaction(RuntimeError):
    """A transactional function was called inside another: its commit or rollback would end the outer transaction."""


class ReadOnlyTransaction(RuntimeError):
    """A read-only operation added, changed or deleted a row."""


@overload
def transactional(function: Operation[Params, Result]) -> Operation[Params, Result]: ...
@overload
def transactional(
    *, read_only: bool = False, wait: bool = True
) -> Callable[[Operation[Params, Result]], Operation[Params, Result]]: ...


def transactional(
    function: Operation[Params, Result] | None = None, *, read_only: bool = False, wait: bool = True
) -> Operation[Params, Result] | Callable[[Operation[Params, Result]], Operation[Params, Result]]:
    """Run a function in a transaction of its own.

    Whatever the session had read before is forgotten first, so that the function sees the database as it is now. A
    transaction that PostgreSQL rolled back in favour of another is run again, three times in all. ``read_only`` takes
    no write lock on SQLite and always ends with a rollback. Without ``wait`` the function is not run on SQLite when
    another transaction writes: ``sqlite3.OperationalError`` at once. On PostgreSQL such a function locks rows with
    ``SKIP LOCKED``.

    Raises ``NestedTransaction`` when called inside another transactional function, and ``ReadOnlyTransaction`` when a
    read-only one changes a row.
    """

    def decorate(operation: Operation[Params, Result]) -> Operation[Params, Result]:
        def run_once(*args: Params.args, **kwargs: Params.kwargs) -> Result:
            with _transaction(operation.__qualname__, read_only=read_only, wait=wait):
                return operation(*args, **kwargs)

        @wraps(operation)
        def run(*args: Params.args, **kwargs: Params.kwargs) -> Result:
            for _ in range(_TRIES - 1):
                try:
                    return run_once(*args, **kwargs)
                except (OperationalError, IntegrityError) as error:
                    if getattr(error.orig, "sqlstate", None) not in _RETRIED:
                        raise
            return run_once(*args, **kwargs)

        return run

    return decorate if function is None else decorate(function)


@contextmanager
def trial() -> Iterator[None]:
    """Run operations for trial, on a copy of the database that is gone at the end.

    They are within one transaction, each in a savepoint: each operation sees what those before it did. Nobody waits for
    a trial, and the log has none of it.
    """
    db.session.rollback()
    token, level = _trial.set(True), logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        with begin_mode(read_only=False), copied_database():
            yield
    finally:
        logging.disable(level)
        _trial.reset(token)
        db.session.rollback()


def end_of_load(*, is_written: bool) -> None:
    """End the transaction of a load that begins none of its own: commit it, or roll it back; in a trial do neither."""
    if _trial.get():
        db.session.flush()
    elif is_written:
        db.session.commit()
    else:
        db.session.rollback()


@contextmanager
def _savepoint(name: str) -> Iterator[None]:
    token = _current.set(name)
    try:
        with db.session.begin_nested():
            yield
        db.session.expire_all()
    finally:
        _current.reset(token)


@contextmanager
def _transaction(name: str, *, read_only: bool, wait: bool) -> Iterator[None]:
    outer = _current.get()
    if outer is not None:
        raise NestedTransaction(f"{name} was called inside {outer}")
    if _trial.get():
        with _savepoint(name):
            yield
        return
    token = _current.set(name)
    db.session.rollback()
    try:
        with begin_mode(read_only=read_only, wait=wait):
            yield
            if read_only:
                _refuse_changes(name)
            else:
                db.session.commit()
    finally:
        db.session.rollback()
        _current.reset(token)


def _refuse_changes(name: str) -> None:
    if db.session.new or db.session.dirty or db.session.deleted:
        raise ReadOnlyTransaction(f"{name} changed a row")
