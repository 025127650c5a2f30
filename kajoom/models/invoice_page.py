"""An invoice as its page shows it: with its payments, and what is needed to offer ways to pay it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from kajoom.domain.catalog import Catalog
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.money import Money
from kajoom.domain.refund import RefundStatus
from kajoom.models.catalog import CatalogVersion, catalog
from kajoom.models.credit import credit_cents_of
from kajoom.models.credit_note import credit_note_numbers, credited_cents
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.payment import Attempt, Payment, id_of_last_attempt, payments_of
from kajoom.models.refund import RefundAttempt, refunds_of


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """An invoice with its service and order, the last attempt to pay it, its payments and their refunds.

    ``refunds`` leaves out the refused ones. ``credit`` is the client's account credit in the invoice's currency.
    ``credit_notes`` are the numbers of those that correct the invoice, ``credited`` their amount, taxes included.
    """

    invoice: Invoice
    attempt: Attempt | None
    payments: list[Payment]
    refunds: list[RefundAttempt]
    catalog: Catalog
    credit: Money
    credit_notes: list[str]
    credited: Money

    @property
    def change(self) -> Order | None:
        """The change of plan that the invoice is for, ``None`` for a renewal."""
        return self.invoice.order if self.invoice.kind is InvoiceKind.CHANGE else None


# Bound parameters, so that the statement is built, and its parts are hashed, once.
_INVOICE_PAGE = (
    select(
        Invoice,
        Attempt,
        select(CatalogVersion.version).scalar_subquery(),
        credit_cents_of(Invoice.client_id, Invoice.currency),
        credit_note_numbers(Invoice.id),
        credited_cents(Invoice.id),
    )
    .select_from(Invoice)
    .outerjoin(Attempt, Attempt.id == id_of_last_attempt(Invoice.id))
    .options(joinedload(Invoice.service), joinedload(Invoice.order))
    .where(Invoice.client_id == bindparam("client_id"), Invoice.number == bindparam("number"))
)


def invoice_page_of(client_id: int, number: str) -> InvoicePage | None:
    """Return the client's invoice with this number, or ``None``."""
    row = db.session.execute(_INVOICE_PAGE, {"client_id": client_id, "number": number}).one_or_none()
    if row is None:
        return None
    invoice, attempt, version, credit_cents, credit_notes, credited = row
    payments = payments_of(invoice.id)
    refunds = refunds_of(invoice.id) if payments else []
    return InvoicePage(
        invoice=invoice,
        attempt=attempt,
        payments=payments,
        refunds=[refund for refund in refunds if refund.status is not RefundStatus.REFUSED],
        catalog=catalog(version or 0),
        credit=Money(credit_cents, invoice.currency),
        credit_notes=sorted((credit_notes or "").split()),
        credited=Money(credited, invoice.currency),
    )
