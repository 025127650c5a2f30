"""Texts compared without regard to case, accents and ligatures, the same way by SQLite, PostgreSQL and Python."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_ACCENTS = "[\u0300-\u036f]"
_WRITTEN_APART = {"œ": "oe", "æ": "ae", "\N{RIGHT SINGLE QUOTATION MARK}": "'"}
_SQLITE_NAME = "folded"


class folded(FunctionElement[str]):  # noqa: N801 - called like the functions of SQLAlchemy's ``func``
    """SQL function: a text as ``fold`` returns it."""

    type = String()
    inherit_cache = True


def fold(text: str) -> str:
    """The text in lower case, without accents, its ligatures written apart: "oeuvre d'ete" of « Œuvre d’été »."""
    small = re.sub(_ACCENTS, "", unicodedata.normalize("NFD", text).lower())
    for ligature, apart in _WRITTEN_APART.items():
        small = small.replace(ligature, apart)
    return small


def define_folded(connection: sqlite3.Connection) -> None:
    """Give a connection to SQLite, which changes the case of ASCII alone, the function ``folded``."""
    connection.create_function(_SQLITE_NAME, 1, fold, deterministic=True)


@compiles(folded, "sqlite")
def _for_sqlite(element: folded, compiler: Any, **options: Any) -> str:
    return f"{_SQLITE_NAME}({compiler.process(element.clauses, **options)})"


@compiles(folded, "postgresql")
def _for_postgresql(element: folded, compiler: Any, **options: Any) -> str:
    """PostgreSQL's own functions, so that no extension is needed.

    With the collation "C" its ``lower`` knows ASCII alone: accents are taken off first, and capital ligatures replaced.
    """
    text = compiler.process(element.clauses, **options)
    shown = f"lower(regexp_replace(normalize({text}, NFD), '{_ACCENTS}', '', 'g'))"
    for ligature, apart in _WRITTEN_APART.items():
        for each in sorted({ligature, ligature.upper()}):
            shown = f"replace({shown}, '{each}', '{apart.replace(chr(39), chr(39) * 2)}')"
    return shown
