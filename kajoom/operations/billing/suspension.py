"""Suspensions of services: announced and asked for when a renewal stays unpaid or by staff, and lifted by the payment.

The panel or a person is asked, and only what one of them has done is recorded (``suspension_result``): until then the
service keeps its status, and ``Service.suspension`` says what is asked.
"""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.audit import APPLICATION, Act
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import CALENDAR
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.staff_input import check_reason
from kajoom.domain.task import BY_HAND, PANEL_REFUSED, TaskKind
from kajoom.models.audit import record_act
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, client_id_of_invoice
from kajoom.models.payment import open_attempt_of
from kajoom.models.renewal import unpaid_renewals_of
from kajoom.models.service import Service
from kajoom.models.task import open_tasks_of_service
from kajoom.operations import outbox, tasks
from kajoom.operations.billing.named_service import lock_service_named
from kajoom.operations.transaction import transactional

SUSPENSION_TASKS = (TaskKind.SUSPEND, TaskKind.UNSUSPEND)
_PAID = "paid"
_VOID = "void"


def unpaid_task_key(number: str) -> str:
    """The key of the task to decide about the service of an invoice that stays unpaid."""
    return f"unpaid-{number}"


def announce(invoice: Invoice, on: date) -> None:
    """Within the current transaction, set the day of the suspension that the client is told about on the day ``on``."""
    if invoice.suspends_on is None and _is_running(invoice.service):
        invoice.suspends_on = catalog().unpaid.suspends_on(invoice.due_on, on)


@transactional
def announce_suspension(invoice_id: int, on: date, at: datetime) -> None:
    """Announce the suspension for a renewal that was overdue before the host suspended services, in a reminder."""
    invoice = _get_locked(invoice_id)
    if invoice.status is InvoiceStatus.OPEN and invoice.suspends_on is None:
        announce(invoice, on)
        if invoice.suspends_on is not None:
            key = f"suspension_notice-{invoice.number}"
            outbox.enqueue("email", key, at, email="second_reminder", invoice=invoice.id)


@transactional
def suspend_unpaid(invoice_id: int, on: date, at: datetime) -> None:
    """Ask for the suspension of a service on the day that was announced for its unpaid renewal.

    Nothing is asked while a payment may be on its way, or once the host suspends no services any more.
    """
    invoice = _get_locked(invoice_id)
    is_due = invoice.suspends_on is not None and invoice.suspends_on <= on
    is_wanted = catalog().unpaid.suspend_days is not None and _is_running(invoice.service)
    if invoice.status is InvoiceStatus.OPEN and is_due and is_wanted and open_attempt_of(invoice.id) is None:
        _ask_to_suspend(invoice.service, CALENDAR, at)


@transactional
def ask_staff_about(invoice_id: int, at: datetime) -> None:
    """Open a task for staff about a service whose renewal has stayed unpaid for as long as the catalogue says."""
    invoice = _get_locked(invoice_id)
    if invoice.status is InvoiceStatus.OPEN and not invoice.service.has_ended:
        tasks.open_task(TaskKind.UNPAID, unpaid_task_key(invoice.number), at, service_id=invoice.service_id,
                        detail=invoice.number)  # fmt: skip


def lift_when_paid(invoice: Invoice, on: date, at: datetime) -> None:
    """Within the current transaction, ask to lift the suspension of a service that has paid a period that has begun.

    Staff may have said that no payment lifts it. What they were to decide about the unpaid renewal is settled.
    """
    tasks.close_task(unpaid_task_key(invoice.number), APPLICATION, at, _PAID)
    service = invoice.service
    if service.is_suspended and service.lifts_when_paid and invoice.has_begun(on):
        _ask_to_lift(service, APPLICATION, at)


def settle_void_renewal(number: str, at: datetime) -> None:
    """Within the current transaction, close the task of staff to decide about an unpaid renewal that is void."""
    tasks.close_task(unpaid_task_key(number), APPLICATION, at, _VOID)


def is_suspended_until_paid(service: Service) -> bool:
    """Whether a service is or will be suspended until it has paid."""
    return service.is_suspended and service.lifts_when_paid


def lift_as_nothing_is_owed(service: Service, at: datetime) -> None:
    """Within the current transaction, ask to lift the suspension of a service that has nothing left to pay."""
    _ask_to_lift(service, APPLICATION, at)


