"""The Alembic revision of the sources and that of the database."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kajoom.models.db import db


def latest_revision(migrations: Path) -> str:
    """The Alembic revision that the application was written for: the number of its newest migration."""
    return max(path.name.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*.py"))


def revision() -> str | None:
    """The Alembic revision of the database, ``None`` when it has no tables."""
    try:
        current: str | None = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        db.session.rollback()
        return None
    return current
