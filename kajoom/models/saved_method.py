"""An account a client pays with, kept by its provider: what is kept here is only what the provider calls it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime


class SavedMethod(Base):
    """``token`` is what the provider knows the account by, worth nothing without the host's own credentials and
    emptied once the provider has forgotten it; ``label`` is how its client knows it again. It is of use until
    ``ended_at``: removed by its client, replaced by another, or no longer honoured."""

    __tablename__ = "saved_method"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    provider: Mapped[str]
    token: Mapped[str]
    label: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_IS_OF_USE = SavedMethod.ended_at.is_(None)
Index(
    "uq_saved_method_of_client", SavedMethod.client_id, SavedMethod.provider, unique=True,
    sqlite_where=_IS_OF_USE, postgresql_where=_IS_OF_USE,
)  # fmt: skip


def saved_methods_of(client_id: int) -> list[SavedMethod]:
    """The accounts of a client that are of use, one for each provider at most."""
    query = select(SavedMethod).where(SavedMethod.client_id == client_id, _IS_OF_USE)
    return list(db.session.scalars(query.order_by(SavedMethod.id)))


def saved_methods_by_token(provider: str, token: str) -> list[SavedMethod]:
    """The accounts of use that a provider knows by one token: two clients may pay with the same."""
    query = select(SavedMethod).where(SavedMethod.provider == provider, SavedMethod.token == token, _IS_OF_USE)
    return list(db.session.scalars(query)) if token else []
