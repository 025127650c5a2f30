"""The outbox: side effects queued in the transaction that causes them, and leased by workers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, String, delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.domain.priority import queue_of
from kajoom.models.address_change import AddressChange
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import Base, db, insert_all_if_absent, insert_if_absent
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.partial_index import partial_index
from kajoom.models.service import Service
from kajoom.models.types import UtcDateTime, json_column

_STAFF = "staff_"
"""What the kinds of e-mail to staff begin with."""


def _run_at(context: Any) -> datetime:
    """The value of ``run_at`` in the row that SQLAlchemy inserts."""
    run_at: datetime = context.get_current_parameters()["run_at"]
    return run_at


def _queue(context: Any) -> str:
    """The value of ``queue`` in the row that SQLAlchemy inserts."""
    row = context.get_current_parameters()
    return queue_of(row["kind"], row["ids"])


class Message(Base):
    """A side effect to carry out after the commit: an e-mail, a panel call, a payment look-up, a part of a day's work.

    ``ids`` holds the ids of rows, never amounts or texts; ``key`` makes a message unique. ``queue`` is where it waits:
    see ``domain/priority``. ``due_at`` is when it was
    first due and ``run_at`` when it is due next. ``lease_until`` and ``lease_token`` identify the worker that handles
    it. ``failing_since`` is when it began to fail, ``None`` after an attempt whose outcome was only not known yet; one
    with ``dead_at`` needs a person, who retries it or discards it (``discarded_by``, ``discard_note``, ``done_at``).

    ``client_id`` is the client to whom an e-mail is written, ``None`` for another message. ``sent_at`` is when an
    e-mail was sent: one that is done without it had nothing left to say.
    """

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    queue: Mapped[str] = mapped_column(String(60), default=_queue, server_default="2-email")
    key: Mapped[str] = mapped_column(unique=True)
    ids: Mapped[dict[str, Any]] = mapped_column(json_column())
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_run_at)
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_token: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    discarded_by: Mapped[str] = mapped_column(default="", server_default="")
    discard_note: Mapped[str] = mapped_column(default="", server_default="")
    client_id: Mapped[int | None]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


IS_PENDING = Message.done_at.is_(None) & Message.dead_at.is_(None)
IS_DEAD = Message.dead_at.is_not(None) & Message.done_at.is_(None)
partial_index("ix_message_dead", Message.kind, Message.dead_at, where=IS_DEAD)
_IS_DONE = Message.done_at.is_not(None)
partial_index("ix_message_done_at", Message.done_at, where=_IS_DONE)
_IS_TO_CLIENT = Message.client_id.is_not(None)
partial_index("ix_message_client", Message.client_id, Message.id, where=_IS_TO_CLIENT)
partial_index("ix_message_waiting", Message.run_at, where=IS_PENDING)
IN_TURN = (Message.queue, Message.run_at, Message.id)
partial_index("ix_message_queue", *IN_TURN, where=IS_PENDING)


def is_dead_or(is_listed: ColumnElement[bool]) -> ColumnElement[bool]:
    """The dead messages, and the pending ones for which ``is_listed``: each from its own index, as no OR would be."""
    pending = select(Message.id).where(IS_PENDING, is_listed)
    return Message.id.in_(select(Message.id).where(IS_DEAD).union_all(pending))


def add_message(kind: str, key: str, ids: dict[str, Any], run_at: datetime) -> None:
    """Insert a message, unless there is one with this key."""
    row = {"kind": kind, "key": key, "ids": ids, "run_at": run_at, "attempts": 0, "last_error": ""}
    insert_if_absent(Message, {**row, "client_id": _recipient(kind, ids)}, "key")


def add_emails(rows: Iterable[tuple[str, int, Mapping[str, int]]], email: str, run_at: datetime) -> None:
    """Insert messages about e-mails of one kind, unless there is one with the key: key, client id and other ids."""
    fixed = {"kind": "email", "run_at": run_at, "due_at": run_at, "attempts": 0, "last_error": ""}
    values = [
        {**fixed, "key": key, "client_id": client_id, "ids": {"email": email, **ids}} for key, client_id, ids in rows
    ]
    insert_all_if_absent(Message, values, "key")


_OWNERS: Mapping[str, Any] = {
    "order": Order, "invoice": Invoice, "cancellation": Cancellation, "address_change": AddressChange,
    "service": Service,
}  # fmt: skip
"""The rows that e-mails are about, each of one client."""


def _recipient(kind: str, ids: Mapping[str, Any]) -> int | ScalarSelect[int] | None:
    """The client to whom a message is an e-mail, its id or a subquery; ``None`` for one to staff or a stranger."""
    if kind != "email" or str(ids.get("email", "")).startswith(_STAFF):
        return None
    if "client" in ids:
        client_id: int | None = ids["client"]
        return client_id
    row = next(((model, ids[name]) for name, model in _OWNERS.items() if ids.get(name) is not None), None)
    return select(row[0].client_id).where(row[0].id == row[1]).scalar_subquery() if row is not None else None


def last_run_at(keys: Collection[str]) -> datetime | None:
    """When the last of the messages with these keys was or will be handled, ``None`` when none exists."""
    return db.session.scalar(select(func.max(Message.run_at)).where(Message.key.in_(keys)))


def dead_messages(kind: str) -> list[Message]:
    """Return the dead messages of a kind that nobody has retried or discarded, in the order in which they died."""
    query = select(Message).where(IS_DEAD, Message.kind == kind)
    return list(db.session.scalars(query.order_by(Message.dead_at, Message.id)))


def unfinished_messages(at: datetime, kind: str, limit: int) -> list[Message]:
    """Return the dead messages, then those that are retried or due at ``at``; of one ``kind``, or of all if empty."""
    query = select(Message).where(is_dead_or(or_(Message.attempts > 0, Message.run_at <= at)))
    query = query.where(Message.kind == kind) if kind else query
    return list(db.session.scalars(query.order_by(Message.dead_at.is_(None), Message.due_at, Message.id).limit(limit)))


def lock_message(message_id: int) -> Message | None:
    """Lock a message until the commit and return it, or ``None``."""
    return db.session.scalar(select(Message).where(Message.id == message_id).with_for_update())


def delete_done_messages(before: datetime, limit: int) -> int:
    """Delete the oldest messages done before an instant, at most ``limit``; returns how many.

    Those about overdue invoices stay: an invoice that stays overdue has its e-mails only once.
    """
    is_once = or_(Message.key.startswith("overdue-"), Message.key.startswith("second_reminder-", autoescape=True))
    is_old = (Message.done_at < before) & ~is_once
    oldest = select(Message.id).where(is_old).order_by(Message.done_at).limit(limit)
    return len(db.session.execute(delete(Message).where(Message.id.in_(oldest)).returning(Message.id)).all())


def was_written_since(client_id: int, email: str, since: datetime) -> bool:
    """Whether an e-mail of a kind to a client was queued after an instant."""
    query = select(Message.ids).where(Message.client_id == client_id, Message.due_at > since)
    return any(ids["email"] == email for ids in db.session.scalars(query))


def message_by_key(key: str) -> Message | None:
    """Return the message with this key, done or not, or ``None``."""
    return db.session.scalar(select(Message).where(Message.key == key))


def lock_message_by_key(key: str) -> Message | None:
    """Lock the message with this key until the commit and return it as it is then, or ``None``."""
    query = select(Message).where(Message.key == key).with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)
