"""How the tables are brought to their last revision: on the application's own engine, in one transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app

from kajoom.models.types import UtcDateTime

_DATABASE = current_app.extensions["migrate"].db


def _rendered(kind: str, value: Any, _autogenerate: Any) -> str | Literal[False]:
    """Write a column of ours as the plain one it is kept in: a revision must not change when the models do."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run() -> None:
    with _DATABASE.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=_DATABASE.metadata,
            render_item=_rendered,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


_run()
