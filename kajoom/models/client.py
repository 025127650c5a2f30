"""Clients hold services and pay; those with the staff role also look after the others."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Table, bindparam, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime

STAFF = "staff"

client_role = Table(
    "client_role",
    Base.metadata,
    Column("client_id", ForeignKey("client.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Base, RoleMixin):
    """A set of permissions; the house knows one, ``staff``."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]


class Client(Base, UserMixin):
    """Who signs in, holds services and pays. ``locale`` is "fr" or "en"; ``province`` a two-letter code."""

    __tablename__ = "client"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    company: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    province: Mapped[str] = mapped_column(default="QC")
    country: Mapped[str] = mapped_column(default="CA")
    locale: Mapped[str] = mapped_column(default="fr")
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]
        secondary=client_role, lazy="selectin"
    )

    @property
    def tax_province(self) -> str:
        """Where the client is taxed: no Canadian tax outside Canada."""
        return self.province if self.country == "CA" else ""


class ClientFacts(NamedTuple):
    """What a page needs to know of the client who signed in."""

    id: int
    email: str
    name: str
    locale: str
    tax_province: str


def client_by_email(email: str) -> Client | None:
    """The client of this address (compared in lower case), or ``None``."""
    return db.session.scalar(select(Client).where(Client.email == email.strip().lower()))


_SIGNED_IN = select(Client).options(joinedload(Client.roles)).where(Client.fs_uniquifier == bindparam("uniquifier"))


def client_by_uniquifier(uniquifier: str) -> Client | None:
    """The client of a session, with their roles, in one statement; ``None`` once every session of theirs was ended."""
    return db.session.scalars(_SIGNED_IN, {"uniquifier": uniquifier}).unique().one_or_none()


def lock_client(client_id: int) -> None:
    """Hold the client until the commit: what spends credit or changes a service of theirs is done one at a time.

    What was read before the lock is forgotten: another deed may have changed it while this one waited. The lock is
    one that rows naming the client may be added beside, or a host's import could wait for a deed that waits for it.
    """
    db.session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    db.session.expire_all()
