"""Run the migrations on the application's engine, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from kajoom.models.partial_index import complete_for_postgresql
from kajoom.models.types import UtcDateTime

_DATABASE = current_app.extensions["migrate"].db
_CHECK = "PRAGMA foreign_key_check"

complete_for_postgresql(_DATABASE.metadata)  # a revision generated on SQLite is for PostgreSQL too


def _render_item(kind: str, value: Any, _autogenerate: Any) -> str | Literal[False]:
    """Render ``UtcDateTime`` as a plain column type, so that a revision does not depend on the models."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run() -> None:
    with _DATABASE.engine.connect() as connection, _foreign_keys_off(connection):
        context.configure(
            connection=connection,
            target_metadata=_DATABASE.metadata,
            render_item=_render_item,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql(_CHECK).all()):
            raise RuntimeError(f"foreign keys are broken, nothing was changed: {broken[:5]}")
        connection.commit()


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Suspend foreign keys on SQLite, where batch mode drops and recreates tables that other tables reference.

    They are checked before the commit. The connection is not used again.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction, so it comes first
    try:
        yield
    finally:
        connection.invalidate()


_run()
