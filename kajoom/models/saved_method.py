"""Saved payment accounts: the provider keeps the account, we keep its token."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.types import UtcDateTime


class SavedMethod(Base):
    """A client's account saved at a provider.

    ``token`` is the provider's id of the account, useless without the host's credentials and emptied once the provider
    has deleted the account; ``label`` is shown to the client. The account is usable until ``ended_at``: removed by the
    client, replaced by another or refused by the provider.
    """

    __tablename__ = "saved_method"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey(Client.id), index=True)
    provider: Mapped[str]
    token: Mapped[str]
    label: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_IS_USABLE = SavedMethod.ended_at.is_(None)
partial_index(
    "uq_saved_method_of_client", SavedMethod.client_id, SavedMethod.provider, unique=True,
    where=_IS_USABLE,
)  # fmt: skip


def saved_methods_of(client_id: int) -> list[SavedMethod]:
    """Return the usable accounts of a client, at most one for each provider."""
    query = select(SavedMethod).where(SavedMethod.client_id == client_id, _IS_USABLE)
    return list(db.session.scalars(query.order_by(SavedMethod.id)))


def saved_methods_by_token(provider: str, token: str) -> list[SavedMethod]:
    """Return the usable accounts with this token; two clients may have saved the same account."""
    query = select(SavedMethod).where(SavedMethod.provider == provider, SavedMethod.token == token, _IS_USABLE)
    return list(db.session.scalars(query)) if token else []
