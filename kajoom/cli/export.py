"""``flask export``: documents, payments and account credit of a period as CSV, for bookkeeping."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.bill import YEARS
from kajoom.cli.ledger import DAY
from kajoom.domain.money import Money
from kajoom.domain.tax import TaxName
from kajoom.models.db import begin_mode
from kajoom.models.export_documents import DocumentRow, documents_in
from kajoom.models.export_money import CreditRow, PaymentRow, credit_in, payments_in
from kajoom.models.export_period import Period

Cell = str | date | Money

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""

_DOCUMENTS = ("number", "kind", "date", "client", "province", "lines", "GST", "QST", "HST", "total", "paid", "method",
              "currency")  # fmt: skip
_PAYMENTS = ("date", "kind", "method", "reference", "invoice", "client", "amount", "currency", "recorded_by")
_CREDIT = ("date", "client", "reason", "document", "amount", "currency", "note")


@click.group()
def export() -> None:
    """Write the documents, payments or account credit of a period as CSV."""


_first_day = click.option("--from", "first", type=DAY, required=True, help="The first day, like 2026-11-01.")
_last_day = click.option("--to", "last", type=DAY, required=True, help="The last day, included.")


@export.command("documents")
@_first_day
@_last_day
@with_appcontext
def documents(first: datetime, last: datetime) -> None:
    """Invoices, voids and credit notes; the taxes of a period are the sum of its documents.

    An invoice stands on its day of issue; once it is void it also stands, negative, on the day of the void.
    """
    _write(_DOCUMENTS, map(_document_cells, documents_in(_period(first, last))))


@export.command("payments")
@_first_day
@_last_day
@with_appcontext
def payments(first: datetime, last: datetime) -> None:
    """Payments received, and refunds as negative amounts on the day they were made."""
    _write(_PAYMENTS, map(_payment_cells, payments_in(_period(first, last))))


@export.command("credit")
@_first_day
@_last_day
@with_appcontext
def credit(first: datetime, last: datetime) -> None:
    """History of the clients' account credit; what was used is negative."""
    _write(_CREDIT, map(_credit_cells, credit_in(_period(first, last))))


def _period(first: datetime, last: datetime) -> Period:
    start, end = first.date(), last.date()
    for day, option in ((start, "--from"), (end, "--to")):
        if day.year not in YEARS:
            raise click.BadParameter(f"{day.isoformat()} is outside the years of billing", param_hint=option)
    if end < start:
        raise click.BadParameter(f"{end.isoformat()} is before {start.isoformat()}", param_hint="--to")
    return Period(start, end, clock.at_local_time(start, 0), clock.at_local_time(end + timedelta(days=1), 0))


def _document_cells(row: DocumentRow) -> Iterable[Cell]:
    taxes: list[Cell] = [row.taxes.get(name, row.total.zero()) for name in (TaxName.GST, TaxName.QST, TaxName.HST)]
    amounts = (row.lines, *taxes, row.total, row.paid)
    return (row.number, row.kind, row.on, row.client, row.province, *amounts, row.method, row.total.currency)


def _payment_cells(row: PaymentRow) -> Iterable[Cell]:
    day, currency = clock.local(row.at).date(), row.amount.currency
    return (day, row.kind, row.method, row.reference, row.invoice, row.client, row.amount, currency, row.actor)


def _credit_cells(row: CreditRow) -> Iterable[Cell]:
    day = clock.local(row.at).date()
    return (day, row.client, row.reason, row.document, row.amount, row.amount.currency, row.note)


def _write(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> None:
    """Write rows as they are read, in one read-only transaction."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    with begin_mode(read_only=True):
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(cell) for cell in row])


def _cell(cell: Cell) -> str:
    """A cell as text: a text that a spreadsheet would calculate begins with an apostrophe; an amount stays a number."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return str(cell)
