"""The frozen figures of an order or an invoice as values: lines, taxes and totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kajoom.domain.money import Money
from kajoom.domain.quote import LineCode
from kajoom.domain.tax import TaxName
from kajoom.models.credit_note import CreditNote
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.order_page import InvoiceRow, OrderRow
from kajoom.models.types import LineJson, TaxJson, Translated


@dataclass(frozen=True)
class FigureLine:
    """One amount before tax, with the values its description needs.

    ``before`` and ``after`` are the names of the plans, ``start`` and ``last`` the first and last day covered, and
    ``whole`` the amount before proration.
    """

    code: LineCode
    amount: Money
    before: Translated
    after: Translated
    start: date | None
    last: date | None
    days: int | None
    of_days: int | None
    cycles_ahead: int
    whole: Money | None


@dataclass(frozen=True)
class FigureTax:
    """One tax, with the seller's registration number."""

    name: TaxName
    percent: str
    amount: Money
    number: str


@dataclass(frozen=True)
class Figures:
    """Lines before tax, taxes, total, account credit used, payments received (``paid``) and balance (``due``)."""

    lines: list[FigureLine]
    taxes: list[FigureTax]
    subtotal: Money
    total: Money
    credit: Money
    due: Money
    paid: Money


def figures_of_order(order: Order | OrderRow) -> Figures:
    """Return the figures of an order as confirmed by the client."""
    frozen: dict[str, Any] = order.figures
    credit = Money(order.credit_cents, order.currency)
    return figures(frozen["lines"], frozen["taxes"], frozen["subtotal"], order.total, credit, order.due_today)


def figures_of_invoice(invoice: Invoice | InvoiceRow) -> Figures:
    """Return the figures of an invoice with its payments and balance."""
    credit = Money(invoice.credit_cents, invoice.currency)
    paid = Money(invoice.paid_cents, invoice.currency)
    return figures(invoice.lines, invoice.taxes, invoice.subtotal_cents, invoice.total, credit, invoice.balance, paid)


def figures_of_credit_note(note: CreditNote) -> Figures:
    """Return the figures of a credit note, which are negative."""
    zero = Money(0, note.currency)
    return figures(note.lines, note.taxes, note.subtotal_cents, note.total, zero, zero)


def figures(
    lines: Iterable[LineJson],
    taxes: Iterable[TaxJson],
    subtotal: int,
    total: Money,
    credit: Money,
    due: Money,
    paid: Money | None = None,
) -> Figures:
    """Build ``Figures`` from frozen lines and taxes; ``subtotal`` is in cents before tax."""
    currency = total.currency
    return Figures(
        lines=[_line(line["code"], Money(line["cents"], currency), line["params"]) for line in lines],
        taxes=[
            FigureTax(TaxName(tax["name"]), tax["percent"], Money(tax["cents"], currency), tax["number"])
            for tax in taxes
        ],
        subtotal=Money(subtotal, currency),
        total=total,
        credit=credit,
        due=due,
        paid=paid or total.zero(),
    )


def _line(code: str, amount: Money, params: Mapping[str, Any]) -> FigureLine:
    whole = params["whole"]
    return FigureLine(
        code=LineCode(code),
        amount=amount,
        before=params["before"],
        after=params["after"],
        start=_day(params["start"]),
        last=_day(params["last"]),
        days=params["days"],
        of_days=params["of_days"],
        cycles_ahead=params["cycles_ahead"],
        whole=Money(whole, amount.currency) if whole else None,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
