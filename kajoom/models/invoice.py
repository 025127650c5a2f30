"""Invoices: numbered without gaps, frozen when issued, then only paid or voided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    ScalarSelect,
    SQLColumnExpression,
    String,
    and_,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.order import Order
from kajoom.models.partial_index import partial_index
from kajoom.models.service import Service
from kajoom.models.types import LineJson, TaxJson, enum_column, inline_code, json_column


class Counter(Base):
    """The last number used in a series ("invoice-2026"), incremented in the commit that uses it so there is no gap."""

    __tablename__ = "counter"

    series: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


# One statement: with a SELECT first, the first two transactions of a year would both find no row and one would fail.
_NEXT = (
    "INSERT INTO counter (series, value) VALUES {} ON CONFLICT (series) DO UPDATE SET value = CASE"
    " WHEN counter.value < excluded.value THEN excluded.value ELSE counter.value + 1 END RETURNING series, value"
)
_NEXT_ONES = text(
    "INSERT INTO counter (series, value) VALUES (:series, :start + :more) ON CONFLICT (series) DO UPDATE"
    " SET value = CASE WHEN counter.value < :start THEN :start ELSE counter.value + 1 END + :more RETURNING value"
).columns(value=Integer)


def next_number(series: str, start: int = 1) -> int:
    """Return the next number of a series, at least ``start``; a number is never given twice.

    The row is locked until the commit, and a rollback frees the number.
    """
    return next_numbers({series: start})[series]


def next_numbers(starts: Mapping[str, int]) -> dict[str, int]:
    """Return the next number of each of some series, at least its start; as ``next_number``, in one statement."""
    rows = ", ".join(f"(:series{n}, :start{n})" for n in range(len(starts)))
    values: dict[str, object] = {f"series{n}": series for n, series in enumerate(starts)}
    values |= {f"start{n}": start for n, start in enumerate(starts.values())}
    statement = text(_NEXT.format(rows)).columns(series=String, value=Integer)
    return {row.series: row.value for row in db.session.execute(statement, values)}


def numbers_in_a_row(series: str, start: int, count: int) -> range:
    """Return the next ``count`` numbers of one series, at least one, as ``next_number`` does."""
    last: int = db.session.execute(_NEXT_ONES, {"series": series, "start": start, "more": count - 1}).scalar_one()
    return range(last - count + 1, last + 1)


class Invoice(Base):
    """An amount owed by a client, in cents of ``currency``.

    ``credit_cents`` of the total were paid with account credit and ``paid_cents`` with payments. ``lines``, ``taxes``,
    ``seller`` and ``buyer`` are frozen as they were on the day of issue. ``replaced_on`` is the day on which a paid
    renewal was credited in full and its period could be invoiced again, ``overdue_notice_on`` the one on which the
    client was first told that it is overdue, and ``suspends_on`` the one that was announced to them for the suspension
    of the service.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("total_cents > 0", name="total"),
        CheckConstraint("credit_cents BETWEEN 0 AND total_cents", name="credit"),
        CheckConstraint("paid_cents BETWEEN 0 AND total_cents - credit_cents", name="paid"),
        Index("ix_invoice_of_service", "service_id", "kind", "status", "due_on"),
        Index("ix_invoice_standing", "kind", "status", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[InvoiceKind] = mapped_column(enum_column(InvoiceKind))
    status: Mapped[InvoiceStatus] = mapped_column(enum_column(InvoiceStatus))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id"), index=True)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    currency: Mapped[str]
    subtotal_cents: Mapped[int]
    total_cents: Mapped[int]
    credit_cents: Mapped[int] = mapped_column(default=0)
    paid_cents: Mapped[int] = mapped_column(default=0)
    locale: Mapped[str]
    lines: Mapped[list[LineJson]] = mapped_column(json_column())
    taxes: Mapped[list[TaxJson]] = mapped_column(json_column())
    seller: Mapped[dict[str, Any]] = mapped_column(json_column())
    buyer: Mapped[dict[str, Any]] = mapped_column(json_column())
    voided_on: Mapped[date | None]
    replaced_on: Mapped[date | None]
    overdue_notice_on: Mapped[date | None]
    suspends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column()

    client: Mapped[Client] = relationship()
    service: Mapped[Service] = relationship()
    order: Mapped[Order | None] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - required by SQLAlchemy

    @property
    def total(self) -> Money:
        """The total, taxes included."""
        return Money(self.total_cents, self.currency)

    def has_begun(self, on: date) -> bool:
        """Whether the period of a renewal has begun on the day ``on``."""
        return self.period_start is not None and self.period_start <= on

    @property
    def balance(self) -> Money:
        """The unpaid amount; zero once the invoice is void."""
        if self.status is InvoiceStatus.VOID:
            return Money(0, self.currency)
        return Money(self.total_cents - self.credit_cents - self.paid_cents, self.currency)


def unpaid_cents(invoice: type[Invoice]) -> ColumnElement[int]:
    """The unpaid amount in statements, in cents; of a void invoice too, whose ``balance`` is zero."""
    return invoice.total_cents - invoice.credit_cents - invoice.paid_cents


IS_LIVE_RENEWAL = and_(
    Invoice.kind == InvoiceKind.RENEWAL, Invoice.status != InvoiceStatus.VOID, Invoice.replaced_on.is_(None)
)
"""A renewal whose period cannot be invoiced again: neither void nor replaced."""

# A period is invoiced once, even when the daily run is repeated or done by two workers.
partial_index(
    "uq_invoice_renewal_period",
    Invoice.service_id,
    Invoice.period_start,
    unique=True,
    where=IS_LIVE_RENEWAL,
)


def client_id_of_invoice(invoice_id: int) -> ScalarSelect[int]:
    """The id of an invoice's client, as a subquery for ``lock_client``."""
    return select(Invoice.client_id).where(Invoice.id == invoice_id).scalar_subquery()


_WITH_RELATIONS = (
    select(Invoice)
    .where(Invoice.id == bindparam("invoice_id"))
    .options(joinedload(Invoice.client), joinedload(Invoice.service).joinedload(Service.plan).joinedload(Plan.group))
)


def invoice_with_relations(invoice_id: int) -> Invoice:
    """Return an invoice that exists, with its client and its service in the same statement, for the worker."""
    return db.session.scalars(_WITH_RELATIONS, {"invoice_id": invoice_id}).one()


def invoice_by_number(number: str) -> Invoice | None:
    """Return the invoice of any client with this number, for staff and the worker."""
    return db.session.scalar(select(Invoice).where(Invoice.number == number))


def id_of_last_invoice(order_id: SQLColumnExpression[int]) -> ScalarSelect[int | None]:
    """The id of the last invoice of an order's change, as a subquery for a join."""
    of_order = aliased(Invoice)
    is_of_change = of_order.kind == inline_code(InvoiceKind.CHANGE)
    return select(func.max(of_order.id)).where(of_order.order_id == order_id, is_of_change).scalar_subquery()


def invoice_of_order(order_id: int) -> Invoice | None:
    """Return the last invoice of an order's change, void or not; ``None`` when nothing was due."""
    query = select(Invoice).where(Invoice.order_id == order_id, Invoice.kind == InvoiceKind.CHANGE)
    query = query.order_by(Invoice.id.desc())
    return db.session.scalars(query).first()
