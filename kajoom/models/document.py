"""Documents of a client: invoices and credit notes in one list, newest first."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import (
    CompoundSelect,
    Date,
    Select,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, unpaid_cents
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.paging import PER_PAGE, is_whole_list
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


class DocumentPages(Pagination):
    """The pages of a client's documents; ``client_id`` is given with ``page`` and ``per_page``."""

    def _query_items(self) -> list[Document]:
        return latest_documents_of(self._query_args["client_id"], self.per_page, self._query_offset)

    def _query_count(self) -> int:
        if is_whole_list(self):
            return len(self.items)
        counted = select(func.count()).select_from(_of_both().subquery())
        return db.session.execute(counted, {"client_id": self._query_args["client_id"]}).scalar_one()


def documents_of(client_id: int, page: int) -> DocumentPages:
    """Return a page of the client's invoices and credit notes; of one day, the credit notes come first."""
    return DocumentPages(page=page, per_page=PER_PAGE, max_per_page=PER_PAGE, client_id=client_id)


def latest_documents_of(client_id: int, limit: int, offset: int = 0) -> list[Document]:
    """Return ``limit`` invoices and credit notes of a client, newest first, without the newest ``offset``."""
    return _KEPT_PAGE.rows(client_id=client_id, limit=limit, offset=offset)


def _of_both() -> CompoundSelect[Any]:
    return union_all(_invoices(), _credit_notes())


def _invoices() -> Select[Any]:
    return _of_client(
        Invoice.number,
        Invoice.kind,
        Invoice.status,
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.total_cents.label("cents"),
        case((Invoice.status == InvoiceStatus.OPEN, unpaid_cents(Invoice)), else_=0).label("balance_cents"),
        Invoice.currency,
        Service.label,
        literal(1).label("place"),
        Invoice.id.label("row_id"),
    ).where(Invoice.client_id == bindparam("client_id"))


def _credit_notes() -> Select[Any]:
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
    of_client = CreditNote.client_id == bindparam("client_id")
    return query.join(CreditNote, CreditNote.invoice_id == Invoice.id).where(of_client)


def _of_client(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(Invoice).join(Service, Service.id == Invoice.service_id)


def _page() -> CompoundSelect[Any]:
    query = _of_both()
    columns = query.selected_columns
    newest_first = query.order_by(columns.issued_on.desc(), columns.place, columns.row_id.desc())
    return newest_first.limit(bindparam("limit")).offset(bindparam("offset"))


_PAGE = _page()
_KEPT_PAGE = KeptStatement(lambda: _PAGE)
