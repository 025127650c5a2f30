"""Tasks for the host's staff: opened in the transaction that needs a person, which also writes to staff."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.task import TaskKind
from kajoom.models.task import add_task, close_open_task, close_tasks_of_order
from kajoom.operations import outbox


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
    task_id = add_task(kind, key, at, reason=reason, **ids)
    if task_id is None:
        return False
    outbox.enqueue("email", f"staff_task-{key}", at, email="staff_task", task=task_id)
    return True


def close_task(key: str, actor: str, at: datetime, note: str = "") -> bool:
    """Within the current transaction, close the task with this key; ``False`` when none is open."""
    return close_open_task(key, actor, at, note)


def close_order_tasks(order_id: int, actor: str, at: datetime, note: str = "") -> bool:
    """Within the current transaction, close every open task about an order; ``False`` when none is open."""
    return close_tasks_of_order(order_id, actor, at, note)
