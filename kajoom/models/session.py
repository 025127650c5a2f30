"""Sessions of clients who are signed in. The cookie holds a random token, the table only its hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ForeignKey, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.client import Client, ClientFacts
from kajoom.models.db import Base, db
from kajoom.models.factor import HAS_FACTOR
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.types import UtcDateTime

Facts = TypeVar("Facts", bound=ClientFacts)


class ClientSession(Base):
    """A session, from the sign-in until it is ended or ``expires_at`` has passed.

    ``expires_at`` moves on with ``seen_at`` by ``idle_seconds``, but not beyond the longest duration of a session.
    ``browser``, ``system`` and ``address`` are those of ``domain.device.Device``.
    """

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    idle_seconds: Mapped[int]
    browser: Mapped[str] = mapped_column(String(20))
    system: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(45))


def hash_token(token: str) -> str:
    """The hash by which a session is found. A token is 256 random bits, which need no slow hash."""
    return sha256(token.encode()).hexdigest()


def open_at(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The sessions that are open at an instant."""
    return ClientSession.ended_at.is_(None) & (ClientSession.expires_at > at)


_SIGNED_IN = (
    select(
        Client.id,
        Client.email,
        Client.name,
        Client.locale,
        Client.active,
        Client.role,
        HAS_FACTOR,
        Client.fs_uniquifier,
        ClientSession.id,
        ClientSession.seen_at,
    )
    .join_from(ClientSession, Client, Client.id == ClientSession.client_id)
    .where(
        ClientSession.token_hash == bindparam("token_hash"),
        Client.fs_uniquifier == bindparam("uniquifier"),
        open_at(bindparam("at", type_=UtcDateTime())),
    )
)
_KEPT_SIGNED_IN = KeptStatement(lambda: _SIGNED_IN)


def client_of_session(kind: type[Facts], token: str, uniquifier: str, at: datetime) -> Facts | None:
    """Return the client of an open session as a ``kind`` of facts, ``None`` when there is none.

    There is none for a token that is unknown, another client's or of an ended session.

    One statement finds the session and its client: every page runs it.
    """
    row: Sequence[Any] | None = _KEPT_SIGNED_IN.first(token_hash=hash_token(token), uniquifier=uniquifier, at=at)
    return kind(*row) if row is not None else None


def open_sessions(client_id: int, at: datetime) -> list[ClientSession]:
    """Return the open sessions of a client, the one that was used last first."""
    query = select(ClientSession).where(ClientSession.client_id == client_id, open_at(at))
    return list(db.session.scalars(query.order_by(ClientSession.seen_at.desc(), ClientSession.id.desc())))


def session_of(client_id: int, session_id: int) -> ClientSession | None:
    """Return a session of a client, open or not, or ``None``."""
    query = select(ClientSession).where(ClientSession.id == session_id, ClientSession.client_id == client_id)
    return db.session.scalar(query)


def session_of_token(token: str) -> ClientSession | None:
    """Return the session of a token, open or not, or ``None``."""
    return db.session.scalar(select(ClientSession).where(ClientSession.token_hash == hash_token(token)))


def end_open_sessions(client_id: int, at: datetime, but: int | None) -> int:
    """End the open sessions of a client except one; returns how many."""
    statement = update(ClientSession).where(ClientSession.client_id == client_id, open_at(at))
    if but is not None:
        statement = statement.where(ClientSession.id != but)
    return len(db.session.execute(statement.values(ended_at=at).returning(ClientSession.id)).all())


def lock_session(session_id: int, *, skip_locked: bool = False) -> ClientSession | None:
    """Lock a session and return it; ``None`` when it has ended.

    With ``skip_locked``, ``None`` too when another transaction has the lock. SQLite locks no rows: see ``begin_mode``.
    """
    query = select(ClientSession).where(ClientSession.id == session_id, ClientSession.ended_at.is_(None))
    return db.session.scalar(query.with_for_update(skip_locked=skip_locked))


def delete_expired_sessions(before: datetime, limit: int) -> int:
    """Delete the sessions that expired before an instant, ended or not, at most ``limit``; returns how many."""
    oldest = select(ClientSession.id).where(ClientSession.expires_at < before).order_by(ClientSession.expires_at)
    statement = delete(ClientSession).where(ClientSession.id.in_(oldest.limit(limit)))
    return len(db.session.execute(statement.returning(ClientSession.id)).all())
