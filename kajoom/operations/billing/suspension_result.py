"""What a panel or a person has done about the suspension of a service, recorded once, and told to its client."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from kajoom.domain.order import PANEL
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.staff_input import one_line
from kajoom.domain.task import BY_HAND, PANEL_LATE, PANEL_REFUSED, AlertKind, TaskKind
from kajoom.gateways.panel_port import NO_PANEL, PanelAccount, PanelResult, PanelStatus
from kajoom.models.db import db
from kajoom.models.order import open_order_of
from kajoom.models.service import Service
from kajoom.operations import outbox, tasks
from kajoom.operations.billing.named_service import lock_service
from kajoom.operations.billing.suspension import SUSPENSION_TASKS, end_request
from kajoom.operations.catalog.servers import account_of
from kajoom.operations.transaction import transactional

_TASKS = {SuspensionStep.SUSPENDING: TaskKind.SUSPEND, SuspensionStep.LIFTING: TaskKind.UNSUSPEND}


class SuspensionRequest(NamedTuple):
    """What to ask of the panel about a service: the ``no``-th request, with the ``key`` of each of its retries."""

    no: int
    step: SuspensionStep
    account: PanelAccount
    key: str


@transactional(read_only=True)
def suspension_request_of(service_id: int) -> SuspensionRequest | None:
    """What is asked about the suspension of a service, ``None`` when nothing is."""
    service = db.session.get_one(Service, service_id)
    if service.suspension is None or service.has_ended:
        return None
    no = service.suspension_no
    return SuspensionRequest(no, service.suspension, account_of(service), f"suspension-{service_id}:{no}")


@transactional
def record_suspension_result(service_id: int, no: int, result: PanelResult, at: datetime) -> bool:
    """Record the panel's result of the ``no``-th request; ``False`` when the panel must be asked again.

    That is for the same thing, or for the opposite when a payment or staff have decided so meanwhile. What the panel
    refuses is for a person.
    """
    service = lock_service(service_id)
    if service.suspension is None or service.has_ended:
        return True
    if service.suspension_no != no or result.status in {PanelStatus.PENDING, PanelStatus.UNKNOWN}:
        return False
    if result.status is PanelStatus.DONE:
        record_done(service, PANEL, at)
        outbox.alert_staff(AlertKind.SERVICES, "panel", at, since=at.isoformat())
    else:
        _hand_over(service, service.suspension, result.reason, at)
    return True


def record_done(service: Service, actor: str, at: datetime) -> None:
    """Within the current transaction, record that what was asked is done, and write to the client."""
    step, was_suspended = service.suspension, service.status is ServiceStatus.SUSPENDED
    if step is None:
        return
    tasks.close_service_tasks(service.id, actor, at, "", SUSPENSION_TASKS)
    is_lifted = step is SuspensionStep.LIFTING
    service.status = ServiceStatus.ACTIVE if is_lifted else ServiceStatus.SUSPENDED
    service.suspension_changed_at = at
    end_request(service, at)
    if not is_lifted:
        _send("suspended", service, at)
    elif was_suspended:
        _send("suspension_lifted", service, at)
        _start_change(service, at)


def report_late(service_id: int, message_id: int, at: datetime) -> None:
    """Within the current transaction, give a person what the panel should have done an hour ago.

    The panel is still asked. The client of a service that has paid is told that it takes longer than expected.
    """
    service = lock_service(service_id)
    step = service.suspension
    if step is not None and not service.has_ended:
        key = f"{_TASKS[step]}-late-{service.id}-{service.suspension_no}"
        tasks.open_task(_TASKS[step], key, at, service_id=service.id, message_id=message_id, reason=PANEL_LATE)
        _tell_late(service, step, at)


def _hand_over(service: Service, step: SuspensionStep, reason: str, at: datetime) -> None:
    """Give a person what the panel refuses, or what no panel is there for."""
    is_by_hand = reason == NO_PANEL
    tasks.close_service_tasks(service.id, PANEL, at, "", SUSPENSION_TASKS)
    tasks.open_task(
        _TASKS[step],
        f"{_TASKS[step]}-{service.id}-{service.suspension_no}",
        at,
        service_id=service.id,
        reason=BY_HAND if is_by_hand else PANEL_REFUSED,
        detail="" if is_by_hand else one_line(reason),
    )
    if not is_by_hand:
        _tell_late(service, step, at)


def _tell_late(service: Service, step: SuspensionStep, at: datetime) -> None:
    if step is SuspensionStep.LIFTING and service.status is ServiceStatus.SUSPENDED:
        _send("lift_late", service, at)


def _send(email: str, service: Service, at: datetime) -> None:
    """Queue an e-mail about the suspension of a service, once for each thing that was asked."""
    outbox.enqueue("email", f"{email}-{service.id}-{service.suspension_no}", at, email=email, service=service.id)


def _start_change(service: Service, at: datetime) -> None:
    """Have a scheduled change looked at whose day may have come while the service was suspended."""
    order = open_order_of(service.id)
    if order is not None:
        outbox.enqueue("start", f"start-lifted-{service.id}-{service.suspension_no}", at, order=order.id)
