"""The script of the pages, one file for each language: its messages, htmx with its settings, and ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from kajoom.i18n.formats import LANGUAGES, formats_for
from kajoom.i18n.translations import N_

_PARTS = ("htmx-setup.js", "vendor/htmx-4.0.1.min.js", "polling.js", "app.js")
"""In the order in which they run."""

_COMMENTS_AND_INDENTATION = re.compile(r"^\s*(?:/\*.*?\*/|//[^\n]*)$|[ \t]+// [^\n]*$|^\s+", re.DOTALL | re.MULTILINE)
"""Of our own files: two fifths of their size. A text in them has no space before two slashes."""

_MESSAGES: Mapping[str, str] = {
    "working": N_("Working on it…"),
    "stalled": N_("This page is not updating. We keep trying."),
    "look": N_("View status"),
    "offline": N_("You seem to be offline. Nothing was changed: try again once you are connected."),
    "offlineShort": N_("you seem to be offline"),
    "slow": N_("The server is taking too long to respond. Try again."),
    "slowShort": N_("no response in time"),
    "broken": N_("Something went wrong on our side. Try again in a moment."),
    "brokenShort": N_("error on our side"),
    "unknown": N_("We don’t know yet whether your request went through. Check it before trying again."),
}
"""What static/app.js shows."""


def scripts(folder: Path) -> Mapping[str, bytes]:
    """The script of each language, by its name below /static."""
    parts = "\n".join(_read(folder / part) for part in _PARTS)
    return {f"script.{language}.js": f"{_messages(language)}\n{parts}".encode() for language in LANGUAGES}


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text if path.parent.name == "vendor" else _COMMENTS_AND_INDENTATION.sub("", text)


def _messages(language: str) -> str:
    gettext = formats_for(language).gettext
    messages = {name: gettext(message) for name, message in _MESSAGES.items()}
    return f"const messages = {json.dumps(messages, ensure_ascii=False, separators=(',', ':'))};"
