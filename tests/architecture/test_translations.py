"""French is complete, says what English says with the same values, and is set as French is set in Québec."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from tests.architecture.files import ROOT

FRENCH = ROOT / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
MAPPING = ROOT / "translations" / "babel.cfg"
MARKS: dict[str, Any] = dict(DEFAULT_KEYWORDS)
"""What marks a sentence in the sources: the same as in ``flask words update``."""

IDENTICAL: set[str] = {"Actions", "Date", "Information", "Service", "Total"}
"""Messages that are rightly the same in both languages."""

NBSP = "\N{NO-BREAK SPACE}"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|{(\w*)}")
MARKUP = re.compile(r"<[^<>]+>|https?://\S+|&\w+;")
SETTING = {
    "a no-break space is missing before : % or $": re.compile(rf"(?<!{NBSP})[:%$]"),
    "a no-break space is missing inside « »": re.compile(rf"«(?!{NBSP})|(?<!{NBSP})»"),
    "a space stands before ; ! or ?": re.compile(r"\s[;!?]"),
    "straight quotation marks stand for « »": re.compile(r'"'),
}


def said(message: Message) -> list[str]:
    """Every string of a message in French: one, or one for each plural form."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def ids(message: Message) -> list[str]:
    """The English of a message: one sentence, or singular and plural."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


def values_in(text: str) -> set[str]:
    """The placeholders of a sentence."""
    return {found.group() for found in PLACEHOLDER.finditer(text.replace("%%", ""))}


def ill_said(message: Message) -> Iterator[str]:
    """What is wrong with a translation, whatever its sources say."""
    english, french = ids(message), said(message)
    if message.fuzzy:
        yield f"fuzzy: {english[0]!r}"
    if not all(french):
        yield f"not translated: {english[0]!r}"
        return
    if french == english and english[0] not in IDENTICAL:
        yield f"the same in French as in English (if rightly so, list it in IDENTICAL): {english[0]!r}"
    for text in french:
        if not values_in(english[0]) <= values_in(text) <= values_in(english[-1]):
            yield f"other values than {sorted(values_in(english[-1]))}: {text!r}"
        yield from (f"{fault}: {text!r}" for fault in ill_set(text))


def ill_set(text: str) -> Iterator[str]:
    """The faults of typography in a French sentence."""
    bare = MARKUP.sub("", PLACEHOLDER.sub("x", text.replace("%%", "\0"))).replace("\0", "%")
    yield from (fault for fault, pattern in SETTING.items() if pattern.search(bare))


def unmatched(sources: set[str], catalogue: set[str]) -> Iterator[str]:
    """Sentences of the sources that the catalogue lacks, and the other way round."""
    yield from (f"in the sources and not in French: {each!r}" for each in sorted(sources - catalogue))
    yield from (f"in French and no longer in the sources: {each!r}" for each in sorted(catalogue - sources))


@cache
def french() -> Catalog:
    """The French catalogue as it is kept."""
    assert FRENCH.is_file(), "translations/fr/LC_MESSAGES/messages.po is missing"
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def messages() -> list[Message]:
    """The messages of the catalogue, less its heading."""
    return [message for message in french() if message.id]


@cache
def sentences() -> set[str]:
    """The first (singular) form of every sentence marked in the modules and the templates."""
    assert MAPPING.is_file(), "translations/babel.cfg is missing: it says where the sentences are"
    with MAPPING.open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = set()
    for folder in ("kajoom", "templates"):
        for _, _, said_as, _, _ in extract_from_dir(ROOT / folder, methods, options, MARKS):
            found.add(said_as if isinstance(said_as, str) else said_as[0])
    return found - {""}


def message(english: str | tuple[str, str], french: str | tuple[str, str], fuzzy: bool = False) -> Message:
    return Message(english, french, flags=["fuzzy"] if fuzzy else [])


GOOD = [
    message("Due today: %(amount)s", f"À payer aujourd’hui{NBSP}: %(amount)s"),
    message("Are you sure?", "En êtes-vous certain?"),
    message("“%(plan)s” at 5%%", f"«{NBSP}%(plan)s{NBSP}» à 5{NBSP}%%"),
    message(("One day left", "%(n)s days left"), ("Il reste %(n)s jour", "Il reste %(n)s jours")),
    message('See <a href="%(url)s">this</a>', 'Voir <a href="%(url)s">ceci</a>'),
    message("See https://example.com/x?y", "Voyez https://example.com/x?y"),
]
BAD = [
    message("Plan", ""),
    message("Plan", "Plan"),
    message("Plan", "Forfait", fuzzy=True),
    message(("%(n)s day", "%(n)s days"), ("%(n)s jour", "")),
    message("Plan %(name)s", "Forfait"),
    message("Plan %(name)s", "Forfait %(nom)s"),
    message("Plan", "Forfait %(name)s"),
    message("Due today:", "À payer aujourd’hui:"),
    message("Due today:", "À payer aujourd’hui :"),
    message("Tax 5%%", "Taxe 5 %%"),
    message("10.00 dollars", "10,00 $"),
    message("Sure?", "Certain ?"),
    message("Sure!", f"Certain{NBSP}!"),
    message("Plan “A”", "Forfait « A »"),
    message("Plan “A”", 'Forfait "A"'),
]


@pytest.mark.parametrize("good", GOOD, ids=lambda each: each.string)
def test_the_rule_of_french_allows(good: Message) -> None:
    assert not list(ill_said(good))


@pytest.mark.parametrize("bad", BAD, ids=lambda each: each.string)
def test_the_rule_of_french_catches(bad: Message) -> None:
    assert list(ill_said(bad))


def test_the_rule_of_completeness_catches() -> None:
    faults = list(unmatched({"New", "Both"}, {"Old", "Both"}))
    assert faults == ["in the sources and not in French: 'New'", "in French and no longer in the sources: 'Old'"]


def test_the_sources_say_something() -> None:
    assert len(sentences()) > 100, "few sentences found: is translations/babel.cfg still true?"


def test_every_sentence_of_the_sources_is_in_the_catalogue_and_no_other() -> None:
    faults = list(unmatched(sentences(), {ids(each)[0] for each in messages()}))
    assert not faults, "\n".join(faults)


def test_nothing_obsolete_is_kept() -> None:
    assert not list(french().obsolete)


def test_every_translation_is_well_said() -> None:
    faults = [fault for each in messages() for fault in ill_said(each)]
    assert not faults, "\n".join(faults)


def test_what_is_listed_as_the_same_in_both_languages_is_in_the_catalogue() -> None:
    same = {ids(each)[0] for each in messages() if said(each) == ids(each)}
    assert same >= IDENTICAL, f"listed in IDENTICAL and not the same, or gone: {sorted(IDENTICAL - same)}"
