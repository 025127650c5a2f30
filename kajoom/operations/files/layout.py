"""How the columns of a host's file become ours: by their own names, by a mapping, or by the format of an export."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import BaseModel
from pydantic.fields import FieldInfo

DateOrder = Literal["ymd", "dmy", "mdy"]

# Only what ends with a semicolon: a bare "&" is a text of its own, and "&copy=1" is no sign.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_DAY = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?=$|[ T])", re.ASCII)


def label(text: str) -> str:
    """The name of a column or a cell as it is compared: in lower case, with single spaces."""
    return " ".join(text.split()).casefold()


def decode_entities(text: str) -> str:
    """A text whose HTML entities are decoded once: "L'Atelier & Fils" of "L&#039;Atelier &amp; Fils"."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


@dataclass(slots=True)
class Translated:
    """A row in our columns, and what is wrong with it or to be known of it: the column of the file and the reason."""

    cells: dict[str, str]
    errors: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Columns:
    """``names`` of the file by our column, for messages; those ``unused``; and what is missing, with its place."""

    names: Mapping[str, str]
    unused: Sequence[str]
    errors: Sequence[tuple[str, str]]
    translate: Callable[[Mapping[str, str]], Translated]


class Export(Protocol):
    """The format of another system's export: how a file with this header is read."""

    def columns(self, header: Sequence[str], model: type[BaseModel], layout: Layout) -> Columns:
        """How the rows of a file with this header become ours."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written.

    ``columns`` has the file's name of our columns, ``values`` our value of a cell by our column, and ``defaults`` the
    cells of columns that the file does not have. ``dates`` is the order of the parts of a date that does not begin with
    its year. ``header`` names the columns of a file without a header. ``plans`` are the plans of an export by its table
    and key. With ``has_entities`` the HTML entities of the cells are decoded.
    """

    encoding: str = "utf-8"
    dates: DateOrder = "ymd"
    has_entities: bool = False
    header: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    export: Export | None = None

    def columns_of(self, header: Sequence[str], model: type[BaseModel]) -> Columns:
        """How the rows of a file with this header become those of ``model``."""
        if self.export is not None:
            return self.export.columns(header, model, self)
        return own_columns(header, model, self)

    def finish(self, cells: dict[str, str]) -> dict[str, str]:
        """The cells with the values of the mapping, its defaults, and dates with their year first."""
        for name, default in self.defaults.items():
            if not cells.get(name):
                cells[name] = default
        for name, table in self.values.items():
            if name in cells:
                cells[name] = table.get(label(cells[name]), cells[name])
        if self.dates != "ymd":
            for name, cell in cells.items():
                if name in DATES:
                    cells[name] = _year_first(cell, self.dates)
        group, slash, plan = cells.get("plan", "").partition("/")
        if slash and not cells.get("group"):
            cells["group"], cells["plan"] = group, plan
        return cells


DATES = frozenset({"registered_on", "next_due_date", "date", "paid_until", "invoiced_until"})
"""Our columns that hold a date."""


def _year_first(cell: str, order: str) -> str:
    match = _DAY.match(cell)
    if not match:
        return cell
    first, second, year = match.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    return f"{year}-{month:0>2}-{day:0>2}{cell[match.end() :]}"


def own_columns(header: Sequence[str], model: type[BaseModel], layout: Layout) -> Columns:
    """The columns of a file that has our names, or those of the mapping."""
    theirs = {label(theirs): ours for ours, theirs in layout.columns.items()}
    fields = model.model_fields
    names = {}
    for name in header:
        ours = theirs.get(label(name)) or (label(name) if label(name) not in layout.columns else "")
        if ours in fields:
            names[ours] = name
    unused = [name for name in header if name and name not in names.values()]
    pairs = list(names.items())
    errors = list(_missing(names, fields, layout))

    def translate(raw: Mapping[str, str]) -> Translated:
        return Translated(layout.finish({ours: raw[name] for ours, name in pairs}))

    return Columns(names, unused, errors, translate)


def _missing(names: Mapping[str, str], fields: Mapping[str, FieldInfo], layout: Layout) -> Iterable[tuple[str, str]]:
    """Columns of the mapping that the file does not have, and those required that come from nowhere."""
    for ours, theirs in layout.columns.items():
        if ours in fields and ours not in names:
            yield theirs, "the column is missing"
    has_plans = any("/" in plan for plan in layout.values.get("plan", {}).values())
    given = names.keys() | layout.defaults.keys() | layout.columns.keys() | ({"group"} if has_plans else set())
    yield from (
        (name, "the column is missing") for name, column in fields.items() if column.is_required() and name not in given
    )
