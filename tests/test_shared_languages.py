"""Values are written alike after a server has loaded both languages before its processes are forked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from babel import Locale
from babel.core import get_global

from kajoom.domain.money import Money
from kajoom.i18n.formats import formats_for
from kajoom.i18n.shared import UNUSED, load_languages


@pytest.fixture
def tables() -> Iterator[None]:
    """Fill the tables again that a server empties."""
    full = {name: dict(get_global(name)) for name in UNUSED}
    yield
    for name, table in full.items():
        get_global(name).update(table)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("tables")
def test_values_are_written_as_before_with_what_is_left_of_the_languages() -> None:
    load_languages()

    assert not any(get_global(name) for name in UNUSED)
    assert Locale("fr", "CA").languages["fr"] == "français"
    assert formats_for("fr").money(Money(98765432, "CAD")) == "987\N{NO-BREAK SPACE}654,32\N{NO-BREAK SPACE}$"
    assert formats_for("en").money(Money(98765432, "JPY")) == "JP¥987,654"
    assert formats_for("en").long_date(date(2031, 2, 3)) == "February 3, 2031"
    assert (
        formats_for("fr").short_date(date(2031, 2, 3), date(2031, 1, 1))
        == "le\N{NO-BREAK SPACE}3\N{NO-BREAK SPACE}févr."
    )
