"""Queries of what needs a reminder: unpaid, near or past its date, not yet reminded and without an open attempt."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import OPEN
from kajoom.domain.service import ENDED, ServiceStatus
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt
from kajoom.models.service import Service
from kajoom.models.task import Task

_WAS_NOTICED = select(Message.id).where(Message.key == literal("overdue-") + Invoice.number).exists()
_IS_RUNNING = and_(Service.status == ServiceStatus.ACTIVE, Service.suspension.is_(None))


def orders_nearly_expired(on: date, days: int) -> list[int]:
    """Return the ids of unpaid orders that expire within ``days`` days of ``on``."""
    soon = and_(Order.expires_on >= on, Order.expires_on <= on + timedelta(days=days))
    paying = select(Attempt.id).join(Invoice).where(Invoice.order_id == Order.id, Attempt.status.in_(sorted(OPEN)))
    unpaid = and_(Order.status == OrderStatus.AWAITING_PAYMENT, soon, ~paying.exists())
    query = select(Order.id).where(unpaid, _has_no_message("reminder-", Order.reference))
    return list(db.session.scalars(query.order_by(Order.id)))


def renewals_nearly_due(on: date, days: int) -> list[int]:
    """Return the ids of unpaid renewals due within ``days`` days and issued at least ``days`` days ago."""
    soon = and_(Invoice.due_on > on, Invoice.due_on <= on + timedelta(days=days))
    return _unpaid_renewals(and_(soon, Invoice.issued_on <= on - timedelta(days=days)), "reminder-")


def renewals_overdue(on: date) -> list[int]:
    """Return the ids of unpaid renewals due before ``on``."""
    return _unpaid_renewals(Invoice.due_on < on, "overdue-")


def renewals_long_overdue(on: date, days: int) -> list[int]:
    """Return the ids of unpaid renewals due ``days`` days before ``on`` or earlier, whose client knows it since then.

    The first notice is sent on the day after the due date: one that a missed run delayed also delays the second one.
    """
    is_not_recent = or_(Invoice.overdue_notice_on.is_(None), Invoice.overdue_notice_on <= on - timedelta(days=days - 1))
    is_long_overdue = and_(Invoice.due_on <= on - timedelta(days=days), _WAS_NOTICED, is_not_recent)
    return _unpaid_renewals(is_long_overdue, "second_reminder-")


def renewals_to_announce(on: date) -> list[int]:
    """Return the ids of overdue renewals whose clients were told that they are, but not of a suspension."""
    is_unannounced = and_(Invoice.due_on < on, Invoice.suspends_on.is_(None), _WAS_NOTICED, _IS_RUNNING)
    return _unpaid_renewals(is_unannounced)


def renewals_to_suspend(on: date) -> list[int]:
    """Return the ids of unpaid renewals whose service was to be suspended on the day ``on`` or before."""
    # The due date is always earlier, and has an index.
    return _unpaid_renewals(and_(Invoice.due_on < on, Invoice.suspends_on <= on, _IS_RUNNING))


def renewals_to_decide(due_by: date) -> list[int]:
    """Return the ids of unpaid renewals due by ``due_by`` that staff have not been asked about."""
    was_asked = select(Task.id).where(Task.key == literal("unpaid-") + Invoice.number).exists()
    return _unpaid_renewals(and_(Invoice.due_on <= due_by, ~was_asked))


def _unpaid_renewals(condition: ColumnElement[bool], key_prefix: str = "") -> list[int]:
    """The renewals of services that have not ended: what an ended one still owes is in the e-mail of its end.

    With a ``key_prefix`` those without a message of that key; never those that may be being paid.
    """
    paying = select(Attempt.id).where(Attempt.invoice_id == Invoice.id, Attempt.status.in_(sorted(OPEN)))
    is_unpaid_renewal = and_(Invoice.kind == InvoiceKind.RENEWAL, Invoice.status == InvoiceStatus.OPEN)
    is_unpaid = and_(is_unpaid_renewal, condition, ~paying.exists())
    if key_prefix:
        is_unpaid = and_(is_unpaid, _has_no_message(key_prefix, Invoice.number))
    query = select(Invoice.id).join(Service, Service.id == Invoice.service_id)
    query = query.where(is_unpaid, Service.status.not_in(sorted(ENDED)))
    return list(db.session.scalars(query.order_by(Invoice.id)))


def _has_no_message(prefix: str, name: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether no message has the key ``prefix`` + ``name``, so that each reminder is sent once."""
    return ~select(Message.id).where(Message.key == literal(prefix) + name).exists()
