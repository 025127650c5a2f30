"""An order as its page shows it: with its own invoice and the last attempt to pay it, in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, Select, bindparam, case, func, select

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus, ReviewReason
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.quote import Decision
from kajoom.models.credit_note import credit_note_numbers
from kajoom.models.invoice import Invoice, id_of_last_invoice, unpaid_cents
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.order import Order, OrderStep
from kajoom.models.payment import Attempt, id_of_last_attempt
from kajoom.models.types import LineJson, TaxJson, Translated, inline_code


class OrderRow(NamedTuple):
    """The columns of an order that its page shows."""

    id: int
    reference: str
    service_id: int
    status: OrderStatus
    decision: Decision
    placed_at: datetime
    effective_on: date
    expires_on: date | None
    from_plan_id: int
    to_plan_id: int
    to_cycle: BillingCycle
    to_cents: int
    currency: str
    due_after: date | None
    total_cents: int
    credit_cents: int
    figures: dict[str, Any]
    needs_person: bool
    delay: Translated | None
    review_reason: ReviewReason | None
    staff_note: str
    payment_method: str
    version: int

    @property
    def total(self) -> Money:
        """The cost of the change with taxes, before account credit."""
        return Money(self.total_cents, self.currency)

    @property
    def due_today(self) -> Money:
        """The amount payable at confirmation, after account credit."""
        return Money(self.total_cents - self.credit_cents, self.currency)


class InvoiceRow(NamedTuple):
    """The columns of the last invoice of an order's change; ``balance_cents`` is zero once it is void."""

    id: int
    number: str
    client_id: int
    due_on: date
    currency: str
    subtotal_cents: int
    total_cents: int
    credit_cents: int
    paid_cents: int
    lines: list[LineJson]
    taxes: list[TaxJson]
    balance_cents: int

    @property
    def total(self) -> Money:
        """The total, taxes included."""
        return Money(self.total_cents, self.currency)

    @property
    def balance(self) -> Money:
        """The unpaid amount."""
        return Money(self.balance_cents, self.currency)


class AttemptRow(NamedTuple):
    """The columns of the last attempt at an invoice that say how its payment stands."""

    id: int
    provider: str
    provider_ref: str
    approve_url: str
    status: AttemptStatus
    cents: int
    currency: str
    reason: str
    save_method: bool
    saved_method_id: int | None
    started_at: datetime
    in_flight_since: datetime | None

    @property
    def amount(self) -> Money:
        """The amount to charge."""
        return Money(self.cents, self.currency)


class OrderState(NamedTuple):
    """What says whether an order is still as its page shows it; ``since`` is when it came to its status."""

    version: int
    status: OrderStatus
    needs_person: bool
    since: datetime
    invoice: InvoiceRow | None
    attempt: AttemptRow | None


class OrderPage(NamedTuple):
    """An order with the last invoice of its change, and the last attempt to pay that invoice.

    ``invoice`` is ``None`` when nothing was due, and may be void. ``credit_notes`` are the numbers of its credit notes,
    separated by spaces. ``since`` is when the order came to its status, and ``reached`` when each of the events
    happened that the page shows.
    """

    order: OrderRow
    invoice: InvoiceRow | None
    attempt: AttemptRow | None
    credit_notes: str | None
    since: datetime
    reached: Mapping[OrderEvent, datetime]

    @property
    def state(self) -> OrderState:
        """The state that the page shows."""
        order = self.order
        return OrderState(order.version, order.status, order.needs_person, self.since, self.invoice, self.attempt)


_EVENTS = (
    OrderEvent.PLACED,
    OrderEvent.PAID,
    OrderEvent.PROVISIONED,
    OrderEvent.CANCELLED,
    OrderEvent.EXPIRED,
    OrderEvent.REFUSED,
)
"""The events that the page shows."""


def _last_step(*conditions: Any) -> ScalarSelect[Any]:
    return select(func.max(OrderStep.at)).where(OrderStep.order_id == Order.id, *conditions).scalar_subquery()


def _named(row: Any, model: type[Order] | type[Invoice] | type[Attempt]) -> list[Any]:
    """The columns of a model that a row names."""
    return [getattr(model, name) for name in row._fields if name != "balance_cents"]


def _of_order(*columns: Any) -> Select[Any]:
    """Select the last invoice of an order's change and the last attempt at it, as ``_payment`` reads, then columns."""
    balance = case((Invoice.status == InvoiceStatus.VOID, 0), else_=unpaid_cents(Invoice))
    return (
        select(*_named(InvoiceRow, Invoice), balance, *_named(AttemptRow, Attempt), *columns)
        .select_from(Order)
        .outerjoin(Invoice, Invoice.id == id_of_last_invoice(Order.id))
        .outerjoin(Attempt, Attempt.id == id_of_last_attempt(Invoice.id))
        .where(Order.client_id == bindparam("client_id"), Order.reference == bindparam("reference"))
    )


_INVOICE = slice(0, len(InvoiceRow._fields))
_ATTEMPT = slice(_INVOICE.stop, _INVOICE.stop + len(AttemptRow._fields))
_ORDER = slice(_ATTEMPT.stop, _ATTEMPT.stop + len(OrderRow._fields))

_STATE = _of_order(Order.version, Order.status, Order.needs_person, _last_step())
_PAGE = _of_order(
    *_named(OrderRow, Order),
    credit_note_numbers(Invoice.id),
    _last_step(),
    *(_last_step(OrderStep.event == inline_code(event)) for event in _EVENTS),
)
_KEPT_STATE = KeptStatement(lambda: _STATE)
_KEPT_PAGE = KeptStatement(lambda: _PAGE)


def order_state_of(client_id: int, reference: str) -> OrderState | None:
    """Return the state of the client's order with this reference, or ``None``: less to read than its page."""
    row = _KEPT_STATE.first(client_id=client_id, reference=reference)
    if row is None:
        return None
    version, status, needs_person, since = row[_ATTEMPT.stop :]
    return OrderState(version, status, needs_person, since, *_payment(row))


def order_page_of(client_id: int, reference: str) -> OrderPage | None:
    """Return the client's order with this reference, or ``None``."""
    row = _KEPT_PAGE.first(client_id=client_id, reference=reference)
    if row is None:
        return None
    credit_notes, since, *instants = row[_ORDER.stop :]
    reached = {event: at for event, at in zip(_EVENTS, instants, strict=True) if at is not None}
    return OrderPage(OrderRow(*row[_ORDER]), *_payment(row), credit_notes, since, reached)


def _payment(row: Any) -> tuple[InvoiceRow | None, AttemptRow | None]:
    """The last invoice of the change and the last attempt at it, each ``None`` where its columns are null."""
    invoice, attempt = InvoiceRow(*row[_INVOICE]), AttemptRow(*row[_ATTEMPT])
    return invoice if invoice.id is not None else None, attempt if attempt.id is not None else None
