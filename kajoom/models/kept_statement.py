"""Statements that every page runs: compiled once, and read without a session.

A page reads them outside any transaction, with the driver's cursor. A session would begin a transaction and end it, and
each execution would prepare a result of its own; both take longer than reading the rows.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Dialect, Engine, event, lambda_stmt
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection

from kajoom.models.db import begin_mode, db, is_by_statement

Row = Sequence[Any]


class KeptStatement:
    """A SELECT with bound parameters, whose rows are named tuples.

    ``build`` returns it, and names nothing but tables and bound parameters: in an operation SQLAlchemy finds the
    compiled statement by this function, instead of by all the parts of the statement at each execution.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._by_function = lambda_stmt(build, enable_tracking=False)
        self._compiled: dict[str, _Compiled] = {}
        self._named = _naming(build().selected_columns.keys())

    def rows(self, **values: Any) -> list[Any]:
        """Run the statement with the values of its parameters; in the session's transaction where there is one."""
        reader = _current_reader()
        found = self._by_session(values) if reader is None else self._by_driver(reader, values)
        named = self._named
        return [named(row) for row in found]

    def first(self, **values: Any) -> Any:
        """Return the first row, ``None`` without one."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def _by_session(self, values: Mapping[str, Any]) -> Sequence[Row]:
        return db.session.execute(self._by_function, values).all()

    def _by_driver(self, reader: _Reader, values: Mapping[str, Any]) -> Sequence[Row]:
        dialect = reader.engine.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._build(), dialect)
        try:
            return compiled.rows(reader, values)
        except dialect.loaded_dbapi.Error:
            # The session replaces a connection that was lost, and raises what callers expect for any other error.
            reader.connection.invalidate()
            reader.close()
            return self._by_session(values)


class _Reader:
    """The connection on which a page reads outside any transaction, from its first statement on."""

    def __init__(self) -> None:
        self.is_open = False

    def open(self) -> None:
        """Take a connection of the pool."""
        self.engine: Engine = db.engine
        self.connection: PoolProxiedConnection = self.engine.raw_connection()
        self.is_open = True
        driver: Any = self.connection.driver_connection
        if self.engine.name == "postgresql" and not driver.autocommit:  # to set it takes a while even if it is set
            driver.autocommit = True  # SQLite's driver begins no transaction by itself

    def close(self) -> None:
        """Give the connection back."""
        if self.is_open:
            self.is_open = False
            self.connection.close()


_reader: ContextVar[_Reader | None] = ContextVar("page_reader", default=None)


@contextmanager
def page_reads() -> Iterator[None]:
    """Read as a page does inside the ``with``: outside any transaction, except in operations.

    What has a session reads on SQLite in a transaction without a write lock, which keeps no writer waiting.
    """
    reader = _Reader()
    token = _reader.set(reader)
    try:
        with begin_mode(read_only=True, by_statement=True):
            yield
    finally:
        _reader.reset(token)
        reader.close()


def _current_reader() -> _Reader | None:
    """That of the page, open; ``None`` in an operation, and while the session has a connection itself."""
    reader = _reader.get()
    if reader is None or not is_by_statement():
        return None
    if not reader.is_open:
        if db.session.registry.has() and db.session().in_transaction():
            return None
        try:
            reader.open()
        except db.engine.dialect.loaded_dbapi.Error:
            return None  # the session cannot connect either, and raises SQLAlchemy's exception
    return reader


@event.listens_for(Session, "after_begin")
def _have_one_connection(*_begun: Any) -> None:
    """Give the page's connection back when its session takes one, so that a request has one at a time."""
    reader = _reader.get()
    if reader is not None:
        reader.close()


class _Compiled:
    """A statement as a driver runs it, with the conversions of its parameters and columns by SQLAlchemy's types."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        state = compiled.construct_expanded_state(compiled.params)  # each value of an IN is a parameter of its own
        self._sql, self._order = state.statement, state.positiontup
        names = {name: bound for bound, name in compiled.bind_names.items() if not bound.expanding}
        writings = {name: bound.type.dialect_impl(dialect).bind_processor(dialect) for name, bound in names.items()}
        written = {name: each for name, each in {**writings, **state.processors}.items() if each is not None}
        self._constants = {name: written.get(name, _as_it_is)(value) for name, value in state.parameters.items()}
        self._written = [(name, each) for name, each in written.items() if name in names and names[name].required]
        self._types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        self._dialect = dialect
        self._read: list[tuple[int, Callable[[Any], Any]]] | None = None

    def rows(self, reader: _Reader, values: Mapping[str, Any]) -> Sequence[Row]:
        """Run it and return its rows; the driver's ``Error`` when that fails."""
        parameters: Any = {**self._constants, **values}
        for name, written in self._written:
            parameters[name] = written(parameters[name])
        if self._order is not None:
            parameters = tuple([parameters[name] for name in self._order])
        cursor = reader.connection.cursor()
        # Whoever counts or explains statements is given these as well.
        for listener in reader.engine.dispatch.before_cursor_execute:
            listener(None, cursor, self._sql, parameters, None, False)
        cursor.execute(self._sql, parameters)
        rows = cursor.fetchall()
        read = self._read if self._read is not None else self._readings(cursor.description or ())
        cursor.close()
        return [_converted(row, read) for row in rows]

    def _readings(self, description: Sequence[Row]) -> list[tuple[int, Callable[[Any], Any]]]:
        """The columns whose values are converted, which may depend on what the driver calls their types."""
        columns = zip(self._types, description, strict=True)
        found = [kind.result_processor(self._dialect, described[1]) for kind, described in columns]
        self._read = [(index, read) for index, read in enumerate(found) if read is not None]
        return self._read


def _as_it_is(value: Any) -> Any:
    return value


def _converted(row: Row, read: Sequence[tuple[int, Callable[[Any], Any]]]) -> Row:
    values = list(row)
    for index, convert in read:
        values[index] = convert(values[index])
    return values


def _naming(columns: Sequence[str]) -> Callable[[Any], Any]:
    """What gives a row its names; columns of the same name have none but the first."""
    make: Callable[..., Any] = namedtuple
    naming: Callable[[Any], Any] = make("Row", columns, rename=True)._make
    return naming
