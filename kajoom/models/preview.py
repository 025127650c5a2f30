"""What was added to the database since a moment within the same transaction: invoices, and e-mails to be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.task import Task


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
    """The invoices that would be issued, and how many e-mails of each kind would be written.

    ``others`` counts what else would begin: credit notes, tasks of staff, and what is asked of panels by its kind.
    """

    invoices: Sequence[PreviewedInvoice]
    emails: Counter[str]
    others: Counter[str] = field(default_factory=Counter)

    def totals(self) -> dict[str, int]:
        """The sum of the totals in cents, by currency."""
        totals: Counter[str] = Counter()
        for invoice in self.invoices:
            totals[invoice.currency] += invoice.total_cents
        return dict(totals)


class NewestRows(NamedTuple):
    """The highest ids of invoices, messages, credit notes and tasks."""

    invoice: int
    message: int
    credit_note: int
    task: int


_MODELS = (Invoice, Message, CreditNote, Task)


def newest_rows() -> NewestRows:
    """Return the highest ids that exist, 0 without any."""
    return NewestRows(*(db.session.scalar(select(func.max(model.id))) or 0 for model in _MODELS))


def added_since(newest: NewestRows) -> BillPreview:
    """Return what was added since."""
    loads = joinedload(Invoice.service).joinedload(Service.client)
    query = select(Invoice).where(Invoice.id > newest.invoice).options(loads).order_by(Invoice.id)
    rows = db.session.execute(select(Message.kind, Message.ids).where(Message.id > newest.message)).all()
    others = Counter(row.kind for row in rows if row.kind != "email")
    for name, model, since in (("credit note", CreditNote, newest.credit_note), ("task", Task, newest.task)):
        others[name] = db.session.scalar(select(func.count()).select_from(model).where(model.id > since)) or 0
    return BillPreview(
        [_previewed(invoice) for invoice in db.session.scalars(query)],
        Counter(row.ids["email"] for row in rows if row.kind == "email"),
        +others,
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
