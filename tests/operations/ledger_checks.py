"""What the database holds, read whole: a deed that refuses leaves every row of every table as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kajoom.models.db import Base, db
from kajoom.models.order import Order
from kajoom.models.outbox import Message, message_by_key

Row = TypeVar("Row", bound=Base)


def rows(table: type[Row]) -> list[Row]:
    """Every row of a table, in the order of its keys."""
    return list(db.session.query(table).order_by(*table.__table__.primary_key).all())


def emails() -> set[str]:
    """The letters that are to be sent, by name."""
    return {message.ids["email"] for message in rows(Message) if message.kind == "email"}


def told(what: str, order: Order) -> bool:
    """Whether the world is to be told this of an order."""
    return message_by_key(f"{what}-{order.reference}") is not None


@contextmanager
def nothing_written() -> Iterator[None]:
    """Nothing inside writes a row, and no transaction is left open behind it."""
    before = _contents()
    yield
    assert not db.session().in_transaction()
    assert _contents() == before


def _contents() -> dict[str, list[Any]]:
    db.session.rollback()
    with db.engine.connect() as connection:
        tables = Base.metadata.sorted_tables
        return {table.name: [tuple(row) for row in connection.execute(table.select())] for table in tables}
