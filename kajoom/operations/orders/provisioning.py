"""Carrying out an order: the panel or a person makes the change, and only then is the service updated."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.audit import Act
from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.money import Money
from kajoom.domain.order import CALENDAR, CLIENT_ACTS_ON, PANEL, OrderEvent, OrderStatus, ReviewReason, allows
from kajoom.domain.quote import Decision
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.staff_input import check_reason, one_line
from kajoom.domain.task import PLANNED, USAGE_UNKNOWN, TaskKind
from kajoom.domain.terms import becomes_free
from kajoom.domain.usage import Fit, fit
from kajoom.gateways.panel_port import NO_PANEL, PackageChange, PanelResult, PanelStatus
from kajoom.models.audit import record_act
from kajoom.models.cancellation import open_cancellation_of
from kajoom.models.client import lock_client
from kajoom.models.credit_note import CreditNote, refusal_key
from kajoom.models.day import local_day
from kajoom.models.invoice import invoice_of_order
from kajoom.models.order import Order, client_id_of_order, order_by_id, order_id_by_reference
from kajoom.models.renewal import is_being_paid, renewals_with_terms_of
from kajoom.operations import outbox, tasks
from kajoom.operations.billing import renewals
from kajoom.operations.billing.credit_notes import Cause, issue_credit_note
from kajoom.operations.billing.next_terms import drop_next_terms
from kajoom.operations.catalog.servers import account_of
from kajoom.operations.orders.days_served import check_day, credit_days_not_served
from kajoom.operations.orders.history import record_step
from kajoom.operations.transaction import transactional


def start_provisioning(order: Order, at: datetime) -> None:
    """Queue an order for the panel, or hand it to staff and notify the client, in the current transaction."""
    if order.needs_person:
        outbox.enqueue("email", f"person_on_it-{order.reference}", at, email="person_on_it", order=order.id)
        _open_task(
            order, at, f"change-{order.reference}", PLANNED if _fit(order, local_day(at)).known else USAGE_UNKNOWN
        )
    else:
        outbox.enqueue("provision", provision_key(order.reference), at, order=order.id)


def provision_key(reference: str) -> str:
    """The key of the message that has the panel make the change of an order."""
    return f"provision-{reference}"


@transactional(read_only=True)
def package_change_of(order_id: int) -> PackageChange | None:
    """The change to ask of the panel for an order, or ``None`` when it is no longer waiting for the panel."""
    order = order_by_id(order_id)
    change = None
    if order is not None and order.status is OrderStatus.AWAITING_PROVISIONING and not order.needs_person:
        is_same_plan = order.from_plan_id == order.to_plan_id
        change = PackageChange(_panel_key(order), account_of(order.service), order.to_plan.package, is_same_plan)
    return change


def _panel_key(order: Order) -> str:
    """The key of what the panel is asked: a new one each time that staff have the panel asked again.

    Up to its colon it is the key of the message that asks.
    """
    reviews = sum(step.event is OrderEvent.NEEDS_REVIEW for step in order.history)
    return f"provision-{order.reference}" + (f":{reviews}" if reviews else "")


@transactional
def record_panel_result(order_id: int, result: PanelResult, at: datetime) -> bool:
    """Record the panel's result, read back ``at``; ``False`` when the panel must be asked again."""
    if result.status in {PanelStatus.PENDING, PanelStatus.UNKNOWN}:
        return False
    order = lock_order(order_id)
    if not allows(order.status, OrderEvent.PROVISIONED):
        return True
    if result.status is PanelStatus.DONE:
        on = local_day(at)
        _complete(order, on, PANEL, on, at)
        renewals.replace_old_terms(order, on, at)
    elif not order.needs_person:
        reason = ReviewReason.NO_PANEL if result.reason == NO_PANEL else ReviewReason.PANEL_REFUSED
        flag_for_review(order, at, PANEL, reason, one_line(result.reason))
    return True


