"""The leases of the outbox: which message is handled next, by whom, and its end."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import islice

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, null, or_, select, update

from kajoom.domain.priority import Range, Turns
from kajoom.models.db import db
from kajoom.models.outbox import IN_TURN, IS_PENDING, Message

_is_free = or_(Message.lease_until.is_(None), Message.lease_until < bindparam("at"))
_DUE = select(Message.id, Message.queue).where(IS_PENDING, Message.run_at <= bindparam("due_by"), _is_free)
"""The ids and queues of the messages that are due and not leased; built once, as every message asks it."""

_is_in_range = (Message.queue > bindparam("after")) & (Message.queue <= bindparam("last"))
_FIRST_IN_RANGE = _DUE.where(_is_in_range).order_by(*IN_TURN).limit(1).with_for_update(skip_locked=True)

_CLAIM = (
    update(Message)
    .where(Message.id == bindparam("leased_id"))
    .values(lease_until=bindparam("until"), lease_token=bindparam("token"), attempts=Message.attempts + 1)
    .returning(Message)
    .execution_options(synchronize_session=False)
)
_FINISH = (
    update(Message.__table__)  # type: ignore[arg-type] # a table
    .where(Message.id == bindparam("leased_id"), Message.lease_token == bindparam("token"), IS_PENDING)
    .values(done_at=bindparam("at"), lease_until=None, sent_at=bindparam("sent_at_"))
)

_DUE_ID = select(Message.id).where(IS_PENDING, _is_free).limit(1)


def _is_found(query: Select[int], due_by: str) -> ColumnElement[bool]:
    return query.where(Message.run_at <= bindparam(due_by)).scalar_subquery().is_not(None)


def _is_between(number: int) -> ColumnElement[bool]:
    return (Message.queue > bindparam(f"after_{number}")) & (Message.queue <= bindparam(f"last_{number}"))


@cache
def _first_range(count: int) -> Select[int | None]:
    """The statement that finds the first of ``count`` ranges of queues with a message that is due, if there is any.

    Each range is looked at as ``_FIRST_IN_RANGE`` looks at it, and none after the first that has one.
    """
    looks = ((_is_found(_DUE_ID.where(_is_between(no)).order_by(*IN_TURN), f"due_by_{no}"), no) for no in range(count))
    is_idle = ~_is_found(_DUE_ID.order_by(Message.run_at), "at")
    return select(case((is_idle, null()), *looks, else_=null()))


def first_range_due(turns: Turns, at: datetime) -> int | None:
    """Which of the ranges of ``turns`` is the first with a message that can be leased ``at``; ``None`` if none is."""
    ranges = list(turns.ranges(at))
    values = {f"{name}_{no}": value for no, queues in enumerate(ranges) for name, value in queues._asdict().items()}
    number: int | None = db.session.execute(_first_range(len(ranges)), {"at": at, **values}).scalar()
    return number


def claim_message(turns: Turns, first: int, at: datetime, until: datetime, token: str) -> Message | None:
    """Lease the due message whose turn it is ``until`` then; rows locked by another worker are skipped.

    ``first`` is the range of queues with which to begin, as ``first_range_due`` found it. Of one kind the oldest goes
    first.
    """
    ranges = islice(turns.ranges(at), first, None)
    found = next(filter(None, (_first_in(queues, at) for queues in ranges)), None)
    if found is None:
        return None
    turns.pass_on(found.queue)
    leased = {"leased_id": found.id, "until": until, "token": token}
    return db.session.scalars(_CLAIM, leased, execution_options={"populate_existing": True}).one()


def _first_in(queues: Range, at: datetime) -> Row[int, str] | None:
    """The first message in a range of queues that can be leased at ``at``, which is locked until the commit."""
    return db.session.connection().execute(_FIRST_IN_RANGE, {"at": at, **queues._asdict()}).first()


def leased_message(message_id: int, token: str) -> Message | None:
    """The pending message, if its lease is still ``token``'s: a slow worker may have lost it to another."""
    query = select(Message).where(Message.id == message_id, Message.lease_token == token, IS_PENDING)
    return db.session.scalar(query.with_for_update())


def finish_leased(message_id: int, token: str, at: datetime, sent_at: datetime | None) -> None:
    """Mark a pending message as done, if its lease is still ``token``'s."""
    values = {"leased_id": message_id, "token": token, "at": at, "sent_at_": sent_at}
    db.session.connection().execute(_FINISH, values)
