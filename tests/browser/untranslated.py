"""Texts of a page, visible or for screen readers, that are in the other language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from playwright.sync_api import Page

_FRENCH = Path(__file__).resolve().parents[2] / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_LONG = 18
"""From this length a part of a message is not a word that both languages share."""

_TEXTS = """lang => {
  const texts = [];
  const walk = it => {
    if (it.nodeType === Node.TEXT_NODE) { texts.push(it.data); return; }
    if (it.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE"].includes(it.localName)) return;
    if (it.lang && !it.lang.startsWith(lang)) return;
    for (const name of ["aria-label", "alt", "title", "placeholder", "data-offline", "data-slow", "data-broken",
                        "data-unknown", "data-look", "data-working"])
      if (it.hasAttribute(name)) texts.push(it.getAttribute(name));
    it.childNodes.forEach(walk);
  };
  walk(document.documentElement);
  return texts.map(each => each.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


def untranslated_texts(page: Page, language: str) -> list[str]:
    """The texts of the page that are, or contain, a message in the language other than ``language``."""
    texts: list[str] = page.evaluate(_TEXTS, language)
    english, french = _parts()
    foreign = english - french if language == "fr" else french - english
    long = [part for part in foreign if len(part) >= _LONG]
    return sorted({text for text in texts if text in foreign or any(part in text for part in long)})


@cache
def _parts() -> tuple[frozenset[str], frozenset[str]]:
    """Every message in English and in French, split at its placeholders."""
    with _FRENCH.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    return (
        frozenset(part for message in messages for part in _split(message.id)),
        frozenset(part for message in messages for part in _split(message.string)),
    )


def _split(text: str | tuple[str, ...] | list[str] | None) -> Iterator[str]:
    for each in [text] if isinstance(text, str) else text or ():
        # \\s matches no-break spaces, which the page's texts have as plain spaces here.
        parts = (re.sub(r"\s+", " ", part).strip(" .,:;()") for part in _PLACEHOLDER.split(each))
        yield from (part for part in parts if len(part) > 2)
