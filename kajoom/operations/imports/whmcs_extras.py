"""Options and recurring discounts of an export of WHMCS, where they are texts beside one recurring amount.

The recurring amount is what the renewal asks, discounts taken off, for the whole quantity (docs.whmcs.com,
Products/Services Tab).
"""

from __future__ import annotations

import re
from fractions import Fraction

from kajoom.domain.money import Money
from kajoom.operations.files.amounts import plain_amount
from kajoom.operations.files.cells import parse_cents, parse_cycle
from kajoom.operations.files.layout import Translated
from kajoom.operations.imports.whmcs_table import Cells, Sold, first

PROMOTION, OPTIONS = ("promo", "promotion", "promocode"), ("configoptions", "configurableoptions")
_PERCENT = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s*%", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,6}[.,]\d{2})(?!\d)", re.ASCII)
_LOST = "a change of plan loses it; give its amount in a column of the mapping ({})"


def read_extras(row: Translated, cells: Cells, sold: Sold) -> None:
    """Add the columns ``options`` and ``discount`` of a service that has a text about either, and a note of each.

    A discount is the percentage or the amount of the text. The options are what is left of the recurring amount,
    without the discount, once the catalogue's price of the plan is taken off.
    """
    promotion, options = (_text(first(cells, *names)) for names in (PROMOTION, OPTIONS))
    row.cells |= {name: "0" for name, texts in (("options", OPTIONS), ("discount", PROMOTION)) if {*texts} & {*cells}}
    if not promotion and not options:
        return
    try:
        amount = parse_cents(plain_amount(row.cells["recurring"], row.cells.get("currency", "CAD")))
        price = _price(row, sold)
    except ValueError:
        return  # the row is refused for it
    discount = _discount(promotion, amount) if promotion else 0
    if promotion:
        _note(row, next(name for name in PROMOTION if name in cells), "discount", promotion, discount)
    if options:
        rest = amount + discount - price if price else 0
        _note(row, next(name for name in OPTIONS if name in cells), "options", options, max(rest, 0))


def note_currency(row: Translated, sold: Sold) -> None:
    """Add a note where the amount is the price of the plan in another currency than the default of the mapping."""
    currency = row.cells.get("currency", "CAD")
    try:
        amount = parse_cents(plain_amount(row.cells["recurring"], currency))
        prices = {code: _price(row, sold, code) for code in {code for _, _, code in sold.prices}}
    except ValueError:
        return  # the row is refused for it
    others = [code for code, price in prices.items() if amount and price == amount != prices.get(currency)]
    if others:
        row.notes.append(
            ("currency", f"{currency} by default, but {Money(amount)} is the price in {', '.join(others)}")
        )


def _text(cell: str) -> str:
    """The text of a cell; 0 is the number of no promotion."""
    return "" if cell == "0" else cell


def _price(row: Translated, sold: Sold, currency: str = "") -> int:
    """The catalogue's price of the row's plan for its quantity; 0 when it is not sold that way."""
    currency = currency or row.cells.get("currency", "CAD")
    plan = f"{row.cells.get('group', '')}/{row.cells.get('plan', '')}"
    unit = sold.prices.get((plan, parse_cycle(row.cells["cycle"]), currency), 0)
    return unit * int(row.cells.get("quantity") or 1)


def _discount(text: str, amount: int) -> int:
    if match := _PERCENT.search(text):
        share = Fraction(match[1].replace(",", ".")) / 100
        return (Money(amount) * (share / (1 - share))).cents
    match = _AMOUNT.search(text)
    return parse_cents(match[1].replace(",", ".")) if match else 0


def _note(row: Translated, place: str, column: str, text: str, cents: int) -> None:
    if cents:
        row.cells[column] = str(Money(cents))
        row.notes.append((place, f"{text[:60]}: {column} of {Money(cents)} in {row.cells['recurring']}"))
    else:
        row.notes.append((place, f"{text[:60]}: {_LOST.format(column)}"))
