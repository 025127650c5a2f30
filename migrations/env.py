"""Run the migrations on the application's engine, in one transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app

from kajoom.models.types import UtcDateTime

_DATABASE = current_app.extensions["migrate"].db


def _render_item(kind: str, value: Any, _autogenerate: Any) -> str | Literal[False]:
    """Render ``UtcDateTime`` as a plain column type, so that a revision does not depend on the models."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run() -> None:
    with _DATABASE.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=_DATABASE.metadata,
            render_item=_render_item,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


_run()
