"""The clients who have account credit, and the latest refunds, as managers look for them."""

from __future__ import annotations

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from kajoom.domain.money import Money
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.paging import rows_of
from kajoom.models.payment import Payment
from kajoom.models.refund import IS_OPEN_REFUND, RefundAttempt

LATEST_REFUNDS = 20
"""The most refunds that the page shows."""


def clients_with_credit(page: int) -> Pagination:
    """A page of rows of client and balance (``id``, ``name``, ``email``, ``currency``, ``cents``, ``moved_at``).

    There is one for each currency, the one that moved last first.
    """
    total = func.sum(CreditEntry.cents)
    balances = (
        select(
            CreditEntry.client_id,
            CreditEntry.currency,
            total.label("cents"),
            func.max(CreditEntry.id).label("newest"),
            func.max(CreditEntry.at).label("moved_at"),
        )
        .group_by(CreditEntry.client_id, CreditEntry.currency)
        .having(total != 0)
        .subquery()
    )
    columns = (Client.id, Client.name, Client.email, balances.c.currency, balances.c.cents, balances.c.moved_at)
    query = select(*columns).join(balances, balances.c.client_id == Client.id)
    return rows_of(query.order_by(balances.c.newest.desc()), page)


def total_credit() -> list[Money]:
    """All the account credit of all clients, in each currency in which there is any."""
    total = func.sum(CreditEntry.cents)
    query = select(CreditEntry.currency, total).group_by(CreditEntry.currency).having(total != 0)
    return [Money(int(cents), code) for code, cents in db.session.execute(query.order_by(CreditEntry.currency))]


def latest_refunds() -> list[RefundAttempt]:
    """The refunds that are not settled, then the latest ones, with their invoices and clients."""
    newest = select(RefundAttempt.id).order_by(RefundAttempt.id.desc()).limit(LATEST_REFUNDS).subquery()
    listed = select(RefundAttempt.id).where(IS_OPEN_REFUND).union_all(select(newest.c.id))
    query = (
        select(RefundAttempt)
        .join(RefundAttempt.payment)
        .join(Payment.invoice)
        .join(Invoice.client)
        .options(contains_eager(RefundAttempt.payment).contains_eager(Payment.invoice).contains_eager(Invoice.client))
        .where(RefundAttempt.id.in_(listed))
        .order_by(~IS_OPEN_REFUND, RefundAttempt.id.desc())
    )
    return list(db.session.scalars(query.limit(LATEST_REFUNDS)))
