"""What the panels of servers have reported of requests, once each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base, db, insert_if_absent
from kajoom.models.types import UtcDateTime


class PanelCallbackRow(Base):
    """A verified message of the panel of ``server``.

    ``id`` is the server and the message's own id. ``key`` is that of our request, ``status`` "done" or "refused" and
    ``reason`` the panel's own text of a refusal.
    """

    __tablename__ = "panel_callback"

    id: Mapped[str] = mapped_column(primary_key=True)
    server: Mapped[str]
    key: Mapped[str] = mapped_column(index=True)
    status: Mapped[str]
    reason: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def add_panel_callback(server: str, message_id: str, key: str, status: str, reason: str, at: datetime) -> bool:
    """Store what a server reports, and return whether its message is a new one."""
    row = {"id": f"{server}/{message_id}", "server": server, "key": key, "status": status, "reason": reason}
    return insert_if_absent(PanelCallbackRow, {**row, "received_at": at}, "id")


def last_panel_callback(server: str, key: str) -> PanelCallbackRow | None:
    """Return the last report of a server about the request with this key, or ``None``."""
    query = select(PanelCallbackRow).where(PanelCallbackRow.server == server, PanelCallbackRow.key == key)
    return db.session.scalar(query.order_by(PanelCallbackRow.received_at.desc(), PanelCallbackRow.id).limit(1))


def delete_panel_callbacks(before: datetime, limit: int) -> int:
    """Delete reports received before an instant, at most ``limit``; returns how many."""
    is_old = PanelCallbackRow.received_at < before
    oldest = select(PanelCallbackRow.id).where(is_old).order_by(PanelCallbackRow.received_at).limit(limit)
    rows = db.session.execute(
        delete(PanelCallbackRow).where(PanelCallbackRow.id.in_(oldest)).returning(PanelCallbackRow.id)
    )
    return len(rows.all())
