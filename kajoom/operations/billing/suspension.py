"""What follows for a suspended service: once it pays what was due, staff are asked to lift its suspension."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.service import ServiceStatus
from kajoom.domain.task import TaskKind
from kajoom.models.invoice import Invoice
from kajoom.models.task import has_open_task
from kajoom.operations import tasks


def ask_to_lift(invoice: Invoice, on: date, at: datetime) -> None:
    """Within the current transaction, open a task for staff when a suspended service has paid a period that has begun.

    The service stays suspended until a person, or the host's file, says otherwise. One open task is enough.
    """
    if invoice.service.status is not ServiceStatus.SUSPENDED or not invoice.has_begun(on):
        return
    if not has_open_task(TaskKind.UNSUSPEND, invoice.service_id):
        tasks.open_task(TaskKind.UNSUSPEND, f"unsuspend-{invoice.number}", at, service_id=invoice.service_id)
