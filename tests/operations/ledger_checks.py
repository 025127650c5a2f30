"""Assertions on the whole database: rows of a table, queued messages, and blocks that must not write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kajoom.models.credit import CreditEntry
from kajoom.models.db import Base, db
from kajoom.models.order import Order
from kajoom.models.outbox import Message, message_by_key

Row = TypeVar("Row", bound=Base)


def rows(table: type[Row]) -> list[Row]:
    """Every row of a table, ordered by primary key."""
    return list(db.session.query(table).order_by(*table.__table__.primary_key).all())


def movements_of(client_id: int) -> list[CreditEntry]:
    """Every movement of a client's account credit, newest first."""
    return [entry for entry in reversed(rows(CreditEntry)) if entry.client_id == client_id]


def queued_emails() -> set[str]:
    """The names of the e-mails in the outbox, sent or not."""
    return {message.ids["email"] for message in rows(Message) if message.kind == "email"}


def is_queued(name: str, order: Order) -> bool:
    """Whether the outbox has the message of this name (an e-mail, ``provision`` or ``start``) about an order."""
    return message_by_key(f"{name}-{order.reference}") is not None


@contextmanager
def nothing_written() -> Iterator[None]:
    """Fail unless the block leaves every table unchanged, but for counted requests, and no transaction open."""
    before = _contents()
    yield
    assert not db.session().in_transaction()
    assert _contents() == before


def _contents() -> dict[str, list[Any]]:
    db.session.rollback()
    with db.engine.connect() as connection:
        tables = [table for table in Base.metadata.sorted_tables if table.name != "throttle"]
        return {table.name: [tuple(row) for row in connection.execute(table.select())] for table in tables}
