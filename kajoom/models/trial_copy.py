"""A copy of the database that is gone afterwards: what is done for trial there keeps nobody waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Engine, StaticPool, create_engine, text

from kajoom.models.db import Base, db


@contextmanager
def copied_database() -> Iterator[None]:
    """Have the session use a copy of all tables inside the ``with``, as they are at its beginning.

    On SQLite it is a file without a name in the folder for temporary files, which is as large as the database. On
    PostgreSQL it is temporary tables of the transaction that the session begins here: they come before the tables of
    the same names, and are dropped with the transaction. The caller ends it, and does not commit it.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        _copy_tables()
        yield
        return
    engines = cast("dict[str | None, Engine]", db.engines)  # the session asks it for its engine each time
    original, copy = engines[None], _copy_file(engines[None])
    engines[None] = copy
    try:
        yield
    finally:
        db.session.close()
        engines[None] = original
        copy.dispose()


def _copy_file(engine: Engine) -> Engine:
    """The engine of a copy; taking it reads only, so that others write meanwhile."""
    copy = sqlite3.connect("", check_same_thread=False)  # SQLite removes a file without a name when it is closed
    source = engine.raw_connection()
    try:
        cast(sqlite3.Connection, source.driver_connection).backup(copy)
    finally:
        source.close()
    return create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool, hide_parameters=True)


def _copy_tables() -> None:
    """Temporary tables with the rows and the indexes of all tables. Ids go on from the same sequences."""
    connection = db.session.connection()
    schema = connection.scalar(text("SELECT current_schema()"))
    quote = connection.dialect.identifier_preparer.quote
    for table in Base.metadata.tables:
        name, original = quote(table), f"{quote(schema)}.{quote(table)}"
        connection.execute(text(f"CREATE TEMPORARY TABLE {name} (LIKE {original} INCLUDING ALL) ON COMMIT DROP"))
        connection.execute(text(f"INSERT INTO {name} SELECT * FROM {original}"))  # noqa: S608 - names of our tables
