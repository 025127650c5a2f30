"""Tasks for the host's staff: opened in the transaction that needs a person, which also writes to staff."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from kajoom.domain.audit import Act
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.task import TaskKind
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.order import client_id_of_order, order_id_by_reference
from kajoom.models.service import client_id_of_service
from kajoom.models.task import (
    Task,
    add_task,
    close_open_task,
    close_tasks_of_order,
    close_tasks_of_service,
    open_tasks_of_order,
    task_by_id,
)
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional


def open_task(
    kind: TaskKind,
    key: str,
    at: datetime,
    *,
    service_id: int,
    order_id: int | None = None,
    cancellation_id: int | None = None,
    message_id: int | None = None,
    reason: str = "",
    detail: str = "",
) -> bool:
    """Add a task to the current transaction, and an e-mail to staff about it.

    A second task with the same ``key`` is not added, also when the first is closed: a task that comes back, such as a
    change that the panel refuses again, needs a key of its own. Returns whether the task was added.
    """
    ids = {
        "service_id": service_id,
        "order_id": order_id,
        "cancellation_id": cancellation_id,
        "message_id": message_id,
    }
    task_id = add_task(kind, key, at, reason=reason, detail=detail, **ids)
    if task_id is None:
        return False
    outbox.enqueue("email", f"staff_task-{key}", at, email="staff_task", task=task_id)
    return True


def close_task(key: str, actor: str, at: datetime, note: str = "") -> bool:
    """Within the current transaction, close the task with this key; ``False`` when none is open."""
    return close_open_task(key, actor, at, note)


@transactional(read_only=True)
def order_of_task(task_id: int) -> str | None:
    """The reference of the order that an open task is about, ``None`` when it is about none.

    Raises ``BusinessError`` with ``NO_TASK`` when no such task is open.
    """
    task = get_open_task(task_id)
    return task.order.reference if task.order is not None else None


@transactional
def claim_task(task_id: int, actor: str, at: datetime) -> None:
    """Record that somebody works on a task; claiming it again changes nothing.

    Raises ``BusinessError`` with ``NO_TASK`` when no such task is open, and with ``TASK_CLAIMED`` when somebody else
    has claimed it.
    """
    _claim([_get_open_locked(task_id)], actor, at)


@transactional
def claim_order(reference: str, actor: str, at: datetime) -> None:
    """Record that somebody works on the tasks about an order; raises as ``claim_task``, ``LookupError`` as well."""
    _claim(_get_open_of_order(reference), actor, at)


@transactional
def release_task(task_id: int, actor: str, at: datetime) -> None:
    """Take back the claim of a task, whoever made it; ``BusinessError`` with ``NO_TASK`` when no such task is open."""
    _release([_get_open_locked(task_id)], actor, at)


@transactional
def release_order(reference: str, actor: str, at: datetime) -> None:
    """Take back the claim of the tasks about an order; raises as ``release_task``, ``LookupError`` as well."""
    _release(_get_open_of_order(reference), actor, at)


def _claim(tasks: list[Task], actor: str, at: datetime) -> None:
    for task in tasks:
        if task.claimed_by not in {"", actor}:
            raise BusinessError(StaffRefusal.TASK_CLAIMED, claimed_by=task.claimed_by)
        if not task.claimed_by:
            task.claimed_by, task.claimed_at = actor, at
            record_act(Act.TASK_CLAIMED, actor, at, client_id=task.service.client_id, subject=task)


def _release(tasks: list[Task], actor: str, at: datetime) -> None:
    for task in tasks:
        if task.claimed_by:
            task.claimed_by, task.claimed_at = "", None
            record_act(Act.TASK_RELEASED, actor, at, client_id=task.service.client_id, subject=task)


def _get_open_locked(task_id: int) -> Task:
    task = get_open_task(task_id)
    lock_client(client_id_of_service(task.service_id))
    return get_open_task(task_id)


def _get_open_of_order(reference: str) -> list[Task]:
    """Lock an order's client and read the open tasks about the order."""
    order_id = order_id_by_reference(reference)
    if order_id is None:
        raise LookupError(f"no order {reference}")
    lock_client(client_id_of_order(order_id))
    tasks = open_tasks_of_order(order_id)
    if not tasks:
        raise BusinessError(StaffRefusal.NO_TASK, id=reference)
    return tasks


def get_open_task(task_id: int) -> Task:
    """An open task; ``BusinessError`` with ``NO_TASK`` when no such task is open."""
    task = task_by_id(task_id)
    if task is None or task.closed_at is not None:
        raise BusinessError(StaffRefusal.NO_TASK, id=task_id)
    return task


def close_service_tasks(
    service_id: int, actor: str, at: datetime, note: str = "", kinds: Collection[TaskKind] = tuple(TaskKind)
) -> bool:
    """Within the current transaction, close the open tasks of ``kinds`` about a service; ``False`` without one."""
    return close_tasks_of_service(service_id, actor, at, note, kinds)


def close_order_tasks(order_id: int, actor: str, at: datetime, note: str = "") -> bool:
    """Within the current transaction, close every open task about an order; ``False`` when none is open."""
    return close_tasks_of_order(order_id, actor, at, note)
