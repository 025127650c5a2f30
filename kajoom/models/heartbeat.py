"""Heartbeats: when each worker last finished a round of its loop."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime


class Heartbeat(Base):
    """One row for each worker, a process or a thread: ``name`` is its host and process id."""

    __tablename__ = "heartbeat"

    worker: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


def heartbeats() -> list[Heartbeat]:
    """Return the heartbeats, the last one first."""
    return list(db.session.scalars(select(Heartbeat).order_by(Heartbeat.seen_at.desc())))


def last_heartbeat() -> datetime | None:
    """When a worker last finished a round, ``None`` when none has."""
    return db.session.scalar(select(func.max(Heartbeat.seen_at)))


def delete_heartbeats(before: datetime) -> None:
    """Delete the heartbeats of the workers that were last seen before an instant."""
    db.session.execute(delete(Heartbeat).where(Heartbeat.seen_at < before))
