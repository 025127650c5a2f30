"""Placing and cancelling a change of plan: the quote is asked again, compared with what was seen, and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.order import OrderEvent, OrderStatus, allows
from kajoom.domain.quote import Decision, Quote
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.client import Client, lock_client
from kajoom.models.db import db
from kajoom.models.invoice import invoice_of_order, next_number
from kajoom.models.order import Order, order_by_key, order_of
from kajoom.models.renewal import is_being_paid, renewals_with_terms_of
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.operations import outbox
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.orders import provisioning
from kajoom.operations.orders.history import record_step
from kajoom.operations.orders.quotes import Choice, delay_of, quote_change
from kajoom.operations.transaction import transactional

CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the confirmation carries: the digest of the figures seen, the form's one-use key, and the box ticked."""

    digest: str
    key: str
    acknowledged: bool = False


@transactional
def place_order(
    client_id: int,
    service_id: int,
    choice: Choice,
    seen: Confirmation,
    *,
    locale: str,
    on: date,
    at: datetime,
    days_to_pay: int,
) -> Order:
    """Confirm a change, or find the order that the same key already made.

    ``BusinessError`` when it cannot be made, with ``QUOTE_CHANGED`` (and the new ``quote``) when the figures are no
    longer those that were seen; nothing is written then. ``LookupError`` for a service that is not the client's.
    """
    lock_client(client_id)
    done = order_by_key(seen.key)
    if done is not None:
        return _same(done, client_id, service_id, choice, seen)
    service = service_snapshot_of(client_id, service_id)
    if service is None:
        raise LookupError(service_id)
    quote = quote_change(service, choice, on)

    if quote.digest != seen.digest:
        raise BusinessError(Refusal.QUOTE_CHANGED, quote=quote, service=service)
    if quote.must_acknowledge and not seen.acknowledged:
        raise BusinessError(Refusal.NOT_ACKNOWLEDGED, quote=quote, service=service)

    order = _freeze(service, quote, seen, locale, on, at)
    order.expires_on = _last_day_to_pay(service, on, days_to_pay) if quote.due_today else None
    db.session.add(order)
    db.session.flush()  # its id is what the invoice and the messages name
    record_step(order, OrderEvent.PLACED, at, CLIENT)
    if quote.total:
        _issue(order, service, quote, on, at)
    _set_going(order, on, at)
    return order


@transactional
def cancel_order(client_id: int, reference: str, on: date, at: datetime) -> Order:
    """Cancel a change that is not paid, or not due yet: its invoice is void and what was put to it given back.

    A renewal that was already issued on the new terms, paid or not, is replaced by one on those that go on.

    ``BusinessError`` with ``TOO_LATE`` once it is being carried out, ``PAYMENT_PENDING`` while a payment is not
    settled; ``LookupError`` for an order that is not the client's.
    """
    lock_client(client_id)
    order = order_of(client_id, reference)
    if order is None:
        raise LookupError(reference)
    if order.status is OrderStatus.CANCELLED:
        return order
    if not allows(order.status, OrderEvent.CANCELLED):
        raise BusinessError(Refusal.TOO_LATE, order=order)
    close(order, OrderEvent.CANCELLED, at, CLIENT)
    renewals.replace_renewals(order, on, at)
    outbox.enqueue("email", f"cancelled-{order.reference}", at, email="cancelled", order=order.id)
    return order


@transactional
def expire_order(order_id: int, at: datetime) -> None:
    """End an order that was not paid in time; a payment still being verified keeps it open until it is known."""
    order = db.session.get_one(Order, order_id)
    lock_client(order.client_id)
    if allows(order.status, OrderEvent.EXPIRED) and not _is_being_paid(order):
        close(order, OrderEvent.EXPIRED, at, "calendar")
        outbox.enqueue("email", f"expired-{order.reference}", at, email="expired", order=order.id)


def close(order: Order, event: OrderEvent, at: datetime, actor: str) -> None:
    """End an order before it is carried out, within the commit under way."""
    if _is_being_paid(order):
        raise BusinessError(Refusal.PAYMENT_PENDING, order=order)
    record_step(order, event, at, actor)
    invoice = invoice_of_order(order.id)
    if invoice is not None:
        invoices.void(invoice, at)


