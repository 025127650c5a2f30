"""Changes that the panel has not made: reported once after an hour, still tried, and asked again by staff."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.audit import Act
from kajoom.domain.order import STUCK_AFTER, OrderStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.staff_input import check_reason
from kajoom.domain.task import TaskKind
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.order import Order, client_id_of_order, order_by_id, order_id_by_reference
from kajoom.models.task import StuckChange, changes_without_job, stuck_changes
from kajoom.operations import outbox, tasks
from kajoom.operations.orders.provisioning import provision_key
from kajoom.operations.transaction import transactional


def report_stuck_changes(at: datetime) -> None:
    """Open a task for each change that the panel should have made an hour ago, and write to its client."""
    for change in _stuck_changes(at):
        _report(change, at)


@transactional
def retry_change(
    reference: str, actor: str, at: datetime, reason: str | None = None, seen_version: int | None = None
) -> Order:
    """Ask the panel again for a change that it refused or has not made; the tasks about it are closed.

    ``reason`` is noted in them, for staff only. ``seen_version`` is the order's version that a person saw with an open
    task. Raises ``BusinessError`` with ``TOO_LATE`` unless the change awaits provisioning, with ``FOR_A_PERSON`` when
    the catalogue leaves it to a person, with ``CHANGED_SINCE`` when it has another version or the task is closed, and
    with ``NO_REASON`` for an unusable reason; ``LookupError`` for an unknown reference.
    """
    note = check_reason(reason) if reason is not None else "retry"
    order_id = order_id_by_reference(reference)
    if order_id is None:
        raise LookupError(f"no order {reference}")
    lock_client(client_id_of_order(order_id))
    order = order_by_id(order_id)
    if order is None or order.status is not OrderStatus.AWAITING_PROVISIONING:
        raise BusinessError(Refusal.TOO_LATE, order=order)
    if order.delay is not None:  # announced to the client when the change was for a person from its start
        raise BusinessError(StaffRefusal.FOR_A_PERSON, reference=reference)
    is_same = seen_version in {None, order.version}
    has_task = tasks.close_order_tasks(order.id, actor, at, note)
    if not is_same or (seen_version is not None and not has_task):
        raise BusinessError(StaffRefusal.CHANGED_SINCE, reference=reference)
    order.needs_person, order.review_reason = False, None
    record_act(Act.CHANGE_RETRIED, actor, at, client_id=order.client_id, subject=order)
    outbox.restart("provision", provision_key(reference), at, order=order.id)
    return order


@transactional
def ask_again(order_id: int, at: datetime) -> None:
    """Queue the job of a change that waits for the panel and has none, such as one that was discarded long ago."""
    lock_client(client_id_of_order(order_id))
    if order_id not in changes_without_job():
        return
    order = order_by_id(order_id)
    if order is not None:
        outbox.restart("provision", provision_key(order.reference), at, order=order.id)


@transactional(read_only=True)
def _stuck_changes(at: datetime) -> list[StuckChange]:
    return stuck_changes(at - STUCK_AFTER)


@transactional
def _report(change: StuckChange, at: datetime) -> None:
    lock_client(client_id_of_order(change.order_id))
    order = order_by_id(change.order_id)
    if order is None or order.status is not OrderStatus.AWAITING_PROVISIONING or order.needs_person:
        return
    key = f"stuck-{order.reference}-{change.due_at:%Y%m%d%H%M%S}"
    is_new = tasks.open_task(
        TaskKind.STUCK, key, at, service_id=order.service_id, order_id=order.id, message_id=change.message_id
    )
    if is_new:
        outbox.enqueue("email", f"change_late-{order.reference}", at, email="change_late", order=order.id)
