"""Credit notes: documents that correct paid invoices, numbered without gaps and never edited."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ScalarSelect, SQLColumnExpression, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.money import Money
from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.types import LineJson, TaxJson, UtcDateTime, enum_column, json_column

NUMBER_PREFIX = "NC-"
"""What the number of a credit note begins with, in both languages, and that of no invoice."""


class CreditNote(Base):
    """What is credited of a paid invoice. Its lines, taxes and totals are negative, in cents of ``currency``.

    ``key`` names the cause and is unique, so that one cause gives one credit note. ``note`` is the reason written by
    staff, shown to the client. Lines, taxes, ``seller`` and ``buyer`` are frozen, the last two as on the invoice.
    """

    __tablename__ = "credit_note"
    __table_args__ = (
        CheckConstraint("subtotal_cents < 0", name="subtotal"),
        CheckConstraint("total_cents <= subtotal_cents", name="total"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[CreditNoteReason] = mapped_column(enum_column(CreditNoteReason))
    note: Mapped[str] = mapped_column(default="")
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    issued_on: Mapped[date] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    currency: Mapped[str]
    subtotal_cents: Mapped[int]
    total_cents: Mapped[int]
    locale: Mapped[str]
    lines: Mapped[list[LineJson]] = mapped_column(json_column())
    taxes: Mapped[list[TaxJson]] = mapped_column(json_column())
    seller: Mapped[dict[str, Any]] = mapped_column(json_column())
    buyer: Mapped[dict[str, Any]] = mapped_column(json_column())

    client: Mapped[Client] = relationship()
    invoice: Mapped[Invoice] = relationship()

    @property
    def total(self) -> Money:
        """The total, taxes included: below zero."""
        return Money(self.total_cents, self.currency)

    @property
    def credited(self) -> Money:
        """The amount given to the client, taxes included: the total without its sign."""
        return -self.total


def credit_note_by_key(key: str) -> CreditNote | None:
    """Return the credit note of a cause, or ``None``."""
    return db.session.scalar(select(CreditNote).where(CreditNote.key == key))


def refusal_key(reference: str) -> str:
    """The key of the credit note of an order that was refused."""
    return f"refused-{reference}"


def days_key(reference: str) -> str:
    """The key of the credit note of the days that an order was not served."""
    return f"days-{reference}"


def credit_note_of_outcome(reference: str) -> CreditNote | None:
    """Return the credit note that an order's completion or refusal issued, or ``None``."""
    keys = refusal_key(reference), days_key(reference)
    return db.session.scalar(select(CreditNote).where(CreditNote.key.in_(keys)))


def credit_note_by_number(number: str) -> CreditNote | None:
    """Return the credit note of any client with this number, for staff."""
    return db.session.scalar(select(CreditNote).where(CreditNote.number == number))


def credit_note_of(client_id: int, number: str) -> CreditNote | None:
    """Return the client's credit note with this number, with its invoice and service, or ``None``."""
    relations = joinedload(CreditNote.invoice).options(joinedload(Invoice.service), joinedload(Invoice.order))
    query = select(CreditNote).options(relations)
    return db.session.scalar(query.where(CreditNote.client_id == client_id, CreditNote.number == number))


def credit_notes_of_invoice(invoice_id: int) -> list[CreditNote]:
    """Return the credit notes of an invoice, oldest first."""
    query = select(CreditNote).where(CreditNote.invoice_id == invoice_id)
    return list(db.session.scalars(query.order_by(CreditNote.id)))


def credit_note_numbers(invoice_id: SQLColumnExpression[int]) -> ScalarSelect[str | None]:
    """The numbers of an invoice's credit notes, separated by spaces, as a subquery."""
    query = select(func.aggregate_strings(CreditNote.number, " "))
    return query.where(CreditNote.invoice_id == invoice_id).scalar_subquery()


def credited_cents(invoice_id: SQLColumnExpression[int]) -> ScalarSelect[int]:
    """What was credited of an invoice, taxes included, in cents, as a subquery."""
    query = select(func.coalesce(-func.sum(CreditNote.total_cents), 0))
    return query.where(CreditNote.invoice_id == invoice_id).scalar_subquery()
