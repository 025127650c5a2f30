"""What the page of the open tasks shows beside each: what was paid, what the panel answered, and who works on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import select

from kajoom.domain.audit import STAFF_PREFIX
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order, OrderStep
from kajoom.models.task import open_tasks_page


class PaidInvoice(NamedTuple):
    """The invoice of a change and what was paid of it, account credit included."""

    number: str
    paid: Money


class OrderFacts(NamedTuple):
    """The last invoice of an order's change, and what was noted when the order was last handed to a person."""

    invoice: PaidInvoice | None
    panel_message: str


class StaffQueue(NamedTuple):
    """A page of the open tasks, the facts of their orders by order id, and by actor who has claimed a task."""

    tasks: Pagination
    orders: Mapping[int, OrderFacts]
    names: Mapping[str, str]


def staff_queue_page(number: int) -> StaffQueue:
    """Page ``number`` of the open tasks, the oldest first, in four statements at most."""
    tasks = open_tasks_page(number)
    orders = {task.order_id for task in tasks if task.order_id is not None}
    claims = {task.claimed_by for task in tasks if task.claimed_by}
    return StaffQueue(tasks, order_facts(orders), names_of_actors(claims))


def order_facts(order_ids: Collection[int]) -> dict[int, OrderFacts]:
    """The invoice and the panel's last answer of each order, by order id."""
    steps = select(OrderStep.note).where(OrderStep.order_id == Order.id, OrderStep.event == OrderEvent.NEEDS_REVIEW)
    message = steps.order_by(OrderStep.id.desc()).limit(1).scalar_subquery()
    is_its_invoice = (Invoice.order_id == Order.id) & (Invoice.kind == InvoiceKind.CHANGE)
    columns = (Order.id, Invoice.number, Invoice.paid_cents + Invoice.credit_cents, Order.currency, message)
    query = select(*columns).outerjoin(Invoice, is_its_invoice).where(Order.id.in_(order_ids)).order_by(Invoice.id)
    rows = db.session.execute(query) if order_ids else ()
    return {
        order_id: OrderFacts(PaidInvoice(number, Money(cents, currency)) if number else None, note or "")
        for order_id, number, cents, currency, note in rows
    }


def names_of_actors(actors: Collection[str]) -> dict[str, str]:
    """The name of each actor: that of the account for ``staff:ID``, its address when it has no name."""
    ids = {actor: actor.removeprefix(STAFF_PREFIX) for actor in actors}
    numbers = [int(text) for text in ids.values() if text.isascii() and text.isdigit() and len(text) < 10]
    query = select(Client.id, Client.name, Client.email).where(Client.id.in_(numbers))
    found = {str(row.id): row.name or row.email for row in db.session.execute(query)} if numbers else {}
    return {actor: found.get(text, text) for actor, text in ids.items()}
