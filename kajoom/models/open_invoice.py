"""Unpaid invoices as staff look for them, to record the money that was received for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.staff_input import SearchWord
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.folded_text import fold, folded
from kajoom.models.invoice import Invoice, unpaid_cents
from kajoom.models.order import Order
from kajoom.models.paging import page_of
from kajoom.models.service import Service

# Each kind is named so that the index of kinds and statuses serves.
_IS_OPEN = and_(Invoice.kind.in_(list(InvoiceKind)), Invoice.status == InvoiceStatus.OPEN)
_BALANCE = unpaid_cents(Invoice)
_METHOD = func.coalesce(func.nullif(Order.payment_method, ""), Service.payment_method)
"""The method chosen for the change, or else the usual one of the service."""


def invoices_to_receive(offline: Collection[str], page: int) -> Pagination:
    """A page of the unpaid invoices that are paid by one of these methods, the oldest due date first."""
    return _page(and_(_IS_OPEN, _METHOD.in_(offline)), page)


def invoices_matching(text: str, words: Sequence[SearchWord], page: int) -> Pagination:
    """A page of the unpaid invoices that each word is about, and of the invoice with the number ``text``, paid or not.

    A word is part of the number, of the order's reference, of the domain or of the client's name, or an amount: the
    total or what is left of it.
    """
    is_about = and_(_IS_OPEN, *map(_is_about, words))
    return _page(or_(Invoice.number == text.strip().upper(), is_about), page)


def overdue_invoices(on: date, page: int) -> Pagination:
    """A page of the unpaid invoices whose due date is before the day ``on``, the oldest first."""
    return _page(and_(_IS_OPEN, Invoice.due_on < on), page)


def overdue_totals(on: date) -> Sequence[Any]:
    """For each currency of the invoices that are overdue on the day ``on``: their ``count``, ``cents`` and oldest day.

    ``cents`` is what is left to pay of them, and ``oldest_on`` the oldest due date.
    """
    columns = (
        Invoice.currency,
        func.count().label("count"),
        func.sum(_BALANCE).label("cents"),
        func.min(Invoice.due_on).label("oldest_on"),
    )
    query = select(*columns).where(_IS_OPEN, Invoice.due_on < on)
    return db.session.execute(query.group_by(Invoice.currency).order_by(Invoice.currency)).all()


def _is_about(word: SearchWord) -> ColumnElement[bool]:
    sought = fold(word.text)
    conditions = [
        folded(column).contains(sought, autoescape=True)
        for column in (Invoice.number, func.coalesce(Order.reference, ""), Service.label, Client.name)
    ]
    if word.cents is not None:
        conditions.append(or_(*(amount == word.cents for amount in (_BALANCE, Invoice.total_cents))))
    return or_(*conditions)


def _page(condition: ColumnElement[bool], page: int) -> Pagination:
    query: Select[Any] = (
        select(Invoice)
        .join(Invoice.service)
        .join(Invoice.client)
        .outerjoin(Invoice.order)
        .options(
            contains_eager(Invoice.service).joinedload(Service.plan).joinedload(Plan.group),
            contains_eager(Invoice.client),
            contains_eager(Invoice.order),
        )
        .where(condition)
    )
    return page_of(query.order_by(Invoice.due_on, Invoice.id), page)
