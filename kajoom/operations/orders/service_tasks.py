"""Tasks about the account of a service, which a person has ended, suspended or restored at its server."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.audit import Act
from kajoom.domain.order import STUCK_AFTER
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.task import PANEL_LATE, PANEL_REFUSED, TaskKind
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.service import client_id_of_service
from kajoom.models.task import LateAccount, late_accounts
from kajoom.operations import tasks
from kajoom.operations.billing.suspension import SUSPENSION_TASKS, ask_again
from kajoom.operations.billing.suspension_result import record_done, report_late
from kajoom.operations.orders.removal import record_removed, report_late_removal
from kajoom.operations.transaction import transactional


@transactional
def complete_task(task_id: int, actor: str, at: datetime, note: str = "") -> None:
    """Close a task about a service that a person has done, and record what they did.

    A suspension or its end is told to the client. Raises ``BusinessError`` with ``NO_TASK`` when no such task is open,
    and with ``TASK_OF_ORDER`` when it is about an order, whose outcome closes it.
    """
    task = tasks.get_open_task(task_id)
    client = lock_client(client_id_of_service(task.service_id))
    task = tasks.get_open_task(task_id)
    if task.order_id is not None:
        raise BusinessError(StaffRefusal.TASK_OF_ORDER, id=task_id)
    record_act(Act.TASK_DONE, actor, at, client_id=client.id, subject=task)
    tasks.close_task(task.key, actor, at, note)
    if task.kind in SUSPENSION_TASKS:
        record_done(task.service, actor, at)
    elif task.kind is TaskKind.END:
        record_removed(task.service, actor, at)


@transactional
def retry_task(task_id: int, actor: str, at: datetime) -> None:
    """Ask the panel again to suspend or restore an account, which it refused or has not done; the task is closed.

    Raises ``BusinessError`` with ``NO_TASK`` when no such task is open, and with ``FOR_A_PERSON`` when it is about
    something else, or when there is no panel to ask.
    """
    task = tasks.get_open_task(task_id)
    client = lock_client(client_id_of_service(task.service_id))
    task = tasks.get_open_task(task_id)
    if task.kind not in SUSPENSION_TASKS or task.reason not in {PANEL_REFUSED, PANEL_LATE}:
        raise BusinessError(StaffRefusal.FOR_A_PERSON, id=task_id)
    record_act(Act.CHANGE_RETRIED, actor, at, client_id=client.id, subject=task)
    ask_again(task.service, actor, at)


def report_late_accounts(at: datetime) -> None:
    """Open a task for each account that the panel should have suspended, restored or removed an hour ago."""
    for late in _late_accounts(at):
        _report(late, at)


@transactional(read_only=True)
def _late_accounts(at: datetime) -> list[LateAccount]:
    return late_accounts(at - STUCK_AFTER)


@transactional
def _report(late: LateAccount, at: datetime) -> None:
    report = report_late_removal if late.kind == "terminate" else report_late
    report(late.service_id, late.message_id, at)
