"""Those who sign in: clients, and staff, who have a role."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from sqlalchemy import ScalarSelect, Select, String, inspect, or_, select
from sqlalchemy.orm import Mapped, mapped_column, validates

from kajoom.domain.tax import Taxation, TaxName
from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.search_columns import folded_text, search_columns
from kajoom.models.types import UtcDateTime, inline_text

if TYPE_CHECKING:
    from flask_security import UserMixin
else:

    class UserMixin:
        """What Flask-Security asks of a user, loaded with it when the first is asked: only pages sign anybody in.

        Its modules take an eighth of a command's start.
        """

        def __getattr__(self, name: str) -> Any:
            return getattr(resolve_name("flask_security:UserMixin"), name).__get__(self)


ERASED_DOMAIN = "erased.invalid"
"""The domain of the addresses of erased clients, which exists nowhere (RFC 2606)."""


class Client(Base, UserMixin):
    """A person who signs in, owns services and pays; ``locale`` is "fr" or "en", ``province`` a two-letter code.

    ``tax_exempt`` is why the client pays no taxes, as invoices print it; empty for a client who pays them.
    ``role`` is a ``StaffRole``, empty for a client.
    ``invited_at`` is when the last invitation to choose a password was queued. ``file_email`` is the address that the
    host's file had when the client chose another one here. ``signed_in_at`` is the last sign-in. Staff find a client by
    the ``search_`` columns.
    """

    __tablename__ = "client"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    file_email: Mapped[str | None]
    name: Mapped[str]
    company: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    province: Mapped[str] = mapped_column(default="QC")
    country: Mapped[str] = mapped_column(default="CA")
    tax_exempt: Mapped[str] = mapped_column(String(100), default="")
    locale: Mapped[str] = mapped_column(default="fr")
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    role: Mapped[str] = mapped_column(String(10), default="")
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    invited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    search_name: Mapped[str] = mapped_column(folded_text(), default="", server_default="", index=True)
    search_last_name: Mapped[str] = mapped_column(folded_text(), default="", server_default="", index=True)
    search_company: Mapped[str] = mapped_column(folded_text(), default="", server_default="", index=True)
    search_email: Mapped[str] = mapped_column(folded_text(), default="", server_default="", index=True)

    @validates("name", "company", "email")
    def _write_search_columns(self, attribute: str, value: str) -> str:
        for name, text in search_columns("client", {attribute: value}).items():
            setattr(self, name, text)
        return value

    @property
    def is_staff(self) -> bool:
        """Whether the account is that of a member of the staff, who is no client."""
        return bool(self.role)

    @property
    def is_erased(self) -> bool:
        """Whether the person was erased: there is nobody to write to."""
        return self.email.endswith(f"@{ERASED_DOMAIN}")

    @property
    def tax_province(self) -> str:
        """The province whose taxes apply, empty outside Canada."""
        return self.province if self.country == "CA" else ""

    def taxation(self, registered: frozenset[TaxName]) -> Taxation:
        """Which taxes this client pays to a seller who is ``registered`` for some."""
        return taxation_of(self.province, self.country, self.tax_exempt, registered)


IS_STAFF = Client.role != inline_text("")
partial_index("ix_client_staff", Client.email, where=IS_STAFF)


def taxation_of(province: str, country: str, tax_exempt: str, registered: frozenset[TaxName]) -> Taxation:
    """Which taxes a client pays, from the columns of a client's row."""
    return Taxation(province if country == "CA" else "", registered, exempt=bool(tax_exempt))


@dataclass(frozen=True, eq=False)
class ClientFacts:
    """The columns of the signed-in client, and of their session, that pages and Flask-Security's check need."""

    id: int
    email: str
    name: str
    locale: str
    active: bool
    role: str
    has_factor: bool
    fs_uniquifier: str
    session_id: int
    session_seen_at: datetime

    @property
    def is_staff(self) -> bool:
        """Whether the account is that of a member of the staff, who is no client."""
        return bool(self.role)


def password_before_change(client: Client) -> str | None:
    """The hash that the database holds, when another one was assigned to the client and not yet stored."""
    history = inspect(client).attrs.password.history
    return history.deleted[0] if history.deleted else None


def client_by_email(email: str) -> Client | None:
    """Return the client with this e-mail address, case-insensitively, or ``None``."""
    return db.session.scalar(select(Client).where(Client.email == email.strip().lower()))


def staff_locales(emails: Collection[str]) -> dict[str, str]:
    """The language of each active staff account that has one of these addresses, by its address in lower case."""
    is_known = Client.email.in_([each.lower() for each in emails])
    query = select(Client.email, Client.locale).where(is_known, Client.active, IS_STAFF)
    return {row.email: row.locale for row in db.session.execute(query)}


def active_staff() -> list[Client]:
    """Return the staff accounts that may sign in, by address."""
    return list(db.session.scalars(select(Client).where(Client.active, IS_STAFF).order_by(Client.email)))


def client_by_id(client_id: int) -> Client | None:
    """Return the client with this id, or ``None``."""
    return db.session.get(Client, client_id)


def is_any_client() -> bool:
    """Whether there is a client at all."""
    return db.session.scalar(select(Client.id).limit(1)) is not None


def lock_client(client_id: int | ScalarSelect[int]) -> Client:
    """Lock a client's row until the commit, and return it: operations on one client run one at a time.

    Objects read before are expired, since another transaction may have changed them meanwhile. The lock is
    ``FOR NO KEY UPDATE``: rows that refer to the client may still be inserted, or an import could deadlock with an
    operation. ``LookupError`` for a client that does not exist.
    """
    db.session.expire_all()
    query = select(Client).where(Client.id == client_id).with_for_update(key_share=True)
    client = db.session.scalar(query.execution_options(populate_existing=True))
    if client is None:
        raise LookupError("no such client")
    return client


def lock_clients(ids: Select[int]) -> None:
    """Lock the rows of clients until the commit, in the order of their ids, as ``lock_client`` does one.

    Two transactions that lock several clients in another order each could deadlock.
    """
    db.session.expire_all()
    query = select(Client.id).where(Client.id.in_(ids)).order_by(Client.id)
    db.session.execute(query.with_for_update(key_share=True)).all()


def lock_clients_to_invite(before: datetime, limit: int) -> list[Client]:
    """Lock and return active clients without a password or role who were not invited since ``before``, as they come."""
    is_due = or_(Client.invited_at.is_(None), Client.invited_at <= before)
    query = select(Client).where(Client.active, Client.password.is_(None), is_due, Client.role == "")
    return list(db.session.scalars(query.order_by(Client.id).limit(limit).with_for_update(key_share=True)))
