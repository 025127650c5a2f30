"""Making the service what was ordered: the panel or a person acts, and only then does the service change."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.order import OrderEvent, OrderStatus, allows
from kajoom.domain.quote import Decision
from kajoom.domain.refusal import Refusal, Refused
from kajoom.domain.service import ServiceStatus
from kajoom.domain.usage import Fit, fit
from kajoom.gateways.ports import PackageChange, PanelAnswer, PanelStatus
from kajoom.models.cancellation import open_cancellation_of
from kajoom.models.client import lock_client
from kajoom.models.credit import CreditReason
from kajoom.models.invoice import invoice_of_order
from kajoom.models.order import Order, order_by_id, order_by_reference
from kajoom.models.renewal import is_being_paid, renewals_carrying
from kajoom.operations.billing import invoices
from kajoom.operations import outbox
from kajoom.operations.billing import renewals
from kajoom.operations.transaction import deed
from kajoom.operations.orders.history import CALENDAR, record_step

PANEL = "panel"


def begin(order: Order, at: datetime) -> None:
    """Have an order carried out, by the panel or by a person, within the commit under way."""
    if order.needs_person:
        outbox.tell("letter", f"person_on_it-{order.reference}", at, letter="person_on_it", order=order.id)
    else:
        outbox.tell("provision", f"provision-{order.reference}", at, order=order.id)


@deed
def change_of(order_id: int) -> PackageChange | None:
    """What the panel is to be asked, or ``None`` when nothing is left to ask; no transaction stays open."""
    order = order_by_id(order_id)
    change = None
    if order is not None and order.status is OrderStatus.AWAITING_PROVISIONING and not order.needs_person:
        change = PackageChange(order.reference, order.service.username, order.to_plan.package)
    return change


@deed
def record(order_id: int, answer: PanelAnswer, at: datetime) -> bool:
    """Note what the panel answered; ``False`` when it must be asked again."""
    if answer.status in {PanelStatus.PENDING, PanelStatus.UNKNOWN}:
        return False
    order = _locked(order_by_id(order_id))
    if allows(order.status, OrderEvent.PROVISIONED):
        if answer.status is PanelStatus.DONE:
            _complete(order, at, PANEL)
        else:
            _hold(order, at, PANEL, answer.reason)
    return True


@deed
def declare_done(reference: str, actor: str, on: date, at: datetime) -> Order:
    """A person says the change is operational. ``Refused`` with ``TOO_LATE`` unless it waits for that."""
    order = _awaiting(reference)
    _complete(order, at, actor)
    renewals.replace_old_terms(order, on, at)
    return order


@deed
def declare_impossible(reference: str, reason: str, actor: str, on: date, at: datetime) -> Order:
    """A person says the change cannot be made: the service stays as it is and the money becomes account credit."""
    order = _awaiting(reference)
    record_step(order, OrderEvent.REFUSED, at, actor, reason)
    order.note = reason
    invoice = invoice_of_order(order.id)
    if invoice is not None:
        key = f"invoice-{invoice.number}-refused"
        invoices.move_credit(invoice, invoice.total, CreditReason.CHANGE_REFUSED, key, at)
    renewals.replace_renewals(order, on, at)
    outbox.tell("letter", f"refused-{order.reference}", at, letter="refused", order=order.id)
    return order


@deed
def start_due_order(order_id: int, on: date, at: datetime) -> None:
    """Begin a scheduled change whose day has come, if it still fits and the period it begins with is paid.

    One that no longer fits is held for a person, and the old terms are billed again. While a payment is being
    verified nothing is decided: its outcome starts the change, or another day asks again.
    """
    order = _locked(order_by_id(order_id))
    if not allows(order.status, OrderEvent.FELL_DUE) or order.effective_on > on:
        return
    if is_being_paid(renewals_carrying(order.id)):
        return
    hindrance = _hindrance(order)
    if hindrance is not None:
        record_step(order, OrderEvent.FELL_DUE, at, CALENDAR)
        _hold(order, at, CALENDAR, hindrance)
        renewals.replace_renewals(order, on, at)
    elif renewals.is_paid_up(order, on, at):
        record_step(order, OrderEvent.FELL_DUE, at, CALENDAR)
        if not _fit(order).known:
            order.needs_person, order.delay = True, order.delay or order.to_plan.group.delay
        begin(order, at)


def _locked(order: Order | None) -> Order:
    """The order as it is now that nobody else can change it."""
    if order is None:
        raise LookupError("no such order")
    lock_client(order.client_id)
    return order


def _awaiting(reference: str) -> Order:
    order = _locked(order_by_reference(reference))
    if order.status is not OrderStatus.AWAITING_PROVISIONING:
        raise Refused(Refusal.TOO_LATE, order=order)
    return order


def _hindrance(order: Order) -> Refusal | None:
    """Why a scheduled change no longer fits on its day."""
    service = order.service
    if service.status is not ServiceStatus.ACTIVE:
        return Refusal.NOT_ACTIVE
    if open_cancellation_of(service.id) is not None:
        return Refusal.CANCELLATION_REQUESTED
    if order.to_plan_id != service.plan_id and _fit(order).over:
        return Refusal.OVER_LIMITS
    return None


def _fit(order: Order) -> Fit:
    return fit(order.service.usage, order.to_plan.limits, order.service.plan.limits)


def _hold(order: Order, at: datetime, actor: str, reason: str) -> None:
    """Keep the order for a person, with the reason; client and staff are told, and nothing of the service changes."""
    order.needs_person, order.note = True, reason
    record_step(order, OrderEvent.HELD, at, actor, reason)
    outbox.tell("letter", f"held-{order.reference}", at, letter="held", order=order.id)
    outbox.tell("letter", f"staff_notice-{order.reference}", at, letter="staff_notice", order=order.id)


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
    outbox.tell("letter", f"operational-{order.reference}", at, letter="operational", order=order.id)
