"""The database's revision and the age of its queue, for the readiness check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from kajoom.models.db import db
from kajoom.models.outbox import IS_PENDING, Message


@dataclass(frozen=True, slots=True)
class Health:
    """The Alembic ``revision`` and when the ``oldest_due`` pending message was first due; ``None`` when absent."""

    revision: str | None
    oldest_due: datetime | None


def health() -> Health | None:
    """Return the state of the database, ``None`` when it cannot be reached or has no tables."""
    try:
        revision = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        return Health(revision, db.session.scalar(select(func.min(Message.run_at)).where(IS_PENDING)))
    except SQLAlchemyError:
        db.session.rollback()
        return None
