"""The database: one declarative base, and how a transaction begins on each engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase

# Every constraint has a name, or Alembic could not change it on SQLite.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class _Declarative(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)


# A connection that the server closed meanwhile, by a restart for one, is replaced before it is used.
db = SQLAlchemy(model_class=_Declarative, engine_options={"pool_pre_ping": True})

if TYPE_CHECKING:
    Base = _Declarative
else:
    Base = db.Model

_reading: ContextVar[bool] = ContextVar("reading", default=False)


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside only read: on SQLite they take no write lock and run beside a writer."""
    with _begun(reading=True):
        yield


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside write, also where the others only read."""
    with _begun(reading=False):
        yield


@contextmanager
def _begun(*, reading: bool) -> Iterator[None]:
    token = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(token)


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: Any) -> None:
    if type(connection).__module__ == "sqlite3":
        # The driver must not begin transactions by itself: a read that later writes would fail at once with
        # "database is locked" instead of waiting its turn. The engine's "begin" event below says how they begin.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=15000", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
    else:
        # As long as SQLite waits for a lock; and no process that hangs keeps others from a client for ever.
        connection.autocommit = True  # what is set inside a transaction would be forgotten with it
        for setting in ("lock_timeout = '15s'", "idle_in_transaction_session_timeout = '60s'"):
            connection.execute(f"SET {setting}")
        connection.autocommit = False


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")