@transactional
def suspend_as_staff(name: str, reason: str, actor: str, at: datetime, *, lifts_when_paid: bool = True) -> Service:
    """Ask for the suspension of the service with this id of the host's billing, or this domain.

    ``reason`` is what the client reads; without ``lifts_when_paid``, or an unpaid renewal, only staff lift it. Raises
    ``BusinessError`` as ``lock_service_named``, with ``NO_REASON``, with ``ALREADY_SUSPENDED`` when it is suspended or
    will be, and with ``NOT_ACTIVE`` when it is not set up yet.
    """
    text = check_reason(reason)
    service = lock_service_named(name)
    if service.status is ServiceStatus.PENDING:
        raise BusinessError(Refusal.NOT_ACTIVE, name=name)
    if service.is_suspended:
        raise BusinessError(StaffRefusal.ALREADY_SUSPENDED, name=name)
    is_unpaid = bool(unpaid_renewals_of(service.id))
    _ask_to_suspend(service, actor, at, text, lifts_when_paid=lifts_when_paid and is_unpaid)
    return service


@transactional
def lift_as_staff(name: str, reason: str, actor: str, at: datetime) -> Service:
    """Ask to lift the suspension of the service with this id of the host's billing, or this domain.

    Raises ``BusinessError`` as ``suspend_as_staff``, with ``NOT_SUSPENDED`` when nothing is left to lift.
    """
    text = check_reason(reason)
    service = lock_service_named(name)
    if not service.is_suspended:
        raise BusinessError(StaffRefusal.NOT_SUSPENDED, name=name)
    _ask_to_lift(service, actor, at, text)
    return service


def ask_again(service: Service, actor: str, at: datetime) -> None:
    """Within the current transaction, have the panel asked again what it refused or has not done."""
    if service.suspension is not None:
        _ask(service, service.suspension, actor, at, service.suspension_reason)


def end_request(service: Service, at: datetime) -> None:
    """Within the current transaction, ask nothing more about the suspension; a worker ends the message now."""
    service.suspension = None
    outbox.reschedule(_message_key(service), at)


def _message_key(service: Service) -> str:
    return f"suspension-{service.id}"


def _is_running(service: Service) -> bool:
    """Whether a service is neither suspended nor about to be, nor being restored."""
    return service.status is ServiceStatus.ACTIVE and service.suspension is None


def _ask_to_suspend(
    service: Service, actor: str, at: datetime, reason: str = "", *, lifts_when_paid: bool = True
) -> None:
    service.lifts_when_paid = lifts_when_paid
    record_act(Act.SERVICE_SUSPENDED, actor, at, client_id=service.client_id, subject=service)
    _ask(service, SuspensionStep.SUSPENDING, actor, at, reason)


def _ask_to_lift(service: Service, actor: str, at: datetime, reason: str = "") -> None:
    """Ask to lift a suspension; one that nobody has begun to carry out is only withdrawn."""
    is_withdrawn = service.suspension is SuspensionStep.SUSPENDING and _is_untouched(service)
    record_act(Act.SUSPENSION_LIFTED, actor, at, client_id=service.client_id, subject=service)
    if is_withdrawn:
        tasks.close_service_tasks(service.id, actor, at, _PAID, SUSPENSION_TASKS)
        end_request(service, at)
    else:
        _ask(service, SuspensionStep.LIFTING, actor, at, reason)


def _ask(service: Service, step: SuspensionStep, actor: str, at: datetime, reason: str) -> None:
    """Have the panel asked, in place of what was asked of it or of a person before."""
    tasks.close_service_tasks(service.id, actor, at, "", SUSPENSION_TASKS)
    service.suspension, service.suspension_no = step, service.suspension_no + 1
    service.suspension_reason = reason
    outbox.handle_again("suspension", _message_key(service), at, service=service.id)


def _is_untouched(service: Service) -> bool:
    """Whether the suspension waits for a person who has not claimed it, so that the service still runs."""
    waiting = open_tasks_of_service(service.id, TaskKind.SUSPEND)
    return bool(waiting) and all(task.reason in {BY_HAND, PANEL_REFUSED} and not task.claimed_by for task in waiting)


def _get_locked(invoice_id: int) -> Invoice:
    lock_client(client_id_of_invoice(invoice_id))
    return db.session.get_one(Invoice, invoice_id)
