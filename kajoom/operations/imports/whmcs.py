"""Exports of WHMCS: its clients, and its hosting services, domains and add-ons as our services.

Columns are those of the tables ``tblclients``, ``tblhosting``, ``tbldomains`` and ``tblhostingaddons``, of its API, or
the labels of its reports. Sources: docs.whmcs.com (Products/Services Tab), developers.whmcs.com (GetClientsProducts,
GetClientsDomains, GetClientsAddons, AddClient).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pydantic import BaseModel

from kajoom.operations.files.layout import Columns, Layout, Translated, label, own_columns
from kajoom.operations.imports.whmcs_clients import CLIENTS
from kajoom.operations.imports.whmcs_extras import note_currency, read_extras
from kajoom.operations.imports.whmcs_services import ADDONS, DOMAINS, HOSTING
from kajoom.operations.imports.whmcs_table import Sold, Table


@dataclass(frozen=True, slots=True)
class Whmcs:
    """The format ``whmcs``; ``sold`` is what the catalogue sells, for products that no map names."""

    sold: Sold

    def columns(self, header: Sequence[str], model: type[BaseModel], layout: Layout) -> Columns:
        """How a file with this header is read: which table it is, by its columns, and what a mapping says of them.

        Account credit has columns of our own: it is an account of each client, exported by hand.
        """
        if not {"email", "plan"} & model.model_fields.keys():
            return own_columns(header, model, layout)
        by_name = {_name(name): name for name in reversed(header) if name}
        table = _table_of(by_name.keys(), model)
        if table is None:
            return Columns({}, (), [("", "not a file of WHMCS: neither its columns nor their labels")], _nothing)
        named = {label(name) for name in layout.columns.values()}
        mapped = own_columns([name for name in header if label(name) in named], model, layout).names
        names = {
            ours: next((by_name[one] for one in each if one in by_name), each[0])
            for ours, each in table.columns.items()
        }
        read = {*table.also_read, *(one for each in table.columns.values() for one in each)}
        used = {by_name[one] for one in read if one in by_name} | set(mapped.values())
        unused = [name for name in header if name and name not in used]
        errors = list(_missing(table, by_name.keys(), {*mapped, *layout.defaults}))
        return Columns(
            {**names, **mapped}, unused, errors, _Reader(table, by_name, mapped, layout, self.sold).translate
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    table: Table
    by_name: Mapping[str, str]
    mapped: Mapping[str, str]
    layout: Layout
    sold: Sold

    def translate(self, raw: Mapping[str, str]) -> Translated:
        """A row in our columns; those that the mapping names are its own."""
        row = self.table.read({name: raw[theirs] for name, theirs in self.by_name.items()}, self.layout, self.sold)
        for ours, theirs in self.mapped.items():
            row.cells[ours] = raw[theirs]
        self.layout.finish(row.cells)
        read_extras(row, {name: raw[theirs] for name, theirs in self.by_name.items()}, self.sold)
        if "recurring" in row.cells and "currency" not in {*self.by_name, *self.mapped}:
            note_currency(row, self.sold)
        row.errors = [(self.by_name.get(place, place), reason) for place, reason in row.errors]
        row.notes = [(self.by_name.get(place, place), reason) for place, reason in row.notes]
        return row


def _missing(table: Table, names: AbstractSet[str], elsewhere: AbstractSet[str]) -> list[tuple[str, str]]:
    """Columns that the file does not have and that neither a mapping nor a default gives."""
    missing = [ours for ours in table.required if ours not in elsewhere and not names & {*table.columns[ours]}]
    return [(table.columns[ours][0], "the column is missing") for ours in missing]


def _nothing(raw: Mapping[str, str]) -> Translated:
    return Translated(dict(raw))


def _name(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _table_of(names: AbstractSet[str], model: type[BaseModel]) -> Table | None:
    if "email" in model.model_fields:
        return CLIENTS if "email" in names and names & {"firstname", "lastname", "companyname"} else None
    for table, mark in ((ADDONS, {"hostingid", "addonid"}), (DOMAINS, {"registrationperiod", "regperiod"})):
        if names & mark:
            return table
    return HOSTING if names & {"packageid", "productid", "pid", "product"} else None
