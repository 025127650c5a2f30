"""Columns by which staff find clients and services: folded texts, compared by how they begin, so by their index.

A column is written with the text it is made from, wherever that is written: the models call ``search_columns`` when an
attribute is set, and ``models/bulk.py`` for the rows of an import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.orm import InstrumentedAttribute

from kajoom.models.folded_text import fold

_HIGHEST = "\U0010ffff"
_NOT_IN_DOMAINS = re.compile(r"^(https?://)?(www\.)?|/.*$")


def folded_text() -> String:
    """Return the type of a search column: PostgreSQL compares it by code points, as SQLite does, whatever its locale.

    The index then serves a comparison with the beginning of a text.
    """
    return String().with_variant(String(collation="C"), "postgresql")


def begins_with(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """The rows whose search column begins with a folded text, as a range of the column's index."""
    return (column >= text) & (column < text + _HIGHEST)


def fold_words(text: str) -> str:
    """A name as search columns have it: folded, with one space between its words."""
    return " ".join(fold(text).split())


def fold_domain(text: str) -> str:
    """A domain as search columns have it, also of the address of a page: "exemple.ca" of "https://www.Exemple.ca/"."""
    return _NOT_IN_DOMAINS.sub("", fold_words(text))


def _after_first_word(text: str) -> str:
    """A last name, as far as it can be known: what follows the first word."""
    return fold_words(text).partition(" ")[2]


_MADE_FROM: Mapping[str, Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "client": {
        "search_name": ("name", fold_words),
        "search_last_name": ("name", _after_first_word),
        "search_company": ("company", fold_words),
        "search_email": ("email", fold_words),
    },
    "service": {"search_label": ("label", fold_domain)},
}
"""For each table, its search columns: the column that each is made from, and how."""


def search_columns(table: str, columns: Mapping[str, Any]) -> dict[str, str]:
    """The search columns of a table that are made from the given ``columns``, with their values."""
    made = _MADE_FROM.get(table, {})
    return {name: make(columns[source] or "") for name, (source, make) in made.items() if source in columns}
