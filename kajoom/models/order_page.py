"""An order as its page shows it: with its own invoice and the last attempt to pay it, in one query."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload

from kajoom.domain.order import OrderStatus
from kajoom.models.credit_note import credit_note_numbers
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, id_of_last_invoice
from kajoom.models.order import Order, OrderStep
from kajoom.models.payment import Attempt, id_of_last_attempt


class OrderState(NamedTuple):
    """What says whether an order is still as its page shows it; ``since`` is when it came to its status."""

    version: int
    status: OrderStatus
    needs_person: bool
    since: datetime
    invoice: Invoice | None
    attempt: Attempt | None


class OrderPage(NamedTuple):
    """An order with its plans, the last invoice of its change, and the last attempt to pay that invoice.

    ``invoice`` is ``None`` when nothing was due, and may be void. ``credit_notes`` are the numbers of its credit notes,
    separated by spaces.
    """

    order: Order
    invoice: Invoice | None
    attempt: Attempt | None
    credit_notes: str | None

    @property
    def state(self) -> OrderState:
        """The state that the page shows."""
        order = self.order
        since = order.history[-1].at
        return OrderState(order.version, order.status, order.needs_person, since, self.invoice, self.attempt)


# Bound parameters, so that the statements are built once.
_IS_OF_CLIENT = (Order.client_id == bindparam("client_id"), Order.reference == bindparam("reference"))
_ORDER_PAGE = (
    select(Order, Invoice, Attempt, credit_note_numbers(Invoice.id))
    .select_from(Order)
    .outerjoin(Invoice, Invoice.id == id_of_last_invoice(Order.id))
    .outerjoin(Attempt, Attempt.id == id_of_last_attempt(Invoice.id))
    .options(joinedload(Order.from_plan), joinedload(Order.to_plan))
    .where(*_IS_OF_CLIENT)
)
_SINCE = select(func.max(OrderStep.at)).where(OrderStep.order_id == Order.id).scalar_subquery()
_ORDER_STATE = (
    select(Order.version, Order.status, Order.needs_person, _SINCE, Invoice, Attempt)
    .select_from(Order)
    .outerjoin(Invoice, Invoice.id == id_of_last_invoice(Order.id))
    .outerjoin(Attempt, Attempt.id == id_of_last_attempt(Invoice.id))
    .where(*_IS_OF_CLIENT)
)


def order_state_of(client_id: int, reference: str) -> OrderState | None:
    """Return the state of the client's order with this reference, or ``None``: less to read than its page."""
    row = db.session.execute(_ORDER_STATE, {"client_id": client_id, "reference": reference}).one_or_none()
    return OrderState(*row) if row is not None else None


def order_page_of(client_id: int, reference: str) -> OrderPage | None:
    """Return the client's order with this reference, or ``None``."""
    row = db.session.execute(_ORDER_PAGE, {"client_id": client_id, "reference": reference}).one_or_none()
    return OrderPage(*row) if row is not None else None
