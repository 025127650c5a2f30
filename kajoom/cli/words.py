"""The words of the pages: collected from the sources, and compiled when a translation is newer than its build."""

from __future__ import annotations

from pathlib import Path

import click
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parents[2] / "translations"
_TEMPLATE = FOLDER / "messages.pot"
KEYWORDS = ("sentence", "say", "count:1,2")
"""What marks a sentence in the sources, besides gettext's own names; numbers are the arguments that are sentences."""


def compile_words(folder: Path = FOLDER) -> list[Path]:
    """Build each ``messages.mo`` that is missing or older than its ``.po``, and answer which were built.

    A build is moved into place whole: another process that starts beside this one never reads half of it.
    """
    built = []
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        fresh = target.with_suffix(".fresh")
        with source.open("rb") as text, fresh.open("wb") as binary:
            write_mo(binary, read_po(text, locale=source.parts[-3]))
        fresh.replace(target)
        built.append(target)
    return built


@click.group()
def words() -> None:
    """The words of the pages, in French and in English."""


@words.command("compile")
def compile_command() -> None:
    """Build the translations that are missing or out of date."""
    for path in compile_words():
        click.echo(f"built {path.relative_to(FOLDER)}")


@words.command("update")
def update_command() -> None:
    """Collect the sentences of the sources into the French translation; new ones are left to be translated."""
    keywords = [part for keyword in KEYWORDS for part in ("--keywords", keyword)]
    _pybabel("extract", "--mapping", FOLDER / "babel.cfg", *keywords, "--no-location", "--omit-header",
             "--output-file", _TEMPLATE, FOLDER.parent / "kajoom", FOLDER.parent / "templates")  # fmt: skip
    _pybabel("update", "--input-file", _TEMPLATE, "--output-dir", FOLDER, "--locale", "fr", "--width", "110",
             "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date")  # fmt: skip
    _TEMPLATE.unlink()


def _pybabel(*arguments: str | Path) -> None:
    CommandLineInterface().run(["pybabel", "--quiet", *map(str, arguments)])  # type: ignore[no-untyped-call]
