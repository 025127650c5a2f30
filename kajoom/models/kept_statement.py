"""Statements that every page runs: built once, and read without a session's entities."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, lambda_stmt

from kajoom.models.db import db

_CONNECTION = "connection"


class KeptStatement:
    """A statement with bound parameters, whose rows are named tuples.

    ``build`` returns it, and names nothing but tables and bound parameters: SQLAlchemy finds the compiled statement by
    this function, instead of by all the parts of the statement at each execution.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._statement = lambda_stmt(build, enable_tracking=False)
        self._named = _naming(build().selected_columns.keys())

    def rows(self, **values: Any) -> list[Any]:
        """Run the statement with the values of its parameters."""
        return [self._named(row) for row in _connection().execute(self._statement, values)]

    def first(self, **values: Any) -> Any:
        """Return the first row, ``None`` without one."""
        rows = self.rows(**values)
        return rows[0] if rows else None


def _naming(columns: Sequence[str]) -> Callable[[Any], Any]:
    """What gives a row its names; columns of the same name have none but the first."""
    make: Callable[..., Any] = namedtuple
    naming: Callable[[Any], Any] = make("Row", columns, rename=True)._make
    return naming


def _connection() -> Connection:
    """The connection of the session's transaction, which the session would look for at each statement."""
    session = db.session()
    kept: tuple[Any, Connection] | None = session.info.get(_CONNECTION)
    if kept is None or kept[0] is not session.get_transaction():
        found = session.connection()
        kept = session.info[_CONNECTION] = (session.get_transaction(), found)
    return kept[1]
