"""Documents of a client: invoices and credit notes in one list, newest first."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import CompoundSelect, Date, Select, case, literal, null, select, type_coerce, union_all

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.paging import rows_of
from kajoom.models.service import Service


class Document(Protocol):
    """A row of the list. ``kind`` and ``status`` are those of an invoice, ``None`` for a credit note.

    ``cents`` is the total, taxes included, and ``balance_cents`` what is to be paid by ``due_on``.
    """

    number: str
    kind: InvoiceKind | None
    status: InvoiceStatus | None
    issued_on: date
    due_on: date | None
    cents: int
    balance_cents: int
    currency: str
    label: str


def documents_of(client_id: int, page: int) -> Pagination:
    """Return a page of the client's invoices and credit notes; of one day, the credit notes come first."""
    return rows_of(_newest_first(client_id), page)


def latest_documents_of(client_id: int, limit: int) -> list[Document]:
    """Return the newest invoices and credit notes of a client, at most ``limit``, as ``documents_of`` orders them."""
    rows: list[Any] = list(db.session.execute(_newest_first(client_id).limit(limit)))
    return rows


def _newest_first(client_id: int) -> CompoundSelect[Any]:
    query = union_all(_invoices(client_id), _credit_notes(client_id))
    columns = query.selected_columns
    return query.order_by(columns.issued_on.desc(), columns.place, columns.row_id.desc())


def _invoices(client_id: int) -> Select[Any]:
    balance = Invoice.total_cents - Invoice.credit_cents - Invoice.paid_cents
    return _of_client(
        Invoice.number,
        Invoice.kind,
        Invoice.status,
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.total_cents.label("cents"),
        case((Invoice.status == InvoiceStatus.OPEN, balance), else_=0).label("balance_cents"),
        Invoice.currency,
        Service.label,
        literal(1).label("place"),
        Invoice.id.label("row_id"),
    ).where(Invoice.client_id == client_id)


def _credit_notes(client_id: int) -> Select[Any]:
    query = _of_client(
        CreditNote.number,
        type_coerce(null(), Invoice.kind.type).label("kind"),
        type_coerce(null(), Invoice.status.type).label("status"),
        CreditNote.issued_on,
        type_coerce(null(), Date).label("due_on"),
        CreditNote.total_cents.label("cents"),
        literal(0).label("balance_cents"),
        CreditNote.currency,
        Service.label,
        literal(0).label("place"),
        CreditNote.id.label("row_id"),
    )
    return query.join(CreditNote, CreditNote.invoice_id == Invoice.id).where(CreditNote.client_id == client_id)


def _of_client(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(Invoice).join(Service, Service.id == Invoice.service_id)
