"""``flask words``: extract the messages to translate, and compile the translations."""

from __future__ import annotations

from pathlib import Path

import click
from babel.messages.frontend import CommandLineInterface

from kajoom.i18n.translations import FOLDER, compile_translations

_TEMPLATE = FOLDER / "messages.pot"


@click.group("words")
def words_command() -> None:
    """The messages of the pages and e-mails, in French and in English."""


@words_command.command("compile")
def compile_command() -> None:
    """Compile the translations that are missing or out of date."""
    for path in compile_translations():
        click.echo(f"built {path.relative_to(FOLDER)}")


@words_command.command("update")
def update_command() -> None:
    """Extract the messages of the sources into the French catalogue; new ones are left to be translated."""
    _pybabel("extract", "--mapping", FOLDER / "babel.cfg", "--no-location", "--omit-header", "--sort-by-file",
             "--output-file", _TEMPLATE, FOLDER.parent / "kajoom", FOLDER.parent / "templates")  # fmt: skip
    _pybabel("update", "--input-file", _TEMPLATE, "--output-dir", FOLDER, "--locale", "fr", "--width", "110",
             "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date")  # fmt: skip
    _TEMPLATE.unlink()


def _pybabel(*arguments: str | Path) -> None:
    CommandLineInterface().run(["pybabel", "--quiet", *map(str, arguments)])  # type: ignore[no-untyped-call]
