"""Documents for bookkeeping: every invoice, void and credit note of a period, streamed in the order of their days."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.payment_method import ACCOUNT_CREDIT
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.export_period import Period, rows_in_chunks
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Payment
from kajoom.models.types import TaxJson


class DocumentKind(StrEnum):
    """What a row is: an invoice on its day of issue, its void on the day of the void, or a credit note."""

    INVOICE = "invoice"
    VOID = "void"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document of the period; the amounts of a void and of a credit note are negative.

    ``lines`` is the amount before tax and ``taxes`` have their amounts by name. ``paid`` is what was received and
    applied of it by the end of the period, and ``method`` how, account credit included.
    """

    number: str
    kind: DocumentKind
    on: date
    client: str
    province: str
    lines: Money
    taxes: Mapping[str, Money]
    total: Money
    paid: Money
    method: str


@dataclass(slots=True)
class _Paid:
    """What was received for an invoice: account credit, then payments by method in the order of their receipt."""

    credit: int = 0
    payments: list[tuple[str, int]] = field(default_factory=list)


_DOCUMENT = (Client.province, Client.country)


def documents_in(period: Period) -> Iterator[DocumentRow]:
    """The documents of a period: by day, invoices first, then voids, then credit notes, each in order of issue."""
    streams = (_issued(period), _voided(period), _credited(period))
    for _, row in heapq.merge(*streams, key=lambda each: each[0]):
        yield row


_Ordered = Iterator[tuple[tuple[date, int, int], DocumentRow]]


def _issued(period: Period) -> _Ordered:
    query = _of_invoices().where(Invoice.issued_on.between(period.first, period.last))
    for rows in rows_in_chunks(query.order_by(Invoice.issued_on, Invoice.id)):
        paid = _paid_by([row.id for row in rows], period.end)
        for row in rows:
            # No more than was applied: what came too late, or too much, became account credit.
            applied, method = _applied(paid[row.id], row.credit_cents + row.paid_cents)
            document = _document(row, DocumentKind.INVOICE, row.issued_on, 1, applied, method)
            yield (row.issued_on, 0, row.id), document


def _voided(period: Period) -> _Ordered:
    query = _of_invoices().where(Invoice.voided_on.between(period.first, period.last))
    for rows in rows_in_chunks(query.order_by(Invoice.voided_on, Invoice.id)):
        for row in rows:
            given_back = row.credit_cents + row.paid_cents
            method = ACCOUNT_CREDIT if given_back else ""
            document = _document(row, DocumentKind.VOID, row.voided_on, -1, -given_back, method)
            yield (row.voided_on, 1, row.id), document


def _credited(period: Period) -> _Ordered:
    columns = (
        CreditNote.id, CreditNote.number, CreditNote.issued_on, CreditNote.currency, CreditNote.subtotal_cents,
        CreditNote.total_cents, CreditNote.taxes, CreditNote.buyer, *_DOCUMENT,
    )  # fmt: skip
    query = select(*columns).join(Client, Client.id == CreditNote.client_id)
    query = query.where(CreditNote.issued_on.between(period.first, period.last))
    for rows in rows_in_chunks(query.order_by(CreditNote.issued_on, CreditNote.id)):
        for row in rows:
            document = _document(row, DocumentKind.CREDIT_NOTE, row.issued_on, 1, row.total_cents, ACCOUNT_CREDIT)
            yield (row.issued_on, 2, row.id), document


def _of_invoices() -> Select[Any]:
    columns = (
        Invoice.id, Invoice.number, Invoice.issued_on, Invoice.voided_on, Invoice.currency, Invoice.subtotal_cents,
        Invoice.total_cents, Invoice.credit_cents, Invoice.paid_cents, Invoice.taxes, Invoice.buyer, *_DOCUMENT,
    )  # fmt: skip
    return select(*columns).join(Client, Client.id == Invoice.client_id)


def _document(row: Any, kind: DocumentKind, on: date, sign: int, paid_cents: int, method: str) -> DocumentRow:
    taxes: Iterable[TaxJson] = row.taxes
    return DocumentRow(
        number=row.number,
        kind=kind,
        on=on,
        client=row.buyer["company"] or row.buyer["name"],
        # Documents older than this column have none: the client's province stands for it.
        province=row.buyer.get("province", row.province if row.country == "CA" else ""),
        lines=Money(sign * row.subtotal_cents, row.currency),
        taxes={tax["name"]: Money(sign * tax["cents"], row.currency) for tax in taxes},
        total=Money(sign * row.total_cents, row.currency),
        paid=Money(paid_cents, row.currency),
        method=method,
    )


def _paid_by(invoice_ids: Collection[int], end: datetime) -> Mapping[int, _Paid]:
    """What was received for each invoice before ``end``."""
    paid: dict[int, _Paid] = defaultdict(_Paid)
    applied = select(CreditEntry.invoice_id, CreditEntry.cents).where(
        CreditEntry.invoice_id.in_(invoice_ids), CreditEntry.reason == CreditReason.APPLIED, CreditEntry.at < end
    )
    for invoice_id, cents in db.session.execute(applied):
        paid[invoice_id or 0].credit -= cents
    received = select(Payment.invoice_id, Payment.provider, Payment.cents).where(
        Payment.invoice_id.in_(invoice_ids), Payment.received_at < end
    )
    for invoice_id, provider, cents in db.session.execute(received.order_by(Payment.received_at, Payment.id)):
        paid[invoice_id].payments.append((provider, cents))
    return paid


def _applied(paid: _Paid, limit: int) -> tuple[int, str]:
    """What was applied, at most ``limit``, and by which methods."""
    sources = [(ACCOUNT_CREDIT, paid.credit)] if paid.credit else []
    cents, methods = 0, list[str]()
    for method, amount in (*sources, *paid.payments):
        if cents < limit:
            cents, methods = min(cents + amount, limit), [*methods, method]
    return cents, "+".join(dict.fromkeys(methods))
