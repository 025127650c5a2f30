"""`docs/privacy.md` names every table, how long its rows are kept, and whether a client's copy has them."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

from kajoom import models
from kajoom.models.db import Base
from kajoom.models.personal_data import tables_of_client
from tests.architecture.files import ROOT

for module in iter_modules(models.__path__):
    import_module(f"{models.__name__}.{module.name}")  # importing a module adds its tables to the metadata

TEXT = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
ROWS = {cells[0].strip("` "): [cell.strip() for cell in cells[1:]] for cells in (
    line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| `"))}  # fmt: skip
ABOUT_NOBODY = set(re.findall(r"`(\w+)`", TEXT.partition("About nobody:")[2].partition("\n\n")[0]))


def test_every_table_is_either_about_a_client_or_about_nobody() -> None:
    assert set(ROWS) | ABOUT_NOBODY == set(Base.metadata.tables)
    assert not set(ROWS) & ABOUT_NOBODY


def test_every_table_about_a_client_says_what_why_and_how_long() -> None:
    assert [name for name, cells in ROWS.items() if len(cells) != 5 or not all(cells)] == []


def test_copy_of_a_client_has_the_tables_that_the_page_promises() -> None:
    assert {name for name, cells in ROWS.items() if cells[3] == "yes"} == tables_of_client()
