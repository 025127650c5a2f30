"""Issuing and voiding invoices, within the transaction of the operation that needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from kajoom.domain.audit import APPLICATION, Act
from kajoom.domain.catalog import Catalog, Translated
from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceKind, InvoiceNumbering, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import CLIENT
from kajoom.domain.quote import Line, LineCode
from kajoom.domain.tax import TaxLine, TaxName
from kajoom.models.audit import record_act
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.credit_note import CreditNote
from kajoom.models.day import local_day
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, numbers_in_a_row
from kajoom.models.types import LineJson, TaxJson

_ACTORS = {InvoiceKind.CHANGE: CLIENT, InvoiceKind.RENEWAL: APPLICATION}
"""Who has an invoice issued."""


def lines_to_json(
    lines: Iterable[Line], names: tuple[Translated, Translated], whole: Money | None = None
) -> list[LineJson]:
    """A quote's lines as an invoice stores them, with the ``names`` of the plans before and after, and the dates.

    ``whole`` is the difference for one full period, of which a prorated line is a share.
    """
    return [
        {
            "code": line.code,
            "cents": line.amount.cents,
            "params": {
                "before": dict(names[0]),
                "after": dict(names[1]),
                "start": line.period.start.isoformat() if line.period else None,
                "last": (line.period.end - timedelta(days=1)).isoformat() if line.period else None,
                "days": line.days,
                "of_days": line.of_days,
                "cycles_ahead": line.cycles_ahead,
                "whole": whole.cents if whole and line.code is LineCode.DIFFERENCE else None,
            },
        }
        for line in lines
    ]


def taxes_to_json(taxes: Iterable[TaxLine], seller: Mapping[str, Any]) -> list[TaxJson]:
    """Each tax with its rate, its amount and the number under which the seller collects it."""
    return [
        {
            "name": tax.name,
            "percent": tax.percent,
            "cents": tax.amount.cents,
            "number": seller.get("qst_number" if tax.name is TaxName.QST else "gst_number", ""),
        }
        for tax in taxes
    ]


def draft(
    client: Client,
    kind: InvoiceKind,
    *,
    service_id: int,
    order_id: int | None,
    lines: list[LineJson],
    taxes: list[TaxJson],
    total: Money,
    on: date,
    due_on: date,
    catalog: Catalog,
    period: tuple[date, date] | None = None,
) -> Invoice:
    """An invoice of ``total`` (taxes included) as it will be issued, without a number; nothing is written.

    ``catalog`` names the seller.
    """
    return Invoice(
        kind=kind,
        status=InvoiceStatus.OPEN,
        client_id=client.id,
        service_id=service_id,
        order_id=order_id,
        issued_on=on,
        due_on=due_on,
        **_period(period),
        taxes=taxes,
        seller=dict(catalog.seller),
        locale=client.locale,
        buyer=_buyer(client),
        **_amounts(lines, total),
    )


def issue_drafts(drafts: Sequence[Invoice], catalog: Catalog, on: date, at: datetime) -> None:
    """Add drafts to the current transaction; those without a number get the next ones, in their order."""
    unnumbered = [each for each in drafts if not each.number]
    if unnumbered:
        values = numbers_in_a_row(*series_of(catalog.numbering, on), len(unnumbered))
        for invoice, value in zip(unnumbered, values, strict=True):
            invoice.number = invoice_number(catalog.numbering, on, value)
    db.session.add_all(drafts)
    db.session.flush()  # assigns the ids that credit entries and messages refer to
    for invoice in drafts:
        actor = _ACTORS[invoice.kind]
        record_act(Act.INVOICE_ISSUED, actor, at, client_id=invoice.client_id, subject=invoice)


def _period(period: tuple[date, date] | None) -> dict[str, date | None]:
    start, end = period or (None, None)
    return {"period_start": start, "period_end": end}


def _amounts(lines: list[LineJson], total: Money) -> dict[str, Any]:
    """The lines and the amounts of an invoice of which nothing is paid."""
    subtotal = sum(line["cents"] for line in lines)
    cents = {"subtotal_cents": subtotal, "total_cents": total.cents, "credit_cents": 0, "paid_cents": 0}
    return {"lines": lines, "currency": total.currency, **cents}


def series_of(numbering: InvoiceNumbering | None, on: date) -> tuple[str, int]:
    """The series of the numbers of invoices, with the first of them: the year's, or that of the host's own prefix."""
    return (f"invoice-{on.year}", 1) if numbering is None else (f"invoice:{numbering.prefix}", numbering.start)


def invoice_number(numbering: InvoiceNumbering | None, on: date, value: int) -> str:
    """A number of ``series_of`` as an invoice shows it."""
    return f"{on.year}-{value:04d}" if numbering is None else f"{numbering.prefix}{value}"


def _buyer(client: Client) -> dict[str, Any]:
    """The client as documents name them, with the province whose taxes apply, or why they are exempt from taxes."""
    details = {"name": client.name, "company": client.company, "address": client.address, "email": client.email}
    return {**details, "province": client.tax_province, "tax_exempt": client.tax_exempt}


def apply_credit(invoice: Invoice, amount: Money, at: datetime) -> None:
    """Apply account credit to an invoice. The caller has locked the client, so that the balance is not spent twice."""
    if amount:
        # The amount applied before makes each application's key its own, and the same application sent twice the same.
        key = f"invoice-{invoice.number}-applied-{invoice.credit_cents}"
        invoice.credit_cents += amount.cents
        move_credit(invoice, -amount, CreditReason.APPLIED, key, at)
    if not invoice.balance:
        invoice.status = InvoiceStatus.PAID


def void(invoice: Invoice, at: datetime) -> None:
    """Void an invoice and return what was paid or credited on it as account credit."""
    spent = Money(invoice.credit_cents + invoice.paid_cents, invoice.currency)
    invoice.status, invoice.voided_on = InvoiceStatus.VOID, max(invoice.issued_on, local_day(at))
    record_act(Act.INVOICE_VOIDED, APPLICATION, at, client_id=invoice.client_id, subject=invoice)
    if spent:
        move_credit(invoice, spent, CreditReason.GIVEN_BACK, f"invoice-{invoice.number}-given-back", at)


def move_credit(
    invoice: Invoice, amount: Money, reason: CreditReason, key: str, at: datetime, note: CreditNote | None = None
) -> None:
    """Add a movement of account credit caused by an invoice, or by a credit ``note`` of it.

    ``key`` is unique, so that it is added once.
    """
    db.session.add(
        CreditEntry(
            key=key,
            client_id=invoice.client_id,
            cents=amount.cents,
            currency=amount.currency,
            reason=reason,
            invoice_id=invoice.id,
            credit_note_id=note.id if note is not None else None,
            at=at,
        )
    )
