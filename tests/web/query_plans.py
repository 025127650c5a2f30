"""How a database reads: the statements of a piece of work are collected, then explained."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, event, text

from kajoom.models.db import db


class Statement(NamedTuple):
    """A statement as the driver was given it."""

    sql: str
    parameters: Any


@contextmanager
def collected() -> Iterator[list[Statement]]:
    """The statements that are executed inside the ``with`` block."""
    found: list[Statement] = []

    def add(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, is_many: bool) -> None:
        # Tests have tables without the revision of the migrations. An INSERT of values alone asks nothing.
        is_question = "SELECT" in sql or re.match(r"\s*(UPDATE|DELETE)\b", sql)
        if is_question and "alembic_version" not in sql:
            found.append(Statement(sql, parameters[0] if is_many else parameters))

    event.listen(db.engine, "before_cursor_execute", add)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", add)


@contextmanager
def without_statistics() -> Iterator[None]:
    """SQLite as it is where nobody has run ANALYZE: without the numbers of rows that its planner would go by."""
    db.session.execute(text("DELETE FROM sqlite_stat1"))
    db.session.execute(text("ANALYZE sqlite_schema"))  # reads the statistics again
    yield
    db.session.rollback()
    db.session.execute(text("ANALYZE sqlite_schema"))


def full_reads(statement: Statement, tables: Collection[str]) -> list[str]:
    """The ``tables`` that the database reads from end to end for a statement; a partial index may be read so."""
    connection = db.session.connection()
    partial = {
        index.name for table in db.metadata.sorted_tables for index in table.indexes
        if index.dialect_options[connection.dialect.name]["where"] is not None
    }  # fmt: skip
    read = _sqlite_reads if connection.dialect.name == "sqlite" else _postgresql_reads
    return [table for table, index in read(connection, statement) if table in tables and index not in partial]


def _sqlite_reads(connection: Connection, statement: Statement) -> Iterator[tuple[str, str]]:
    """The tables and indexes that SQLite scans. A table with an alias is named by that: "order_1" by SQLAlchemy."""
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters).all()
    for row in rows:
        scan = re.match(r"SCAN (\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (\w+))?$", row.detail)
        if scan is not None:
            yield scan[1], scan[2] or ""


def _postgresql_reads(connection: Connection, statement: Statement) -> Iterator[tuple[str, str]]:
    """The tables that PostgreSQL scans, and the indexes that it reads without a condition."""
    rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.parameters).all()
    for node in _nodes_of(rows[0][0][0]["Plan"]):
        is_scan = node["Node Type"] == "Seq Scan" or ("Index Name" in node and "Index Cond" not in node)
        if is_scan and node["Node Type"] != "Bitmap Index Scan":
            yield node["Relation Name"], node.get("Index Name", "")


def _nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in node.get("Plans", ()):
        yield from _nodes_of(each)
