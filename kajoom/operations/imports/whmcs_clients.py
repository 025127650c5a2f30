"""Clients of an export of WHMCS: ``tblclients``, with the password of their owner in ``tblusers``."""

from __future__ import annotations

import re

from kajoom.domain.province import province_code
from kajoom.operations.files.cells import parse_cents, parse_currency
from kajoom.operations.files.layout import Layout, Translated, label
from kajoom.operations.files.password_hash import parse_password_hash
from kajoom.operations.imports.whmcs_table import Cells, Sold, Table, first, is_on

_LANGUAGES = {"english": "en", "anglais": "en", "en": "en", "french": "fr", "français": "fr", "fr": "fr"}
_EXEMPT = "Exempté de taxes"
_LOST = re.compile(r"\?")


def _read_client(cells: Cells, layout: Layout, sold: Sold) -> Translated:
    name = " ".join(filter(None, (cells.get("firstname", ""), cells.get("lastname", ""))))
    company = cells.get("companyname", "")
    country = cells.get("country", "").upper()
    row = Translated({
        "external_id": first(cells, "id", "userid", "clientid"),
        "email": cells["email"],
        "name": name or company,
        "company": company,
        "address": _address(cells, country),
        "province": _state(cells) if country in ("", "CA") else "",
        "country": country,
        "tax_exempt": "",
        "locale": "",
        "password_hash": "",
    })  # fmt: skip
    if not name and not company:
        row.errors.append(("firstname", "empty, and so are lastname and companyname"))
    _read_exemption(cells, layout, row)
    _read_language(cells, layout, row)
    _read_password(cells, row)
    _check_money(cells, layout, row)
    row.notes += [(place, f"letters may be lost: {cells[place][:60]}") for place in _names_with_lost_letters(cells)]
    return row


def _names_with_lost_letters(cells: Cells) -> list[str]:
    return [name for name in ("firstname", "lastname", "companyname") if _LOST.search(cells.get(name, ""))]


def _state(cells: Cells) -> str:
    return first(cells, "state", "province")


def _address(cells: Cells, country: str) -> str:
    """The address in one line, as it is written in the country: « 12, rue X, Québec (QC)  G1R 4S9 »."""
    city, state, code = cells.get("city", ""), _state(cells), first(cells, "postcode", "zip")
    if country in ("", "CA"):
        state = f"({province_code(state)})" if state else ""
        place = "  ".join(filter(None, (" ".join(filter(None, (city, state))), code)))
        return ", ".join(filter(None, (cells.get("address1", ""), cells.get("address2", ""), place)))
    region = " ".join(filter(None, (state, code)))
    return ", ".join(filter(None, (cells.get("address1", ""), cells.get("address2", ""), city, region, country)))


def _read_exemption(cells: Cells, layout: Layout, row: Translated) -> None:
    """The reason of the map for a client who is exempt, or a general one: WHMCS has none."""
    cell = cells.get("taxexempt", "")
    if label(cell) in layout.values.get("tax_exempt", {}):
        row.cells["tax_exempt"] = cell
    elif is_on(cell):
        row.cells["tax_exempt"] = _EXEMPT
        row.notes.append(("taxexempt", f"not taxed; invoices print « {_EXEMPT} » as the reason"))


def _read_language(cells: Cells, layout: Layout, row: Translated) -> None:
    cell = cells.get("language", "")
    if label(cell) in _LANGUAGES:
        row.cells["locale"] = _LANGUAGES[label(cell)]
    elif label(cell) in layout.values.get("locale", {}):
        row.cells["locale"] = cell
    elif cell:
        row.notes.append(("language", f"{cell[:40]}: the language is {layout.defaults.get('locale', 'fr')}"))


def _read_password(cells: Cells, row: Translated) -> None:
    cell = cells.get("password", "")
    try:
        row.cells["password_hash"] = parse_password_hash(cell) if cell else ""
    except ValueError:
        row.notes.append(("password", "not a hash that a sign-in could verify: the client is to be invited"))


def _check_money(cells: Cells, layout: Layout, row: Translated) -> None:
    """The credit of an account is imported by a command of its own, but must be readable, as its currency must."""
    currency = cells.get("currency", "")
    currency = layout.values.get("currency", {}).get(label(currency), currency)
    try:
        if currency:
            parse_currency(currency)
    except ValueError as error:
        row.errors.append(("currency", str(error)))
    try:
        if cells.get("credit") and parse_cents(cells["credit"].replace(",", ".").replace(" ", "")):
            row.notes.append(("credit", f"{cells['credit']} {currency}: not taken over with the client".strip()))
    except ValueError as error:
        row.errors.append(("credit", str(error)))


CLIENTS = Table(
    {
        "external_id": ("id", "userid", "clientid"),
        "email": ("email",),
        "name": ("firstname", "lastname"),
        "company": ("companyname",),
        "address": ("address1",),
        "province": ("state", "province"),
        "country": ("country",),
        "tax_exempt": ("taxexempt",),
        "locale": ("language",),
        "password_hash": ("password",),
    },
    _read_client,
    ("address2", "city", "postcode", "zip", "credit", "currency"),
    ("external_id", "email"),
)
