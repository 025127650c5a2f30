"""The leases of the outbox: which message is handled next, by whom, and its end."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table, Update, bindparam, func, null, or_, select, update

from kajoom.domain.priority import Turns
from kajoom.models.db import db
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.outbox import IN_TURN, IS_PENDING, Message

_TABLE: Table = Message.__table__  # type: ignore[assignment] # what SQLAlchemy declares is wider

_is_free = or_(Message.lease_until.is_(None), Message.lease_until < bindparam("at"))
_FREE_ID = select(Message.id).where(IS_PENDING, _is_free).limit(1)
_DUE = KeptStatement(lambda: _FREE_ID.where(Message.run_at <= bindparam("at")).order_by(Message.run_at))

_FINISH = (
    update(_TABLE)
    .where(Message.id == bindparam("leased_id"), Message.lease_token == bindparam("token"), IS_PENDING)
    .values(done_at=bindparam("at"), lease_until=None, sent_at=bindparam("sent_at_"))
)


class LeasedMessage(NamedTuple):
    """A message that the caller handles, as long as its lease has this ``lease_token``."""

    id: int
    kind: str
    queue: str
    key: str
    ids: dict[str, Any]
    attempts: int
    lease_token: str


_LEASED = tuple(_TABLE.c[name] for name in LeasedMessage._fields)


@cache
def _claim(count: int) -> Update:
    """The statement that leases the first message due in ``count`` ranges of queues; none is looked at after it."""
    firsts = (_first_of_range(number) for number in range(count))
    values = {"lease_until": bindparam("until"), "lease_token": bindparam("token"), "attempts": _TABLE.c.attempts + 1}
    return update(_TABLE).where(_TABLE.c.id == func.coalesce(*firsts, null())).values(values).returning(*_LEASED)


def _first_of_range(number: int) -> Any:
    """The first message that can be leased in the range of a number; rows locked by another worker are skipped."""
    is_between = (Message.queue > bindparam(f"after_{number}")) & (Message.queue <= bindparam(f"last_{number}"))
    of_range = _FREE_ID.where(is_between, Message.run_at <= bindparam(f"due_by_{number}")).order_by(*IN_TURN)
    return of_range.with_for_update(skip_locked=True).scalar_subquery()


def is_any_due(at: datetime) -> bool:
    """Whether there is a message that can be leased ``at``."""
    return _DUE.first(at=at) is not None


def claim_message(turns: Turns, at: datetime, until: datetime, token: str) -> LeasedMessage | None:
    """Lease the due message whose turn it is ``until`` then; of one kind the oldest goes first."""
    ranges = list(turns.ranges(at))
    values = {f"{name}_{no}": value for no, queues in enumerate(ranges) for name, value in queues._asdict().items()}
    leased = {"at": at, "until": until, "token": token, **values}
    row = db.session.connection().execute(_claim(len(ranges)), leased).first()
    if row is None:
        return None
    turns.pass_on(row.queue)
    return LeasedMessage._make(row)


def leased_message(message_id: int, token: str) -> Message | None:
    """The pending message, if its lease is still ``token``'s: a slow worker may have lost it to another."""
    query = select(Message).where(Message.id == message_id, Message.lease_token == token, IS_PENDING)
    return db.session.scalar(query.with_for_update())


def finish_leased(message_id: int, token: str, at: datetime, sent_at: datetime | None) -> None:
    """Mark a pending message as done, if its lease is still ``token``'s."""
    values = {"leased_id": message_id, "token": token, "at": at, "sent_at_": sent_at}
    db.session.connection().execute(_FINISH, values)
