"""Counters of throttled acts. Their keys are keyed hashes: the table names no client and no network address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, String, case, delete, false, or_, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.domain.throttle import Counter, ThrottleKind
from kajoom.models.db import Base, db, dialect_insert
from kajoom.models.types import UtcDateTime


class CounterName(NamedTuple):
    """Whose acts a counter counts: their kind, and the keyed hash of the client, account or address."""

    kind: ThrottleKind
    key: str


class Throttle(Base):
    """A counter, as ``domain.throttle.Counter``; ``kind`` is a ``ThrottleKind``. Without a row nothing was counted."""

    __tablename__ = "throttle"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def add_to_counters(memories: Mapping[CounterName, timedelta], at: datetime) -> dict[CounterName, Counter]:
    """Add one to each counter and return them, locked until the commit; each begins anew once it is forgotten.

    ``memories`` says how long a counter that begins is remembered. When the next act may be is not changed. Two
    transactions lock the same counters in the same order, so that they do not wait for each other.
    """
    statement = dialect_insert(Throttle)
    new = statement.excluded
    is_forgotten = Throttle.forget_at <= new.next_at
    statement = statement.on_conflict_do_update(
        index_elements=[Throttle.kind, Throttle.key],
        set_={
            "count": case((is_forgotten, 1), else_=Throttle.count + 1),
            "next_at": case((is_forgotten, new.next_at), else_=Throttle.next_at),
            "forget_at": case((is_forgotten, new.forget_at), else_=Throttle.forget_at),
        },
    )
    rows = [
        {"kind": name.kind.value, "key": name.key, "count": 1, "next_at": at, "forget_at": at + memory}
        for name, memory in sorted(memories.items())
    ]
    columns = (Throttle.kind, Throttle.key, Throttle.count, Throttle.next_at, Throttle.forget_at)
    found = db.session.execute(statement.returning(*columns), rows)
    return {
        CounterName(ThrottleKind(kind), key): Counter(count, next_at, forget_at)
        for kind, key, count, next_at, forget_at in found
    }


def store_counters(counters: Mapping[CounterName, Counter]) -> None:
    """Store counters that are locked."""
    rows = [{"kind": name.kind.value, "key": name.key, **asdict(counter)} for name, counter in counters.items()]
    if rows:
        db.session.execute(update(Throttle), rows)


def subtract_from_counters(names: Collection[CounterName], at: datetime) -> None:
    """Take one from each counter; the next act may be from ``at`` on."""
    is_counted = _is_named(names) & (Throttle.count > 0)
    db.session.execute(update(Throttle).where(is_counted).values(count=Throttle.count - 1, next_at=at))


def delete_counters(names: Collection[CounterName]) -> None:
    """Delete counters."""
    db.session.execute(delete(Throttle).where(_is_named(names)))


def delete_forgotten_counters(before: datetime, limit: int) -> int:
    """Delete counters whose acts are forgotten since an instant, at most ``limit``; returns how many."""
    forgotten = select(Throttle.kind, Throttle.key).where(Throttle.forget_at < before).limit(limit)
    statement = delete(Throttle).where(tuple_(Throttle.kind, Throttle.key).in_(forgotten))
    return len(db.session.execute(statement.returning(Throttle.kind)).all())


def _is_named(names: Collection[CounterName]) -> ColumnElement[bool]:
    """The counters with these names: an OR, for which SQLite uses the key; a list of pairs it would not."""
    return or_(false(), *((Throttle.kind == name.kind.value) & (Throttle.key == name.key) for name in names))
