"""Indexes of the rows for which a condition is true, on both engines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Index, MetaData

_CONDITION = "condition"


def partial_index(name: str, *columns: Any, where: ColumnElement[bool], unique: bool = False) -> None:
    """Define an index of the rows for which ``where`` is true.

    SQLAlchemy loads an engine's dialect for an option with its name, and PostgreSQL's takes 3 MB: its condition is
    given by ``complete_for_postgresql`` where PostgreSQL is used.
    """
    Index(name, *columns, unique=unique, sqlite_where=where, info={_CONDITION: where})


def complete_for_postgresql(metadata: MetaData) -> None:
    """Give the indexes their conditions for PostgreSQL; again, it changes nothing."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if _CONDITION in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_CONDITION]
