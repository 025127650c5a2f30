"""The state of the database, of its queue and of the workers, for the readiness check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from kajoom.models.db import db
from kajoom.models.heartbeat import Heartbeat, heartbeats
from kajoom.models.outbox import IS_DEAD, IS_PENDING, Message

_UNTRIED_FOR = timedelta(minutes=10)
_FAILING_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """The workers' heartbeats, the last one first, the number of dead messages by kind, and the ids of late ones."""

    workers: list[Heartbeat]
    dead: dict[str, int]
    late: list[int]


def is_reachable() -> bool:
    """Whether the database answers."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def queue_health(at: datetime) -> QueueHealth:
    """The state of the queue and of the workers at ``at``; only a database at its latest migration has it."""
    dead = select(Message.kind, func.count()).where(IS_DEAD).group_by(Message.kind)
    return QueueHealth(
        workers=heartbeats(),
        dead=dict(db.session.execute(dead).all()),
        late=list(db.session.scalars(_late(at).limit(100))),
    )


def _late(at: datetime) -> Select[int]:
    return select(Message.id).where(late_at(at)).order_by(Message.run_at, Message.id)


def late_at(at: datetime) -> ColumnElement[bool]:
    """Whether a message is late: due for ten minutes and never tried, or failing for an hour."""
    is_untried = (Message.attempts == 0) & (Message.run_at <= at - _UNTRIED_FOR)
    is_failing = Message.failing_since <= at - _FAILING_FOR
    return IS_PENDING & or_(is_untried, is_failing)
