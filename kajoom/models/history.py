"""The history of a service: each order with its invoice, and the terms that staff gave it, read in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.money import Money
from kajoom.domain.order import CLIENT_ACTS_ON, OPEN, OrderStatus, ReviewReason
from kajoom.domain.quote import Decision
from kajoom.domain.terms_change import TermsStatus
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, unpaid_cents
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.order import Order
from kajoom.models.terms_change import TermsChange
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
    review_reason: ReviewReason | None
    invoice: str | None
    is_terms: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the change is still in progress."""
        return self.status in OPEN

    @property
    def waits_for_client(self) -> bool:
        """Whether it is on hold until the client has lifted what stops it."""
        return self.needs_person and self.review_reason in CLIENT_ACTS_ON


@dataclass(frozen=True, slots=True)
class NewTerms:
    """Terms that staff gave a service; plans are given by id, amounts are before tax, and the client reads ``reason``.

    ``since`` is the first day of the first period on these terms.
    """

    status: TermsStatus
    at: datetime
    since: date
    reason: str
    cycle: BillingCycle
    from_plan: int
    to_plan: int
    before: Money
    after: Money
    from_quantity: int
    to_quantity: int
    due_before: date | None
    due_after: date | None
    is_open: bool = False
    is_terms: bool = True

    @property
    def is_withdrawal(self) -> bool:
        """Whether other terms that were planned are withdrawn, and nothing else."""
        pairs = (
            (self.from_plan, self.to_plan),
            (self.before, self.after),
            (self.from_quantity, self.to_quantity),
            (self.due_before, self.due_after),
        )
        return all(before == after for before, after in pairs)


def _of_invoice(value: SQLColumnExpression[Any]) -> ScalarSelect[Any]:
    """Select a value of the last invoice of the order's change."""
    of_change = Invoice.order_id == Order.id, Invoice.kind == inline_code(InvoiceKind.CHANGE)
    return select(value).where(*of_change).order_by(Invoice.id.desc()).limit(1).scalar_subquery()


def _keys(model: type[Order] | type[TermsChange], at: InstrumentedAttribute[datetime], is_order: int) -> Select[Any]:
    columns: tuple[Any, ...] = (
        literal_column(str(is_order)).label("is_order"),
        model.id.label("row_id"),
        at.label("at"),
    )
    return select(*columns).where(model.service_id == bindparam("service_id"))


def _newest_first(keys: Subquery) -> tuple[ColumnElement[Any], ...]:
    return keys.c.at.desc(), keys.c.is_order.desc(), keys.c.row_id.desc()


_BOTH = union_all(_keys(Order, Order.placed_at, 1), _keys(TermsChange, TermsChange.at, 0)).subquery()
_PAGE = select(_BOTH).order_by(*_newest_first(_BOTH)).limit(bindparam("limit")).offset(bindparam("offset")).subquery()
_HISTORY = (
    select(
        _PAGE.c.is_order,
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
        Order.review_reason,
        _of_invoice(Invoice.number).label("invoice"),
        _of_invoice(unpaid_cents(Invoice)).label("balance"),
        *(column.label(f"terms_{column.name}") for column in TermsChange.__table__.columns),
    )
    .select_from(_PAGE)
    .outerjoin(Order, and_(_PAGE.c.is_order == literal_column("1"), Order.id == _PAGE.c.row_id))
    .outerjoin(TermsChange, and_(_PAGE.c.is_order == literal_column("0"), TermsChange.id == _PAGE.c.row_id))
    .order_by(*_newest_first(_PAGE))
)
_KEPT_HISTORY = KeptStatement(lambda: _HISTORY)


def history_of(service_id: int, limit: int, offset: int = 0) -> list[Change | NewTerms]:
    """Return ``limit`` entries of a service's history, newest first, without the newest ``offset``.

    An open change is the newest: while there is one, staff give no other terms.
    """
    rows = _KEPT_HISTORY.rows(service_id=service_id, limit=limit, offset=offset)
    return [_change(row) if row.is_order else _new_terms(row) for row in rows]


def _change(row: Any) -> Change:
    return Change(
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
        review_reason=row.review_reason,
        invoice=row.invoice,
    )


def _new_terms(row: Any) -> NewTerms:
    return NewTerms(
        status=row.terms_status,
        at=row.terms_at,
        since=row.terms_since,
        reason=row.terms_reason,
        cycle=row.terms_cycle,
        from_plan=row.terms_from_plan_id,
        to_plan=row.terms_to_plan_id,
        before=Money(row.terms_from_cents, row.terms_currency),
        after=Money(row.terms_to_cents, row.terms_currency),
        from_quantity=row.terms_from_quantity,
        to_quantity=row.terms_to_quantity,
        due_before=row.terms_due_before,
        due_after=row.terms_due_after,
    )


class ChangePages(Pagination):
    """The pages of a service's history; ``service_id`` is given with ``page`` and ``per_page``."""

    def _query_items(self) -> list[Change | NewTerms]:
        return history_of(self._query_args["service_id"], self.per_page, self._query_offset)

    def _query_count(self) -> int:
        counted = select(func.count()).select_from(_BOTH)
        return db.session.execute(counted, {"service_id": self._query_args["service_id"]}).scalar_one()
