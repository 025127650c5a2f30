"""The database: the declarative base, connection settings and how transactions begin on each engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, event, literal, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase

from kajoom.models.folded_text import define_folded
from kajoom.models.partial_index import complete_for_postgresql
from kajoom.models.write_turn import begin_in_turn

# Every constraint has a name: Alembic needs it to alter a constraint on SQLite.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class _Declarative(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)


# A connection that the server has closed meanwhile, for example by a restart, is replaced before it is used. The text
# of an error does not name the values of its statement, which are clients' data.
db = SQLAlchemy(model_class=_Declarative, engine_options={"pool_pre_ping": True, "hide_parameters": True})

if TYPE_CHECKING:
    Base = _Declarative
else:
    Base = db.Model


def check_database_url(url: str) -> str | None:
    """Return the folder of a SQLite file, ``None`` for another database; ``ValueError`` saying what to write.

    A relative file is in the folder of the application, which it makes itself.
    """
    if re.match(r"postgres(ql)?(\+(?!psycopg:)\w+)?://", url):
        raise ValueError("must begin with postgresql+psycopg://")
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or parts.drivername not in {"sqlite", "postgresql+psycopg"} or not parts.database:
        raise ValueError("must be sqlite:////folder/file or postgresql+psycopg://user:password@host/name")
    if parts.drivername == "sqlite" and Path(parts.database).is_absolute():
        return str(Path(parts.database).parent)
    return None


def dialect_insert(table: type[_Declarative]) -> Any:
    """An INSERT with the ``ON CONFLICT`` of the engine in use, whose dialect alone is loaded."""
    return resolve_name(f"sqlalchemy.dialects.{db.session.get_bind().dialect.name}:insert")(table)


def insert_if_absent(table: type[_Declarative], row: dict[str, Any], unique_column: str) -> bool:
    """Insert a row, unless there is one with the same value in ``unique_column``; return whether it was inserted."""
    statement = _insert_if_absent(table, unique_column).values(row)
    return db.session.execute(statement.returning(literal(1))).first() is not None


def insert_all_if_absent(table: type[_Declarative], rows: list[dict[str, Any]], unique_column: str) -> None:
    """Insert the rows of which there is none with the same value in ``unique_column``; all have the same columns."""
    if rows:
        db.session.connection().execute(_insert_if_absent(table, unique_column), rows)


def _insert_if_absent(table: type[_Declarative], unique_column: str) -> Any:
    return dialect_insert(table).on_conflict_do_nothing(index_elements=[unique_column])


_BUSY_TIMEOUT_MS = 15_000

_SETTINGS = (
    "lock_timeout = '15s'", "idle_in_transaction_session_timeout = '60s'", "default_transaction_read_only = on",
)  # fmt: skip
"""PostgreSQL's settings of a connection."""

_read_only: ContextVar[bool] = ContextVar("read_only", default=False)
_waits: ContextVar[bool] = ContextVar("waits", default=True)
_by_statement: ContextVar[bool] = ContextVar("by_statement", default=False)


@contextmanager
def begin_mode(*, read_only: bool, wait: bool = True, by_statement: bool = False) -> Iterator[None]:
    """How transactions begin inside the ``with``: on SQLite a read-only one takes no write lock and runs beside a
    writer, any other takes it at once, or, without ``wait``, fails at once when another one has it.

    With ``by_statement`` each statement is a transaction of its own on PostgreSQL, and one that writes is refused.
    """
    tokens = [
        (mode, mode.set(on)) for mode, on in ((_read_only, read_only), (_waits, wait), (_by_statement, by_statement))
    ]
    try:
        yield
    finally:
        for mode, token in tokens:
            mode.reset(token)


def is_by_statement() -> bool:
    """Whether each statement may be a transaction of its own, as those of a page outside its operation are."""
    return _by_statement.get()


@event.listens_for(Engine, "do_connect")
def _create_private_file(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
    """Create the file of a new SQLite database readable by its owner alone; SQLite gives its other files that mode."""
    is_file = arguments and "check_same_thread" in options and arguments[0] != ":memory:"
    # A file that exists is not opened: closing it would drop the locks that this process has on it.
    if is_file and not (path := Path(arguments[0])).exists():
        with suppress(OSError):  # SQLite says what is wrong
            path.touch(0o600)


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: Any) -> None:
    if type(connection).__module__ == "sqlite3":
        # The driver must not begin transactions by itself: a read that later writes would fail at once with
        # "database is locked" instead of waiting. ``_begin`` below begins them.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={_BUSY_TIMEOUT_MS}", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        define_folded(connection)
    else:
        complete_for_postgresql(_Declarative.metadata)
        # Wait for a lock as long as SQLite does, and end the transaction of a process that hangs.
        connection.autocommit = True  # a SET inside a transaction would be undone by its rollback
        for setting in _SETTINGS:
            connection.execute(f"SET {setting}")
        connection.read_only = False  # a transaction that is begun may write; see ``_begin``
        connection.autocommit = False


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        if _read_only.get():
            driver.execute("BEGIN")
        elif _waits.get():
            begin_in_turn(driver, _folder_of(connection.engine.url.database), _BUSY_TIMEOUT_MS)
        else:
            _begin_without_waiting(driver)
    else:
        # BEGIN and ROLLBACK are two round trips, and psycopg forgets its prepared statements at each ROLLBACK.
        driver = connection.connection.driver_connection
        if driver.autocommit != _by_statement.get():
            driver.autocommit = _by_statement.get()


@cache
def _folder_of(database: str | None) -> str:
    """The folder of a SQLite file; of a database in memory the current one, which serves as well."""
    return str(Path(database or "").parent)


def _begin_without_waiting(driver: Any) -> None:
    driver.execute("PRAGMA busy_timeout=0").close()
    try:
        driver.execute("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}").close()
