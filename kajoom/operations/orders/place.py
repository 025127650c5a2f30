"""Confirming a change of plan: the quote is computed again, compared with the one the client saw, and stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from kajoom.domain.catalog import CatalogPlan
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.order import CLIENT, OrderEvent, OrderStatus
from kajoom.domain.payment_method import PaymentMethodKind, arrives_before, last_day_to_pay
from kajoom.domain.quote import Decision, Quote
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.client import Client, lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, next_numbers
from kajoom.models.order import Order, order_by_key
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.operations import outbox
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.orders import provisioning
from kajoom.operations.orders.days_served import frozen_price
from kajoom.operations.orders.history import record_step
from kajoom.operations.orders.placed import Confirmation, PlacedOrder, UnknownService, placed_before
from kajoom.operations.orders.plans import delay_of
from kajoom.operations.orders.quotes import Choice, quote_change
from kajoom.operations.transaction import transactional

_TIME_TO_PAY = timedelta(minutes=10)
"""How long a client who chose a provider has to pay before the e-mail that asks for it."""


@transactional
def place_order(
    client_id: int,
    service_id: int,
    choice: Choice,
    confirmation: Confirmation,
    *,
    locale: str,
    on: date,
    at: datetime,
    days_to_pay: int,
    method_of: Callable[[ServiceSnapshot], str] = lambda _service: "",
) -> PlacedOrder:
    """Place the order of a change, or return the one that was placed with the same key.

    ``method_of`` gives the code of the payment method for what is due, which decides until when it can be paid.
    Raises ``BusinessError`` when the change cannot be made; with ``QUOTE_CHANGED``, ``NOT_ACKNOWLEDGED`` or
    ``METHOD_TOO_SLOW`` its details hold the current ``quote`` and ``service``; ``UNREADABLE`` for an unknown method.
    ``UnknownService`` for a service that is not the client's.
    """
    client = lock_client(client_id)
    placed = order_by_key(confirmation.key)
    if placed is not None:
        return placed_before(_check_same_form(placed, client_id, service_id, choice, confirmation))
    service = service_snapshot_of(client_id, service_id, on)
    if service is None:
        raise UnknownService(service_id)
    method = method_of(service)
    quote = quote_change(service, choice)
    _check_confirmed(quote, service, confirmation)
    order = _create_order(service, quote, confirmation, locale, on, at)
    number = _number(order, service, quote, on)
    if quote.due_today:
        order.payment_method, order.expires_on = method, _last_day_to_pay(service, quote, method, on, days_to_pay)
    order.voided_renewal = renewals.void_renewals(service_id, at) if service.unpaid_renewal else ""
    db.session.add(order)
    db.session.flush()  # assigns the id that the invoice and the messages refer to
    record_step(order, OrderEvent.PLACED, at, CLIENT)
    invoice = _issue_invoice(order, client, service, quote, number, on, at) if quote.total else None
    _start(order, service, on, at)
    return PlacedOrder.of(order, invoice if quote.due_today else None)


def _number(order: Order, service: ServiceSnapshot, quote: Quote, on: date) -> str:
    """Give an order its reference, and return the number of its invoice, empty where nothing is charged."""
    orders, (series, start) = f"order-{on.year}", invoices.series_of(service.catalog.numbering, on)
    values = next_numbers({orders: 1, series: start} if quote.total else {orders: 1})
    order.reference = f"CH-{on.year}-{values[orders]:06d}"
    return invoices.invoice_number(service.catalog.numbering, on, values[series]) if quote.total else ""


def _check_confirmed(quote: Quote, service: ServiceSnapshot, confirmation: Confirmation) -> None:
    if quote.digest != confirmation.digest:
        raise BusinessError(Refusal.QUOTE_CHANGED, quote=quote, service=service)
    if quote.must_acknowledge and not confirmation.acknowledged:
        raise BusinessError(Refusal.NOT_ACKNOWLEDGED, quote=quote, service=service)


def _check_same_form(
    order: Order, client_id: int, service_id: int, choice: Choice, confirmation: Confirmation
) -> Order:
    """The order placed with a key, if this is the same form sent again; the digest also covers ``choice.when``."""
    placed_for = (order.client_id, order.service_id, order.to_cycle, order.digest)
    names = {
        f"{order.to_plan.group.code}/{order.to_plan.code}",
        *(() if order.is_between_groups else (order.to_plan.code,)),
    }
    if choice.plan not in names or placed_for != (client_id, service_id, choice.cycle, confirmation.digest):
        raise BusinessError(Refusal.KEY_REUSED)
    return order


def _last_day_to_pay(service: ServiceSnapshot, quote: Quote, method: str, on: date, days_to_pay: int) -> date:
    """The last day on which an order can be paid by the method; ``BusinessError`` for one that is unknown or too slow.

    Without a method it is that of one whose money arrives at once.
    """
    chosen = service.catalog.payment_methods.get(method)
    if method and chosen is None:
        raise BusinessError(Refusal.UNREADABLE)
    needs, due = chosen.needs if chosen else 0, service.due
    if not arrives_before(due, needs, on):
        raise BusinessError(Refusal.METHOD_TOO_SLOW, quote=quote, service=service)
    return last_day_to_pay(due, needs, on, days_to_pay)


def _first_status(quote: Quote) -> OrderStatus:
    if quote.due_today:
        return OrderStatus.AWAITING_PAYMENT
    return OrderStatus.AWAITING_PROVISIONING if quote.decision is Decision.NOW else OrderStatus.SCHEDULED


def _create_order(
    service: ServiceSnapshot, quote: Quote, confirmation: Confirmation, locale: str, on: date, at: datetime
) -> Order:
    plan = service.catalog.plan_named(quote.target.key, service.group.code)
    if plan is None:
        raise LookupError(quote.target.plan)
    renewals.store_due_date(service)
    return Order(
        key=confirmation.key,
        digest=confirmation.digest,
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
        figures=_figures(service, plan, quote),
        needs_person=quote.needs_person,
        delay=dict(delay_of(service, plan)) if quote.needs_person else None,
        staff_note="",
    )


def _figures(service: ServiceSnapshot, plan: CatalogPlan, quote: Quote) -> dict[str, Any]:
    return {
        "lines": invoices.lines_to_json(quote.lines, service.catalog.names(service.plan, plan), quote.difference),
        "taxes": invoices.taxes_to_json(quote.taxes, service.catalog.seller),
        "subtotal": quote.subtotal.cents,
        "renewal_before": quote.renewal_before.cents,
        "renewal_after": quote.renewal_after.cents,
        **frozen_price(quote, service.catalog.group_of(plan).charge),
    }


def _issue_invoice(
    order: Order, client: Client, service: ServiceSnapshot, quote: Quote, number: str, on: date, at: datetime
) -> Invoice:
    invoice = invoices.draft(
        client,
        InvoiceKind.CHANGE,
        service_id=order.service_id,
        order_id=order.id,
        lines=order.figures["lines"],
        taxes=order.figures["taxes"],
        total=quote.total,
        on=on,
        due_on=order.expires_on or on,
        catalog=service.catalog,
    )
    invoice.number = number
    invoices.issue_drafts([invoice], service.catalog, on, at)
    invoices.apply_credit(invoice, quote.credit_used, at)
    return invoice


def _queue_first_email(order: Order, service: ServiceSnapshot, at: datetime) -> None:
    """Queue the e-mail about a change that awaits payment or its day; one that starts now has an e-mail of its own.

    A client who chose a provider is most likely paying now: theirs waits, and the worker drops it once they have paid.
    """
    if order.status is OrderStatus.SCHEDULED:
        outbox.enqueue("email", f"scheduled-{order.reference}", at, email="scheduled", order=order.id)
    elif order.status is OrderStatus.AWAITING_PAYMENT:
        method = service.catalog.payment_methods.get(order.payment_method)
        is_online = method is not None and method.kind is PaymentMethodKind.PROVIDER
        due = at + _TIME_TO_PAY if is_online else at
        outbox.enqueue("email", f"change_requested-{order.reference}", due, email="change_requested", order=order.id)


def _start(order: Order, service: ServiceSnapshot, on: date, at: datetime) -> None:
    """Queue the first e-mail and start what can start; on the due date itself that is to bill the renewal."""
    _queue_first_email(order, service, at)
    if order.status is OrderStatus.AWAITING_PROVISIONING:
        provisioning.start_provisioning(order, at)
    elif order.decision is Decision.WITH_RENEWAL and renewals.is_paid_up(order, on, at):
        outbox.enqueue("start", f"start-{order.reference}", at, order=order.id)
    elif order.voided_renewal and order.status is OrderStatus.SCHEDULED:
        renewals.issue_anew(order.service, on, at)
