"""A client's account credit as managers see it, and what may be refunded, in three statements whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import contains_eager, joinedload

from kajoom.domain.catalog import Catalog
from kajoom.domain.money import Money
from kajoom.domain.payment_method import PaymentMethod
from kajoom.domain.refund import OPEN, REFUNDABLE, refund_shares
from kajoom.models.catalog import CatalogVersion, catalog
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry, balances_in, balances_text
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Payment
from kajoom.models.refund import RefundAttempt, refundable_payments

MOST = 50
"""How many movements and invoices the page shows, the newest first."""


@dataclass(frozen=True, slots=True)
class InvoiceRefund:
    """What may be refunded of an invoice, and the refunds that were asked for, the oldest first.

    ``parts`` are the amounts by provider that a refund would send back now; ``credit`` is what came of the invoice and
    is not spent. ``offline`` is the method by which it was paid when no provider carries it: staff send that back.
    """

    invoice: Invoice
    credit: Money
    parts: Sequence[tuple[str, Money]]
    refunds: Sequence[RefundAttempt]
    offline: PaymentMethod | None

    @property
    def is_open(self) -> bool:
        """Whether a refund is not settled: the next one waits for it."""
        return any(each.status in OPEN for each in self.refunds)

    @property
    def total(self) -> Money:
        """What a refund would send back now."""
        return sum((amount for _, amount in self.parts), start=self.credit.zero())


@dataclass(frozen=True, slots=True)
class ClientCredit:
    """A client, the balances that are not zero, the newest movements, and what may be refunded.

    ``seen`` is the id of the newest movement, 0 for none: whoever decides from this page sends it back.
    """

    client: Client
    balances: Mapping[str, Money]
    movements: Sequence[CreditEntry]
    invoices: Sequence[InvoiceRefund]
    catalog: Catalog

    @property
    def seen(self) -> int:
        """The newest movement."""
        return self.movements[0].id if self.movements else 0

    @property
    def currencies(self) -> list[str]:
        """The currencies in which credit can be given, the client's own first."""
        sold = {currency for plan in self.catalog.plans.values() for _, currency in plan.prices}
        own = [entry.currency for entry in self.movements]
        return list(dict.fromkeys([*self.balances, *own, *sorted(sold)])) or ["CAD"]


def client_credit_of(client_id: int, offered: Collection[str]) -> ClientCredit | None:
    """Return a client's account credit; ``None`` for an unknown id and for a member of staff.

    ``offered`` are the providers through which a refund can be made.
    """
    movements = _movements(client_id)  # before the balances, which may only be newer than ``seen``
    version = select(CatalogVersion.version).scalar_subquery()
    query = select(Client, balances_text(client_id), version).where(Client.id == client_id, Client.role == "")
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    client, credit, number = row
    balances, current = balances_in(credit), catalog(number or 0)
    invoices = [_refund_of(each, balances, offered, current) for each in _paid_invoices(client_id)]
    return ClientCredit(client, balances, movements, invoices, current)


def _movements(client_id: int) -> list[CreditEntry]:
    documents = joinedload(CreditEntry.invoice), joinedload(CreditEntry.credit_note)
    of_client = select(CreditEntry).options(*documents).where(CreditEntry.client_id == client_id)
    return list(db.session.scalars(of_client.order_by(CreditEntry.id.desc()).limit(MOST + 1)))


@dataclass(slots=True)
class _PaidInvoice:
    """An invoice of which credit came, with its payments and their refunds, the latest payment first."""

    invoice: Invoice
    cents: int
    payments: dict[int, Payment]
    refunds: dict[int, RefundAttempt]


def _credit_by_invoice(client_id: int) -> Subquery:
    """The credit that came of each invoice, less what was refunded; the latest invoices."""
    cents = func.sum(CreditEntry.cents)
    query = select(CreditEntry.invoice_id, cents.label("cents")).where(
        CreditEntry.client_id == client_id, CreditEntry.invoice_id.is_not(None), CreditEntry.reason.in_(REFUNDABLE)
    )
    return query.group_by(CreditEntry.invoice_id).order_by(CreditEntry.invoice_id.desc()).limit(MOST).subquery()


def _paid_invoices(client_id: int) -> list[_PaidInvoice]:
    credit = _credit_by_invoice(client_id)
    query: Any = (
        select(Invoice, credit.c.cents, Payment, RefundAttempt)
        .join(credit, credit.c.invoice_id == Invoice.id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .outerjoin(RefundAttempt, RefundAttempt.payment_id == Payment.id)
        .options(contains_eager(Payment.invoice), joinedload(Invoice.service))
        .order_by(Invoice.id.desc(), Payment.id.desc(), RefundAttempt.id)
    )
    found: dict[int, _PaidInvoice] = {}
    for invoice, cents, payment, refund in db.session.execute(query):
        each = found.setdefault(invoice.id, _PaidInvoice(invoice, int(cents), {}, {}))
        each.payments[payment.id] = payment
        if refund is not None:
            each.refunds[refund.id] = refund
    return list(found.values())


def _refund_of(
    paid: _PaidInvoice, balances: Mapping[str, Money], offered: Collection[str], current: Catalog
) -> InvoiceRefund:
    currency = paid.invoice.currency
    credit = min(Money(max(paid.cents, 0), currency), balances.get(currency, Money(0, currency)))
    payments, refunds = list(paid.payments.values()), list(paid.refunds.values())
    shares = refund_shares(credit, refundable_payments(payments, refunds), offered)
    method = current.payment_methods.get(payments[0].provider)
    return InvoiceRefund(
        invoice=paid.invoice,
        credit=credit,
        parts=[(payment.provider, amount) for payment, amount in shares],
        refunds=sorted(refunds, key=lambda each: each.id),
        offline=method if method is not None and method.is_offline and not shares else None,
    )
