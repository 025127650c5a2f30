"""What the processes of a server share: the data of both languages, loaded before they are forked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from babel.core import get_global
from babel.localedata import load

from kajoom.domain.money import Money
from kajoom.i18n.formats import LANGUAGES, formats_for

UNUSED: tuple[Literal["likely_subtags", "territory_languages"], ...] = ("likely_subtags", "territory_languages")
"""Babel's tables for guessing the locale of a language that it has no data of."""


def load_languages() -> None:
    """Load the translations and formats of both languages, and empty what Babel loads with them and pages do not use.

    Babel makes the data of ``fr_CA`` from those of ``root`` and ``fr``, and keeps these too; it reads them again when
    they are asked for.
    """
    for language in LANGUAGES:
        formats = formats_for(language)
        formats.money(Money(0, "CAD"))
        formats.long_date(date(2026, 1, 1))
        formats.percent("5")
        formats.number(Decimal(1))
    for name in ("root", *LANGUAGES):
        load(name).clear()
    for table in UNUSED:
        get_global(table).clear()  # type: ignore[attr-defined]
