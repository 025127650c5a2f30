"""Tasks for the host's staff, open until a person or the panel has done them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ForeignKey, Row, exists, func, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.order import OrderStatus
from kajoom.domain.task import TaskKind
from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import Plan
from kajoom.models.db import Base, db, insert_if_absent
from kajoom.models.order import Order
from kajoom.models.outbox import IS_PENDING, Message
from kajoom.models.paging import page_of
from kajoom.models.partial_index import partial_index
from kajoom.models.service import Service
from kajoom.models.types import UtcDateTime, enum_column


class StuckChange(NamedTuple):
    """A message to the panel about an order, due since ``due_at``."""

    message_id: int
    order_id: int
    due_at: datetime


class LateAccount(NamedTuple):
    """A message to the panel about the account of a service, which is late; ``kind`` is that of the message."""

    message_id: int
    kind: str
    service_id: int


class Task(Base):
    """What a person must do about a service; ``key`` makes a task unique, also once it is closed.

    ``reason`` is a code, such as a ``ReviewReason``, ``detail`` what a panel answered, and ``note`` what the person who
    closed the task wrote.
    ``claimed_by`` and ``closed_by`` are actors such as ``staff:NAME``, empty until then.
    """

    __tablename__ = "task"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TaskKind] = mapped_column(enum_column(TaskKind))
    key: Mapped[str] = mapped_column(unique=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)
    cancellation_id: Mapped[int | None] = mapped_column(ForeignKey("cancellation.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(default="", server_default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str] = mapped_column(default="")
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(default="")

    service: Mapped[Service] = relationship()
    order: Mapped[Order | None] = relationship()
    cancellation: Mapped[Cancellation | None] = relationship()
    message: Mapped[Message | None] = relationship()


_IS_OPEN = Task.closed_at.is_(None)
partial_index("ix_task_open", Task.opened_at, where=_IS_OPEN)

_WITH_SERVICE = (
    joinedload(Task.service).joinedload(Service.plan).joinedload(Plan.group),
    joinedload(Task.service).joinedload(Service.client),
    joinedload(Task.order).joinedload(Order.from_plan),
    joinedload(Task.order).joinedload(Order.to_plan),
)


def add_task(kind: TaskKind, key: str, at: datetime, **columns: Any) -> int | None:
    """Insert a task and return its id, ``None`` when there is one with this key already."""
    empty = {"claimed_by": "", "closed_by": "", "note": ""}
    if not insert_if_absent(Task, {"kind": kind, "key": key, "opened_at": at, **empty, **columns}, "key"):
        return None
    return db.session.scalar(select(Task.id).where(Task.key == key))


def close_open_task(key: str, actor: str, at: datetime, note: str = "") -> bool:
    """Close the open task with this key; ``False`` when there is none."""
    return _close(Task.key == key, actor, at, note)


def close_tasks_of_order(order_id: int, actor: str, at: datetime, note: str = "") -> bool:
    """Close every open task about an order; ``False`` when there is none."""
    return _close(Task.order_id == order_id, actor, at, note)


def close_tasks_of_service(
    service_id: int, actor: str, at: datetime, note: str = "", kinds: Collection[TaskKind] = tuple(TaskKind)
) -> bool:
    """Close the open tasks of these kinds about a service; ``False`` when there is none."""
    return _close((Task.service_id == service_id) & Task.kind.in_(kinds), actor, at, note)


def _close(condition: Any, actor: str, at: datetime, note: str) -> bool:
    columns = {"closed_by": actor, "closed_at": at, "note": note}
    closed = db.session.execute(update(Task).where(condition, _IS_OPEN).values(columns).returning(Task.id))
    return bool(closed.all())


def stuck_changes(before: datetime) -> list[StuckChange]:
    """Return the changes due at the panel since ``before`` or earlier, without those that a task already reports."""
    return [StuckChange(row.id, row.ids["order"], row.due_at) for row in _late_messages(["provision"], before)]


def changes_without_job() -> list[int]:
    """Return the ids of the orders that wait for the panel without a message that asks it, which should not happen."""
    is_asked = exists().where(Message.key == "provision-" + Order.reference, IS_PENDING)
    is_waiting = (Order.status == OrderStatus.AWAITING_PROVISIONING) & Order.needs_person.is_(False)
    return list(db.session.scalars(select(Order.id).where(is_waiting, ~is_asked).order_by(Order.id)))


def late_accounts(before: datetime) -> list[LateAccount]:
    """Return the accounts that the panel was to suspend, restore or remove by ``before``, and that no task reports."""
    rows = _late_messages(["suspension", "terminate"], before)
    return [LateAccount(row.id, row.kind, row.ids["service"]) for row in rows]


def _late_messages(kinds: Collection[str], before: datetime) -> Sequence[Row[Any]]:
    is_reported = exists().where(Task.message_id == Message.id, Task.opened_at >= Message.due_at)
    is_late = (IS_PENDING, Message.kind.in_(kinds), Message.due_at <= before, ~is_reported)
    columns = (Message.id, Message.kind, Message.ids, Message.due_at)
    return db.session.execute(select(*columns).where(*is_late).order_by(Message.run_at, Message.id)).all()


def open_tasks() -> list[Task]:
    """Return the open tasks with their services and orders, the oldest first."""
    query = select(Task).options(*_WITH_SERVICE).where(_IS_OPEN)
    return list(db.session.scalars(query.order_by(Task.opened_at, Task.id)))


def open_tasks_page(number: int) -> Pagination:
    """A page of the open tasks, as ``open_tasks`` returns them, with the messages that are stuck."""
    query = select(Task).options(*_WITH_SERVICE, joinedload(Task.message)).where(_IS_OPEN)
    return page_of(query.order_by(Task.opened_at, Task.id), number)


def count_open_tasks() -> int:
    """How many tasks are open."""
    return db.session.scalar(select(func.count()).select_from(Task).where(_IS_OPEN)) or 0


def opening_times() -> list[datetime]:
    """When each open task was opened."""
    return list(db.session.scalars(select(Task.opened_at).where(_IS_OPEN)))


def open_tasks_of_order(order_id: int) -> list[Task]:
    """Return the open tasks about an order with its service, the oldest first."""
    query = select(Task).options(*_WITH_SERVICE).where(Task.order_id == order_id, _IS_OPEN)
    return list(db.session.scalars(query.order_by(Task.opened_at, Task.id)))


def open_tasks_of_service(service_id: int, kind: TaskKind) -> list[Task]:
    """Return the open tasks of a kind about a service, the oldest first."""
    query = select(Task).where(Task.kind == kind, Task.service_id == service_id, _IS_OPEN)
    return list(db.session.scalars(query.order_by(Task.opened_at, Task.id)))


def task_by_id(task_id: int) -> Task | None:
    """Return a task, open or not, with its service and order, or ``None``."""
    return db.session.scalar(select(Task).options(*_WITH_SERVICE).where(Task.id == task_id))
