"""Making the service what was ordered: the panel or a person acts, and only then does the service change."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.credit import CreditReason
from kajoom.domain.order import OrderEvent, OrderStatus, ReviewReason, allows
from kajoom.domain.quote import Decision
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.usage import Fit, fit
from kajoom.gateways.ports import NO_PANEL, PackageChange, PanelResult, PanelStatus
from kajoom.models.cancellation import open_cancellation_of
from kajoom.models.client import lock_client
from kajoom.models.invoice import invoice_of_order
from kajoom.models.order import Order, order_by_id, order_by_reference
from kajoom.models.renewal import is_being_paid, renewals_with_terms_of
from kajoom.operations import outbox
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.orders.history import CALENDAR, record_step
from kajoom.operations.transaction import transactional

PANEL = "panel"


def start_provisioning(order: Order, at: datetime) -> None:
    """Have an order carried out, by the panel or by a person, within the commit under way."""
    if order.needs_person:
        outbox.enqueue("email", f"person_on_it-{order.reference}", at, email="person_on_it", order=order.id)
    else:
        outbox.enqueue("provision", f"provision-{order.reference}", at, order=order.id)


@transactional
def package_change_of(order_id: int) -> PackageChange | None:
    """What the panel is to be asked, or ``None`` when nothing is left to ask; no transaction stays open."""
    order = order_by_id(order_id)
    change = None
    if order is not None and order.status is OrderStatus.AWAITING_PROVISIONING and not order.needs_person:
        change = PackageChange(order.reference, order.service.username, order.to_plan.package)
    return change


@transactional
def record_panel_result(order_id: int, answer: PanelResult, at: datetime) -> bool:
    """Note what the panel answered; ``False`` when it must be asked again."""
    if answer.status in {PanelStatus.PENDING, PanelStatus.UNKNOWN}:
        return False
    order = _get_locked(order_by_id(order_id))
    if allows(order.status, OrderEvent.PROVISIONED):
        if answer.status is PanelStatus.DONE:
            _complete(order, at, PANEL)
        else:
            reason = ReviewReason.NO_PANEL if answer.reason == NO_PANEL else ReviewReason.PANEL_REFUSED
            flag_for_review(order, at, PANEL, reason, answer.reason)
    return True


@transactional
def mark_operational(reference: str, actor: str, on: date, at: datetime) -> Order:
    """A person says the change is operational. ``BusinessError`` with ``TOO_LATE`` unless it waits for that."""
    order = _get_awaiting(reference)
    _complete(order, at, actor)
    renewals.replace_old_terms(order, on, at)
    return order


@transactional
def mark_refused(reference: str, reason: str, actor: str, on: date, at: datetime) -> Order:
    """A person says the change cannot be made: the service stays as it is and the money becomes account credit."""
    order = _get_awaiting(reference)
    record_step(order, OrderEvent.REFUSED, at, actor, reason)
    order.staff_note = reason
    invoice = invoice_of_order(order.id)
    if invoice is not None:
        key = f"invoice-{invoice.number}-refused"
        invoices.move_credit(invoice, invoice.total, CreditReason.CHANGE_REFUSED, key, at)
    renewals.replace_renewals(order, on, at)
    outbox.enqueue("email", f"refused-{order.reference}", at, email="refused", order=order.id)
    return order


@transactional
def start_due_order(order_id: int, on: date, at: datetime) -> None:
    """Begin a scheduled change whose day has come, if it still fits and the period it begins with is paid.

    One that no longer fits is held for a person, and the old terms are billed again. While a payment is being
    verified nothing is decided: its outcome starts the change, or another day asks again.
    """
    order = _get_locked(order_by_id(order_id))
    if not allows(order.status, OrderEvent.FELL_DUE) or order.effective_on > on:
        return
    if is_being_paid(renewals_with_terms_of(order.id)):
        return
    blocked_reason = _blocked_reason(order)
    if blocked_reason is not None:
        record_step(order, OrderEvent.FELL_DUE, at, CALENDAR)
        flag_for_review(order, at, CALENDAR, blocked_reason)
        renewals.replace_renewals(order, on, at)
    elif renewals.is_paid_up(order, on, at):
        record_step(order, OrderEvent.FELL_DUE, at, CALENDAR)
        if not _fit(order).known:
            order.needs_person, order.delay = True, order.delay or order.to_plan.group.delay
        start_provisioning(order, at)


def _get_locked(order: Order | None) -> Order:
    """The order as it is now that nobody else can change it."""
    if order is None:
        raise LookupError("no such order")
    lock_client(order.client_id)
    return order


def _get_awaiting(reference: str) -> Order:
    order = _get_locked(order_by_reference(reference))
    if order.status is not OrderStatus.AWAITING_PROVISIONING:
        raise BusinessError(Refusal.TOO_LATE, order=order)
    return order


def _blocked_reason(order: Order) -> ReviewReason | None:
    """Why a scheduled change no longer fits on its day."""
    service = order.service
    if service.status is not ServiceStatus.ACTIVE:
        return ReviewReason.NOT_ACTIVE
    if open_cancellation_of(service.id) is not None:
        return ReviewReason.CANCELLATION_REQUESTED
    if order.to_plan_id != service.plan_id and _fit(order).over:
        return ReviewReason.OVER_LIMITS
    return None


def _fit(order: Order) -> Fit:
    return fit(order.service.usage, order.to_plan.limits, order.service.plan.limits)


def flag_for_review(order: Order, at: datetime, actor: str, reason: ReviewReason, panel_message: str = "") -> None:
    """Hand the order to a person and notify client and staff; nothing of the service changes."""
    order.needs_person, order.review_reason = True, reason
    record_step(order, OrderEvent.NEEDS_REVIEW, at, actor, panel_message or reason)
    outbox.enqueue("email", f"needs_review-{order.reference}", at, email="needs_review", order=order.id)
    outbox.enqueue("email", f"staff_notice-{order.reference}", at, email="staff_notice", order=order.id)


def _complete(order: Order, at: datetime, actor: str) -> None:
    """The service becomes what was ordered, in the commit that says so."""
    record_step(order, OrderEvent.PROVISIONED, at, actor)
    service = order.service
    service.plan_id, service.cycle, service.recurring_cents = order.to_plan_id, order.to_cycle, order.to_cents
    if order.to_cents == 0:
        service.next_due_date = None
    elif order.decision is Decision.NOW and order.due_after != order.due_before:
        # Only a change that begins a period moves the date: another may have advanced by a renewal meanwhile.
        service.next_due_date, service.anchor_day = order.due_after, order.anchor_after
    outbox.enqueue("email", f"operational-{order.reference}", at, email="operational", order=order.id)
