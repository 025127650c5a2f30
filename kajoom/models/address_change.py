"""Changes of a client's e-mail address: requested by the client, confirmed by a link sent to the new address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime


class AddressChange(Base):
    """A client's wish to sign in and be written to at ``new_email`` instead of ``old_email``."""

    __tablename__ = "address_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    old_email: Mapped[str] = mapped_column(String(254))
    new_email: Mapped[str] = mapped_column(String(254))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[Client] = relationship()


def address_change_by_id(change_id: int) -> AddressChange | None:
    """Return a change of address, or ``None``."""
    return db.session.get(AddressChange, change_id)


def open_address_change_of(client_id: int, since: datetime) -> AddressChange | None:
    """Return the change that a client last requested, unless it was before ``since`` or is confirmed."""
    query = select(AddressChange).where(AddressChange.client_id == client_id, AddressChange.requested_at > since)
    last = db.session.scalar(query.order_by(AddressChange.id.desc()).limit(1))
    return last if last is not None and last.confirmed_at is None else None


def delete_address_changes(before: datetime, limit: int) -> int:
    """Delete the changes requested before an instant, confirmed or not, at most ``limit``; returns how many."""
    oldest = select(AddressChange.id).where(AddressChange.requested_at < before).order_by(AddressChange.requested_at)
    statement = delete(AddressChange).where(AddressChange.id.in_(oldest.limit(limit)))
    return len(db.session.execute(statement.returning(AddressChange.id)).all())
