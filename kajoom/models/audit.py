"""The audit: a row for each act of staff, document, payment and account change, written in the commit of the act."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Integer, String, event, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kajoom.domain.audit import STAFF_PREFIX, Act, AuditedAct, Seal
from kajoom.models.db import Base, db
from kajoom.models.invoice import Counter
from kajoom.models.partial_index import partial_index
from kajoom.models.types import UtcDateTime

log = logging.getLogger(__name__)

_SERIES = "audit"
"""The series of the places; the row of its counter also has the sealing done by one worker at a time."""

_CHUNK = 1000
_LINES = "audit_lines"
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Row(Protocol):
    """A row that the database has given its id."""

    __tablename__: str

    @property
    def id(self) -> Any: ...


class AuditRow(Base):
    """An act, and its seal once a worker has sealed it. It holds ids, so that it stays true when a client is erased.

    ``actor`` is that of the histories ("client", "staff:NAME", a provider's code). ``client_id`` and ``subject_id``
    refer to rows that may be deleted, so they are no foreign keys.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(100))
    client_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(String(40), default="")
    subject_id: Mapped[int | None]
    place: Mapped[int | None] = mapped_column(unique=True)
    sealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    digest: Mapped[str | None] = mapped_column(String(64))
    seal: Mapped[str | None] = mapped_column(String(64))


_IS_UNSEALED = AuditRow.place.is_(None)
partial_index("ix_audit_unsealed", AuditRow.id, where=_IS_UNSEALED)


def record_act(
    act: Act, actor: str, at: datetime, *, client_id: int | None = None, subject: _Row | str | None = None
) -> None:
    """Add an act to the current transaction, and a line to the log once that is committed.

    ``subject`` is the row that the act is about, which the database has given its id, or what it is about when that is
    no row, in 40 characters at most.
    """
    name, row_id = _named(subject)
    row = AuditRow(act=act.value, actor=actor[:100], at=at, client_id=client_id, subject=name, subject_id=row_id)
    db.session.add(row)
    ids = {"act": act.value, "actor": actor, "client": client_id, **_logged(name, row_id)}
    db.session().info.setdefault(_LINES, []).append({key: value for key, value in ids.items() if value is not None})


def _named(subject: _Row | str | None) -> tuple[str, Any]:
    if subject is None or isinstance(subject, str):
        return subject or "", None
    return subject.__tablename__, subject.id


def _logged(name: str, row_id: Any) -> dict[str, Any]:
    if row_id is None:
        return {"about": name} if name else {}
    return {name: row_id}


@event.listens_for(db.session, "after_commit")
def _log_acts(session: Session) -> None:
    for ids in session.info.pop(_LINES, ()):
        is_staff = ids["actor"].startswith(STAFF_PREFIX)
        log.info("staff act" if is_staff else "act", extra=ids)


@event.listens_for(db.session, "after_soft_rollback")
def _forget_acts(session: Session, _previous: Any) -> None:
    session.info.pop(_LINES, None)


def is_any_unsealed() -> bool:
    """Whether an act waits for its seal."""
    return db.session.scalar(select(AuditRow.id).where(_IS_UNSEALED).limit(1)) is not None


# One statement also for the first seals of all: two workers would both find no row and one would fail.
_LOCK = text(
    "INSERT INTO counter (series, value) VALUES (:series, 0) ON CONFLICT (series) DO UPDATE SET value = counter.value"
    " RETURNING value"
).columns(value=Integer)


def lock_places() -> int:
    """How many places have been given; until the commit no other transaction gives one."""
    given: int = db.session.execute(_LOCK, {"series": _SERIES}).scalar_one()
    return given


def places_given() -> int:
    """How many places have been given: as many acts must be sealed."""
    return db.session.scalar(select(Counter.value).where(Counter.series == _SERIES)) or 0


def newest_seal() -> Seal | None:
    """Return the newest seal, ``None`` before the first."""
    query = select(AuditRow).where(AuditRow.place.is_not(None)).order_by(AuditRow.place.desc())
    row = db.session.scalars(query.limit(1)).first()
    return _seal(row) if row is not None else None


def unsealed_acts() -> Iterator[AuditedAct]:
    """The acts that wait for their seal, in the order of their ids."""
    columns = AuditRow.__table__.columns
    query = select(*columns).where(_IS_UNSEALED).order_by(AuditRow.id)
    for row in db.session.execute(query).all():
        yield _act(row)


def store_seals(seals: list[tuple[int, Seal]]) -> None:
    """Store the seals of rows, by their ids, and the last place that was given."""
    names = ("place", "sealed_at", "digest", "seal")
    rows = [{"id": row_id, **{name: getattr(seal, name) for name in names}} for row_id, seal in seals]
    if rows:
        db.session.execute(update(AuditRow), rows)
        db.session.execute(update(Counter).where(Counter.series == _SERIES).values(value=seals[-1][1].place))


def sealed_acts() -> Iterator[tuple[AuditedAct, Seal]]:
    """Every sealed act by place, read in chunks.

    ``ValueError`` once those before it were given, for a row of SQLite in which a time is no time.
    """
    query, size = select(*AuditRow.__table__.columns).where(AuditRow.place.is_not(None)), _CHUNK
    after = query
    while True:
        try:
            rows = db.session.execute(after.order_by(AuditRow.place).limit(size)).all()
        except ValueError:
            if size == 1:
                raise
            size = 1
            continue
        yield from ((_act(row), _seal(row)) for row in rows)
        if len(rows) < size:
            return
        after = query.where(AuditRow.place > rows[-1].place)


def _act(row: Any) -> AuditedAct:
    return AuditedAct(row.id, row.at, row.act, row.actor, row.client_id, row.subject, row.subject_id)


def _seal(row: Any) -> Seal:
    return Seal(row.place, row.sealed_at or _NEVER, row.digest or "", row.seal or "")
