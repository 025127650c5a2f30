"""Whom to remind: what is unpaid and nearly out of time, was not told of yet, and is not being paid just now."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import OPEN
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt


def orders_nearly_expired(on: date, days: int) -> list[int]:
    """The ids of unpaid orders whose last day is ``days`` away or less."""
    soon = and_(Order.expires_on >= on, Order.expires_on <= on + timedelta(days=days))
    paying = select(Attempt.id).join(Invoice).where(Invoice.order_id == Order.id, Attempt.status.in_(sorted(OPEN)))
    unpaid = and_(Order.status == OrderStatus.AWAITING_PAYMENT, soon, ~paying.exists())
    query = select(Order.id).where(unpaid, _untold("reminder-", Order.reference))
    return list(db.session.scalars(query.order_by(Order.id)))


def renewals_nearly_due(on: date, days: int) -> list[int]:
    """The ids of renewals to be paid within ``days``, issued at least as long ago."""
    soon = and_(Invoice.due_on > on, Invoice.due_on <= on + timedelta(days=days))
    return _unpaid(and_(soon, Invoice.issued_on <= on - timedelta(days=days)), "reminder-")


def renewals_overdue(on: date) -> list[int]:
    """The ids of renewals whose due date has passed."""
    return _unpaid(Invoice.due_on < on, "overdue-")


def _unpaid(when: ColumnElement[bool], email: str) -> list[int]:
    paying = select(Attempt.id).where(Attempt.invoice_id == Invoice.id, Attempt.status.in_(sorted(OPEN)))
    unpaid = and_(Invoice.kind == InvoiceKind.RENEWAL, Invoice.status == InvoiceStatus.OPEN, when, ~paying.exists())
    query = select(Invoice.id).where(unpaid, _untold(email, Invoice.number))
    return list(db.session.scalars(query.order_by(Invoice.id)))


def _untold(email: str, name: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether no message bears this letter's key; each is told once."""
    return ~select(Message.id).where(Message.key == literal(email) + name).exists()
