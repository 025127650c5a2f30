"""Exports for bookkeeping: the documents, payments or account credit of a period as CSV, and who has asked for one."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from kajoom.domain.audit import Act
from kajoom.domain.money import Money
from kajoom.domain.tax import TaxName
from kajoom.models.audit import record_act
from kajoom.models.day import local_day
from kajoom.models.export_documents import DocumentRow, documents_in
from kajoom.models.export_money import CreditRow, PaymentRow, credit_in, payments_in
from kajoom.models.export_period import Period
from kajoom.operations.transaction import transactional

Cell = str | date | Money

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""


class ExportKind(StrEnum):
    """What an export lists."""

    DOCUMENTS = "documents"
    PAYMENTS = "payments"
    CREDIT = "credit"


class _File(Protocol):
    """A text file to write to."""

    def write(self, text: str, /) -> Any: ...


class _Export(NamedTuple):
    """The columns of an export, its rows of a period, and the cells of a row."""

    columns: tuple[str, ...]
    rows: Callable[[Period], Iterable[Any]]
    cells: Callable[[Any], Iterable[Cell]]


@transactional
def record_export(kind: ExportKind, period: Period, actor: str, at: datetime) -> None:
    """Record in the audit that somebody exports a period; before the rows are read, so that none leaves unnoticed."""
    record_act(Act.LEDGER_EXPORTED, actor, at, subject=f"{kind} {period.first}/{period.last}")


@transactional(read_only=True)
def write_export(kind: ExportKind, period: Period, file: _File) -> None:
    """Write the rows of a period as they are read.

    A text that a spreadsheet would calculate begins with an apostrophe; an amount stays a number.
    """
    export = _EXPORTS[kind]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(export.columns)
    for row in export.rows(period):
        writer.writerow([_cell(cell) for cell in export.cells(row)])


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return str(cell)


def _document_cells(row: DocumentRow) -> Iterable[Cell]:
    taxes: list[Cell] = [row.taxes.get(name, row.total.zero()) for name in (TaxName.GST, TaxName.QST, TaxName.HST)]
    amounts = (row.lines, *taxes, row.total, row.paid)
    return (row.number, row.kind, row.on, row.client, row.province, *amounts, row.method, row.total.currency)


def _payment_cells(row: PaymentRow) -> Iterable[Cell]:
    day, currency = local_day(row.at), row.amount.currency
    return (day, row.kind, row.method, row.reference, row.invoice, row.client, row.amount, currency, row.actor)


def _credit_cells(row: CreditRow) -> Iterable[Cell]:
    day = local_day(row.at)
    return (day, row.client, row.reason, row.document, row.amount, row.amount.currency, row.note)


_EXPORTS = {
    ExportKind.DOCUMENTS: _Export(
        ("number", "kind", "date", "client", "province", "lines", "GST", "QST", "HST", "total", "paid", "method",
         "currency"),
        documents_in,
        _document_cells,
    ),
    ExportKind.PAYMENTS: _Export(
        ("date", "kind", "method", "reference", "invoice", "client", "amount", "currency", "recorded_by"),
        payments_in,
        _payment_cells,
    ),
    ExportKind.CREDIT: _Export(
        ("date", "client", "reason", "document", "amount", "currency", "note"), credit_in, _credit_cells
    ),
}  # fmt: skip
