"""Removing the account of a service that has ended: by the panel where the catalogue allows it, else by a person.

Removing an account deletes its sites and mailboxes, so a panel does it only on a server whose entry in the catalogue
says ``terminate = true``, and never because of the host's file alone: a wrong file would delete what it names.
"""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.order import IMPORT, PANEL
from kajoom.domain.staff_input import one_line
from kajoom.domain.task import BY_HAND, PANEL_LATE, PANEL_REFUSED, AlertKind, TaskKind
from kajoom.gateways.panel_port import NO_PANEL, PanelAccount, PanelResult, PanelStatus
from kajoom.models.catalog import catalog
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations import outbox, tasks
from kajoom.operations.billing.named_service import lock_service
from kajoom.operations.catalog.servers import account_of
from kajoom.operations.transaction import transactional


def removal_key(service_id: int) -> str:
    """The key of the message that has the panel remove an account, which is also that of its request."""
    return f"terminate-{service_id}"


def ask_to_remove(service: Service, actor: str, at: datetime, cancellation_id: int | None) -> None:
    """Within the current transaction, have the account of a service that has just ended removed.

    ``actor`` ended it, and ``cancellation_id`` is the client's request that was carried out.
    """
    if catalog().server(service.server).terminates and service.username and actor != IMPORT:
        outbox.enqueue("terminate", removal_key(service.id), at, service=service.id)
    else:
        _open_task(service, at, actor.partition(":")[0], cancellation_id=cancellation_id)


@transactional(read_only=True)
def account_to_remove(service_id: int) -> PanelAccount | None:
    """The account that the panel is to remove, ``None`` when it is gone already."""
    service = db.session.get_one(Service, service_id)
    return account_of(service) if service.has_ended and service.removed_at is None else None


@transactional
def record_removal(service_id: int, result: PanelResult, at: datetime) -> bool:
    """Record the panel's result; ``False`` when it must be asked again. What it refuses is for a person."""
    if result.status in {PanelStatus.PENDING, PanelStatus.UNKNOWN}:
        return False
    service = lock_service(service_id)
    if service.removed_at is not None:
        return True
    if result.status is PanelStatus.DONE:
        record_removed(service, PANEL, at)
        outbox.alert_staff(AlertKind.SERVICES, "panel", at, since=at.isoformat())
    else:
        is_by_hand = result.reason == NO_PANEL
        reason = BY_HAND if is_by_hand else PANEL_REFUSED
        _open_task(service, at, reason, detail="" if is_by_hand else one_line(result.reason))
    return True


def record_removed(service: Service, actor: str, at: datetime) -> None:
    """Within the current transaction, record that an account is gone; nobody has anything left to do."""
    service.removed_at = at
    tasks.close_service_tasks(service.id, actor, at)
    outbox.reschedule(removal_key(service.id), at)


def report_late_removal(service_id: int, message_id: int, at: datetime) -> None:
    """Within the current transaction, give a person what the panel should have removed an hour ago."""
    service = lock_service(service_id)
    if service.removed_at is None:
        _open_task(service, at, PANEL_LATE, message_id=message_id)


def _open_task(
    service: Service,
    at: datetime,
    reason: str,
    *,
    detail: str = "",
    cancellation_id: int | None = None,
    message_id: int | None = None,
) -> None:
    tasks.open_task(
        TaskKind.END,
        f"end-{service.id}",
        at,
        service_id=service.id,
        cancellation_id=cancellation_id,
        message_id=message_id,
        reason=reason,
        detail=detail,
    )
