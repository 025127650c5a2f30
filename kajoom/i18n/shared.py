"""What the processes of a server share: the data of both languages, loaded before they are forked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from babel.core import get_global
from babel.localedata import load

from kajoom.domain.money import Money
from kajoom.i18n.formats import LANGUAGES, formats_for
from kajoom.i18n.translations import compile_translations

Table = Literal["likely_subtags", "territory_currencies", "territory_languages", "territory_zones", "zone_territories"]

UNUSED_TABLES: tuple[Table, ...] = (
    "likely_subtags", "territory_currencies", "territory_languages", "territory_zones", "zone_territories",
)  # fmt: skip
"""Babel's tables for guessing the locale of a language that it has no data of, and of what a country uses."""

UNUSED_OF_A_LANGUAGE = (
    "compound_unit_patterns", "date_fields", "interval_formats", "languages", "meta_zones", "scripts", "territories",
    "time_zones", "unit_display_names", "unit_patterns", "variants",
)  # fmt: skip
"""What Babel calls languages, places and time zones, and how it writes units and spans of time."""


def load_languages() -> None:
    """Load the translations and formats of both languages, and drop what Babel loads with them and pages do not use.

    Babel makes the data of ``fr_CA`` from those of ``root`` and ``fr``, and keeps these too; it reads them again when
    they are asked for.
    """
    compile_translations()
    for language in LANGUAGES:
        formats = formats_for(language)
        formats.money(Money(0, "CAD"))
        formats.long_date(date(2026, 1, 1))
        formats.percent("5")
        formats.number(Decimal(1))
        for name in UNUSED_OF_A_LANGUAGE:
            load(formats.locale).pop(name, None)
    for name in ("root", *LANGUAGES):
        load(name).clear()
    for table in UNUSED_TABLES:
        get_global(table).clear()  # type: ignore[attr-defined]
