"""The French translations: where they are, how they are compiled, and how a message is marked for extraction."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name

FOLDER = Path(__file__).resolve().parents[2] / "translations"


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a message kept in a table for extraction; it is translated where it is shown."""
    return message


def compile_translations(folder: Path = FOLDER) -> list[Path]:
    """Build each ``messages.mo`` that is missing or older than its ``.po``, and return those built.

    Each file is written aside and renamed, so that another process starting at the same time never reads half of it.
    """
    built = []
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        fresh = target.with_suffix(".fresh")
        # What compiles is loaded when something is to be compiled: a thirtieth of a command's start.
        write_mo, read_po = map(resolve_name, ("babel.messages.mofile:write_mo", "babel.messages.pofile:read_po"))
        with source.open("rb") as text, fresh.open("wb") as binary:
            write_mo(binary, read_po(text, locale=source.parts[-3]))
        fresh.replace(target)
        built.append(target)
    return built
