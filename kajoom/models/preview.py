"""What was added to the database since a moment within the same transaction: invoices, and e-mails to be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.service import Service


@dataclass(frozen=True, slots=True)
class PreviewedInvoice:
    """An invoice that would be issued: for which service and client, the period it covers, and what is to be paid."""

    service: str
    label: str
    email: str
    period_start: date | None
    period_end: date | None
    due_on: date
    total_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class BillPreview:
    """The invoices that would be issued, and how many e-mails of each kind would be written."""

    invoices: Sequence[PreviewedInvoice]
    emails: Counter[str]

    def totals(self) -> dict[str, int]:
        """The sum of the totals in cents, by currency."""
        totals: Counter[str] = Counter()
        for invoice in self.invoices:
            totals[invoice.currency] += invoice.total_cents
        return dict(totals)


class NewestRows(NamedTuple):
    """The highest ids of invoices and of messages."""

    invoice: int
    message: int


def newest_rows() -> NewestRows:
    """Return the highest ids that exist, 0 without any."""
    return NewestRows(*(db.session.scalar(select(func.max(model.id))) or 0 for model in (Invoice, Message)))


def added_since(newest: NewestRows) -> BillPreview:
    """Return the invoices and the e-mails that were added since."""
    loads = joinedload(Invoice.service).joinedload(Service.client)
    query = select(Invoice).where(Invoice.id > newest.invoice).options(loads).order_by(Invoice.id)
    rows = db.session.scalars(select(Message.ids).where(Message.id > newest.message, Message.kind == "email"))
    return BillPreview(
        [_previewed(invoice) for invoice in db.session.scalars(query)], Counter(ids["email"] for ids in rows)
    )


def _previewed(invoice: Invoice) -> PreviewedInvoice:
    service = invoice.service
    return PreviewedInvoice(
        service.external_id,
        service.label,
        service.client.email,
        invoice.period_start,
        invoice.period_end,
        invoice.due_on,
        invoice.total_cents,
        invoice.currency,
    )