@transactional
def mark_operational(
    reference: str,
    actor: str,
    on: date,
    at: datetime,
    in_force_on: date | None = None,
    seen_version: int | None = None,
) -> Order:
    """Complete an order that a person has carried out, in force from the day ``in_force_on``, ``on`` by default.

    ``seen_version`` is the order's version that the person saw. Raises ``BusinessError`` with ``TOO_LATE`` unless the
    order awaits provisioning, with ``CHANGED_SINCE`` when it has another version, and as ``check_day`` for a wrong
    day; ``LookupError`` for an unknown reference.
    """
    order = _get_awaiting(reference, seen_version)
    if in_force_on is not None:
        check_day(order, in_force_on, on)
    record_act(Act.CHANGE_DONE, actor, at, client_id=order.client_id, subject=order)
    _complete(order, in_force_on or on, actor, on, at)
    renewals.replace_old_terms(order, on, at)
    return order


@transactional
def mark_refused(
    reference: str, reason: str, actor: str, on: date, at: datetime, seen_version: int | None = None
) -> Order:
    """Refuse an order that cannot be carried out: the service is unchanged and its invoice is credited in full.

    ``reason`` is shown to the client. Raises as ``mark_operational``, and ``BusinessError`` with ``NO_REASON``.
    """
    order = _get_awaiting(reference, seen_version)
    order.staff_note = check_reason(reason)
    record_act(Act.CHANGE_REFUSED, actor, at, client_id=order.client_id, subject=order)
    note = refuse(order, order.staff_note, actor, on, at)
    _send_outcome("refused", order, note, at)
    return order


def refuse(order: Order, note: str, actor: str, on: date, at: datetime) -> CreditNote | None:
    """Refuse an order that awaits provisioning, within the current transaction, and credit its invoice in full.

    ``note`` is recorded in its history. The caller writes to the client; returns the credit note.
    """
    record_step(order, OrderEvent.REFUSED, at, actor, note)
    _close_task_and_job(order, actor, at, note)
    invoice = invoice_of_order(order.id)
    cause = Cause(CreditNoteReason.CHANGE_REFUSED, refusal_key(order.reference), actor)
    credit_note = issue_credit_note(invoice, cause, on, at) if invoice is not None else None
    renewals.replace_renewals(order, on, at)
    return credit_note


@transactional
def start_due_order(order_id: int, on: date, at: datetime) -> None:
    """Start a scheduled change whose day has come, once the period it begins with is paid.

    One that is no longer possible is handed to a person, and the current terms are billed again. Nothing is decided
    while a payment is not settled: the payment starts the change, or the next daily run tries again. Nor while the
    suspension of its service is being lifted, which starts the change.
    """
    order = lock_order(order_id)
    if not allows(order.status, OrderEvent.FELL_DUE) or order.effective_on > on:
        return
    if order.service.suspension is SuspensionStep.LIFTING:
        return
    if is_being_paid(renewals_with_terms_of(order.id)):
        return
    blocked_reason = _blocked_reason(order, on)
    if blocked_reason is not None:
        record_step(order, OrderEvent.FELL_DUE, at, CALENDAR)
        flag_for_review(order, at, CALENDAR, blocked_reason)
        renewals.replace_renewals(order, on, at)
    elif renewals.is_paid_up(order, on, at):
        record_step(order, OrderEvent.FELL_DUE, at, CALENDAR)
        if not _fit(order, on).known:
            order.needs_person, order.delay = True, order.delay or order.to_plan.group.delay
        start_provisioning(order, at)


def lock_order(order_id: int) -> Order:
    """Lock an order's client and read the order, in the current transaction; ``LookupError`` for an unknown one."""
    lock_client(client_id_of_order(order_id))
    order = order_by_id(order_id)
    if order is None:
        raise LookupError(f"no order {order_id}")
    return order


