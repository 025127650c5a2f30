"""What tells whether the database is the one this code was written for, and whether anybody does what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from kajoom.models.db import db
from kajoom.models.outbox import IS_PENDING, Message


@dataclass(frozen=True, slots=True)
class Health:
    """The ``revision`` of the tables, and when the ``oldest_due`` message was to be done first; ``None``: no such."""

    revision: str | None
    oldest_due: datetime | None


def health() -> Health | None:
    """How the database is, or ``None`` when it does not answer or has no tables of ours."""
    try:
        revision = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        return Health(revision, db.session.scalar(select(func.min(Message.run_at)).where(IS_PENDING)))
    except SQLAlchemyError:
        db.session.rollback()
        return None
