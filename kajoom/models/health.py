"""What tells whether the database is the one this code was written for, and whether anybody does what is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, text

from kajoom.models.db import db
from kajoom.models.outbox import Message


def revision() -> str | None:
    """The revision of the tables, ``None`` when they were laid without one."""
    return db.session.scalar(text("SELECT version_num FROM alembic_version"))


def oldest_due_message() -> datetime | None:
    """When the oldest message that nobody has done was to be done first."""
    waits = Message.done_at.is_(None) & Message.dead_at.is_(None)
    return db.session.scalar(select(func.min(Message.run_at)).where(waits))