def _get_awaiting(reference: str, seen_version: int | None) -> Order:
    order_id = order_id_by_reference(reference)
    if order_id is None:
        raise LookupError(f"no order {reference}")
    order = lock_order(order_id)
    if order.status is not OrderStatus.AWAITING_PROVISIONING:
        raise BusinessError(Refusal.TOO_LATE, order=order)
    if seen_version not in {None, order.version}:
        raise BusinessError(StaffRefusal.CHANGED_SINCE, reference=reference)
    return order


def _blocked_reason(order: Order, on: date) -> ReviewReason | None:
    """Why a scheduled change cannot start on its day ``on``."""
    service = order.service
    if service.status is not ServiceStatus.ACTIVE:
        return ReviewReason.NOT_ACTIVE
    if open_cancellation_of(service.id) is not None:
        return ReviewReason.CANCELLATION_REQUESTED
    is_measured_again = service.is_measured_on(on) and not order.needs_person  # just before the panel is asked
    if order.to_plan_id != service.plan_id and _fit(order, on).over and not is_measured_again:
        return ReviewReason.OVER_LIMITS
    return None


def _fit(order: Order, on: date) -> Fit:
    return fit(order.service.usage_on(on), order.to_plan.limits, order.service.plan.limits)


def flag_for_review(order: Order, at: datetime, actor: str, reason: ReviewReason, panel_message: str = "") -> None:
    """Hand the order to a person and notify client and staff; nothing of the service changes.

    Each review is a task of its own: the panel may refuse again what staff asked it again. The client is written to
    once, and again about what only they can lift.
    """
    order.needs_person, order.review_reason = True, reason
    record_step(order, OrderEvent.NEEDS_REVIEW, at, actor, panel_message or reason)
    reviews = sum(step.event is OrderEvent.NEEDS_REVIEW for step in order.history)
    suffix = f"-{reason}" if reviews > 1 and reason in CLIENT_ACTS_ON else ""
    outbox.enqueue("email", f"needs_review-{order.reference}{suffix}", at, email="needs_review", order=order.id)
    _close_task_and_job(order, actor, at)
    _open_task(order, at, f"review-{order.reference}-{reviews}", reason)


def _close_task_and_job(order: Order, actor: str, at: datetime, note: str = "") -> None:
    """Close the tasks about an order, and have a worker end the job that asks the panel: there is nothing to ask."""
    tasks.close_order_tasks(order.id, actor, at, note)
    outbox.reschedule(provision_key(order.reference), at)


def _open_task(order: Order, at: datetime, key: str, reason: str) -> None:
    tasks.open_task(TaskKind.CHANGE, key, at, service_id=order.service_id, order_id=order.id, reason=reason)


def _complete(order: Order, in_force_on: date, actor: str, on: date, at: datetime) -> None:
    """Complete an order, update its service to the ordered terms, and credit the days that were not served."""
    record_step(order, OrderEvent.PROVISIONED, at, actor)
    _close_task_and_job(order, actor, at)
    service = order.service
    is_free = becomes_free(service.recurring, Money(order.to_cents, order.currency), order.to_cycle)
    service.carry_extras(order.to_cycle)
    service.plan_id, service.cycle, service.recurring_cents = order.to_plan_id, order.to_cycle, order.to_cents
    drop_next_terms(service)  # they were set for the plan that the client has left
    if is_free:
        service.next_due_date = None
    elif order.decision is Decision.NOW and order.due_after != order.due_before:
        # Only a change that begins a new period moves the due date: a renewal may have advanced it meanwhile.
        service.next_due_date, service.anchor_day = order.due_after, order.anchor_after
    note = credit_days_not_served(order, in_force_on, actor, on, at)
    _send_outcome("operational", order, note, at)


def _send_outcome(email: str, order: Order, note: CreditNote | None, at: datetime) -> None:
    """Queue the e-mail about the end of a change, which states its credit note."""
    ids = {"credit_note": note.id} if note is not None else {}
    outbox.enqueue("email", f"{email}-{order.reference}", at, email=email, order=order.id, **ids)
