"""The history of a service: each order with its invoice, read in one query of selected columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ScalarSelect, SQLColumnExpression, bindparam, func, select

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.money import Money
from kajoom.domain.order import OPEN, OrderStatus
from kajoom.domain.quote import Decision
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.types import inline_code


@dataclass(frozen=True, slots=True)
class Change:
    """An order in the history of a service.

    Plans are given by id; ``total`` includes taxes, ``due`` is the unpaid balance and ``invoice`` the invoice number.
    """

    reference: str
    status: OrderStatus
    decision: Decision
    placed_at: datetime
    effective_on: date
    expires_on: date | None
    from_plan: int
    from_cycle: BillingCycle
    to_plan: int
    to_cycle: BillingCycle
    total: Money
    due: Money
    needs_person: bool
    delay: dict[str, str] | None
    invoice: str | None

    @property
    def is_open(self) -> bool:
        """Whether the change is still in progress."""
        return self.status in OPEN


def _of_invoice(value: SQLColumnExpression[Any]) -> ScalarSelect[Any]:
    """Select a value of the last invoice of the order's change."""
    of_change = Invoice.order_id == Order.id, Invoice.kind == inline_code(InvoiceKind.CHANGE)
    return select(value).where(*of_change).order_by(Invoice.id.desc()).limit(1).scalar_subquery()


# Built once with bound parameters: building and caching the statement on each call costs more than running it.
_HISTORY = (
    select(
        Order.reference,
        Order.status,
        Order.decision,
        Order.placed_at,
        Order.effective_on,
        Order.expires_on,
        Order.from_plan_id,
        Order.from_cycle,
        Order.to_plan_id,
        Order.to_cycle,
        Order.total_cents,
        Order.currency,
        Order.needs_person,
        Order.delay,
        _of_invoice(Invoice.number).label("invoice"),
        _of_invoice(Invoice.total_cents - Invoice.credit_cents - Invoice.paid_cents).label("balance"),
    )
    .where(Order.service_id == bindparam("service_id"))
    .order_by(Order.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)


def history_of(service_id: int, limit: int, offset: int = 0) -> list[Change]:
    """Return ``limit`` changes of a service, newest first, without the newest ``offset``; an open one is the newest."""
    parameters = {"service_id": service_id, "limit": limit, "offset": offset}
    rows = db.session.connection().execute(_HISTORY, parameters)
    return [
        Change(
            reference=row.reference,
            status=row.status,
            decision=row.decision,
            placed_at=row.placed_at,
            effective_on=row.effective_on,
            expires_on=row.expires_on,
            from_plan=row.from_plan_id,
            from_cycle=row.from_cycle,
            to_plan=row.to_plan_id,
            to_cycle=row.to_cycle,
            total=Money(row.total_cents, row.currency),
            due=Money(row.balance or 0, row.currency),
            needs_person=row.needs_person,
            delay=row.delay,
            invoice=row.invoice,
        )
        for row in rows
    ]


class ChangePages(Pagination):
    """The pages of a service's history; ``service_id`` is given with ``page`` and ``per_page``."""

    def _query_items(self) -> list[Change]:
        return history_of(self._query_args["service_id"], self.per_page, self._query_offset)

    def _query_count(self) -> int:
        orders = select(func.count()).select_from(Order).where(Order.service_id == self._query_args["service_id"])
        return db.session.scalar(orders) or 0