def _same(order: Order, client_id: int, service_id: int, choice: Choice, seen: Confirmation) -> Order:
    """The order a key already made, provided it was made by the same form; the digest tells one « when » apart."""
    mine = (order.client_id, order.service_id, order.to_plan.code, order.to_cycle, order.digest)
    if mine != (client_id, service_id, choice.plan, choice.cycle, seen.digest):
        raise BusinessError(Refusal.KEY_REUSED)
    return order


def _is_being_paid(order: Order) -> bool:
    invoice = invoice_of_order(order.id)
    return is_being_paid([*renewals_with_terms_of(order.id), *([invoice] if invoice else [])])


def _last_day_to_pay(service: ServiceSnapshot, on: date, days: int) -> date:
    """An unpaid change never outlives the period it shares: the price would be for days that are gone."""
    last = on + timedelta(days=days)
    return last if service.due is None else min(last, service.due - timedelta(days=1))


def _first_status(quote: Quote) -> OrderStatus:
    if quote.due_today:
        return OrderStatus.AWAITING_PAYMENT
    return OrderStatus.AWAITING_PROVISIONING if quote.decision is Decision.NOW else OrderStatus.SCHEDULED


def _freeze(service: ServiceSnapshot, quote: Quote, seen: Confirmation, locale: str, on: date, at: datetime) -> Order:
    plan = service.group.plan(quote.target.plan)
    if plan is None:
        raise LookupError(quote.target.plan)
    return Order(
        reference=f"CH-{on.year}-{next_number(f'order-{on.year}'):06d}",
        key=seen.key,
        digest=seen.digest,
        client_id=service.client_id,
        service_id=service.id,
        status=_first_status(quote),
        decision=quote.decision,
        direction=quote.direction,
        locale=locale,
        placed_at=at,
        effective_on=quote.effective_on,
        from_plan_id=service.plan.id,
        from_cycle=quote.current.cycle,
        to_plan_id=plan.id,
        to_cycle=quote.target.cycle,
        to_cents=quote.target.recurring.cents,
        quantity=quote.target.quantity,
        currency=quote.total.currency,
        due_before=service.due,
        due_after=quote.next_due,
        anchor_after=quote.anchor,
        total_cents=quote.total.cents,
        credit_cents=quote.credit_used.cents,
        figures={
            "lines": invoices.lines_to_json(quote.lines, service.plan, plan, quote.difference),
            "taxes": invoices.taxes_to_json(quote.taxes, service.catalog.seller),
            "subtotal": quote.subtotal.cents,
            "renewal_before": quote.renewal_before.cents,
            "renewal_after": quote.renewal_after.cents,
        },
        needs_person=quote.needs_person,
        delay=dict(delay_of(service, plan)) if quote.needs_person else None,
        staff_note="",
    )


def _issue(order: Order, service: ServiceSnapshot, quote: Quote, on: date, at: datetime) -> None:
    client = db.session.get_one(Client, order.client_id)
    invoice = invoices.issue(
        client,
        InvoiceKind.CHANGE,
        service_id=order.service_id,
        order_id=order.id,
        lines=order.figures["lines"],
        taxes=order.figures["taxes"],
        total=quote.total,
        on=on,
        due_on=order.expires_on or on,
        seller=service.catalog.seller,
    )
    invoices.apply_credit(invoice, quote.credit_used, at)


def _set_going(order: Order, on: date, at: datetime) -> None:
    """Tell what was ordered, and begin what can be; on the due date itself, that is to bill the day's renewal."""
    email = "scheduled" if order.status is OrderStatus.SCHEDULED else "change_requested"
    outbox.enqueue("email", f"{email}-{order.reference}", at, email=email, order=order.id)
    if order.status is OrderStatus.AWAITING_PROVISIONING:
        provisioning.start_provisioning(order, at)
    elif order.decision is Decision.WITH_RENEWAL and renewals.is_paid_up(order, on, at):
        outbox.enqueue("start", f"start-{order.reference}", at, order=order.id)
