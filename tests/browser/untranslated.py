"""What a page says to eyes and ears, and which of it is in the other language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from playwright.sync_api import Page

_FRENCH = Path(__file__).resolve().parents[2] / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
_PLACE = re.compile(r"%\(\w+\)s")
_LONG = 18
"""A part of a sentence this long is no word that both languages share."""

_SAID = """lang => {
  const said = [];
  const walk = it => {
    if (it.nodeType === Node.TEXT_NODE) { said.push(it.data); return; }
    if (it.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE"].includes(it.localName)) return;
    if (it.lang && !it.lang.startsWith(lang)) return;
    for (const name of ["aria-label", "alt", "title", "placeholder", "data-offline", "data-slow", "data-broken",
                        "data-unknown", "data-look", "data-working"])
      if (it.hasAttribute(name)) said.push(it.getAttribute(name));
    it.childNodes.forEach(walk);
  };
  walk(document.documentElement);
  return said.map(each => each.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


def in_the_other_language(page: Page, language: str) -> list[str]:
    """The texts of the page that are sentences of the house in the language it is not in."""
    said: list[str] = page.evaluate(_SAID, language)
    english, french = _parts()
    foreign = english - french if language == "fr" else french - english
    long = [part for part in foreign if len(part) >= _LONG]
    return sorted({text for text in said if text in foreign or any(part in text for part in long)})


@cache
def _parts() -> tuple[frozenset[str], frozenset[str]]:
    """Every sentence of the house in English and in French, cut where a value goes."""
    with _FRENCH.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    return (
        frozenset(part for message in messages for part in _cut(message.id)),
        frozenset(part for message in messages for part in _cut(message.string)),
    )


def _cut(text: str | tuple[str, ...] | list[str]) -> Iterator[str]:
    for each in [text] if isinstance(text, str) else text:
        # \\s holds the no-break spaces too, as the page's own script has made them plain.
        parts = (re.sub(r"\s+", " ", part).strip(" .,:;()") for part in _PLACE.split(each))
        yield from (part for part in parts if len(part) > 2)
