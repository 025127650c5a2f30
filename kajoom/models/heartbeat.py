"""Heartbeats: when each worker last finished a round of its loop."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base
from kajoom.models.types import UtcDateTime


class Heartbeat(Base):
    """One row for each worker, a process or a thread: ``name`` is its host and process id."""

    __tablename__ = "heartbeat"

    worker: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
