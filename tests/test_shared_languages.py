"""Values are written alike after a server has loaded both languages before its processes are forked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from babel import Locale
from babel.core import get_global
from babel.localedata import load

from kajoom.domain.money import Money
from kajoom.i18n.formats import formats_for
from kajoom.i18n.shared import UNUSED_OF_A_LANGUAGE, UNUSED_TABLES, load_languages

LOCALES = ("fr_CA", "en_CA")


@pytest.fixture
def tables() -> Iterator[None]:
    """Fill the tables again that a server empties."""
    tables = [*map(load, LOCALES), *map(get_global, UNUSED_TABLES)]
    full = [dict(table) for table in tables]
    yield
    for table, before in zip(tables, full, strict=True):
        table.update(before)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("tables")
def test_values_are_written_as_before_with_what_is_left_of_the_languages() -> None:
    load_languages()

    assert not any(get_global(name) for name in UNUSED_TABLES)
    assert not any({*UNUSED_OF_A_LANGUAGE} & load(name).keys() for name in LOCALES)
    assert Locale("fr", "CA").currencies["CAD"] == "dollar canadien"
    assert formats_for("fr").money(Money(98765432, "CAD")) == "987\N{NO-BREAK SPACE}654,32\N{NO-BREAK SPACE}$"
    assert formats_for("en").money(Money(98765432, "JPY")) == "JP¥987,654"
    assert formats_for("en").long_date(date(2031, 2, 3)) == "February 3, 2031"
    assert (
        formats_for("fr").short_date(date(2031, 2, 3), date(2031, 1, 1))
        == "le\N{NO-BREAK SPACE}3\N{NO-BREAK SPACE}févr."
    )
