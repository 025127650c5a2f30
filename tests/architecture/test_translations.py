"""The French translations are complete, have the same placeholders, and follow the typography of Québec."""

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
"""The functions whose argument is a message: the same as in ``flask words update``."""

IDENTICAL: set[str] = {
    "%(n)s client", "%(n)s service", "Actions", "Client", "Clients", "Date", "Information", "Service", "Services",
    "Total",
}  # fmt: skip
"""Messages that are the same in both languages."""

NBSP = "\N{NO-BREAK SPACE}"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|{(\w*)}")
STRAIGHT_APOSTROPHE = re.compile(r"\w'|'\w")
MARKUP = re.compile(r"<[^<>]+>|https?://\S+|&\w+;")
TYPOGRAPHY = {
    "a no-break space is missing before : % or $": re.compile(rf"(?<!{NBSP})[:%$]"),
    "a no-break space is missing inside « »": re.compile(rf"«(?!{NBSP})|(?<!{NBSP})»"),
    "a space stands before ; ! or ?": re.compile(r"\s[;!?]"),
    "straight quotation marks stand for « »": re.compile(r'"'),
    "a straight apostrophe stands for ’": STRAIGHT_APOSTROPHE,
}


def french_of(message: Message) -> list[str]:
    """The translation of a message: one string, or one for each plural form."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def english_of(message: Message) -> list[str]:
    """The message in English: one string, or singular and plural."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


def placeholders_in(text: str) -> set[str]:
    """The placeholders of a message."""
    return {found.group() for found in PLACEHOLDER.finditer(text.replace("%%", ""))}


def translation_faults(message: Message) -> Iterator[str]:
    """What is wrong with the translation of one message."""
    english, french = english_of(message), french_of(message)
    if message.fuzzy:
        yield f"fuzzy: {english[0]!r}"
    if not all(french):
        yield f"not translated: {english[0]!r}"
        return
    if french == english and english[0] not in IDENTICAL:
        yield f"the same in French as in English (if rightly so, list it in IDENTICAL): {english[0]!r}"
    yield from (f"straight apostrophe: {text!r}" for text in english if STRAIGHT_APOSTROPHE.search(text))
    for text in french:
        if not placeholders_in(english[0]) <= placeholders_in(text) <= placeholders_in(english[-1]):
            yield f"other placeholders than {sorted(placeholders_in(english[-1]))}: {text!r}"
        if _is_doubled(text):
            yield f"the text stands twice, as after a merge of two files: {text!r}"
        yield from (f"{fault}: {text!r}" for fault in typography_faults(text))


def _is_doubled(text: str) -> bool:
    half = len(text) // 2
    return half > 10 and text[:half].casefold().strip() == text[half:].casefold().strip()


def typography_faults(text: str) -> Iterator[str]:
    """The faults of typography in a French text."""
    bare = MARKUP.sub("", PLACEHOLDER.sub("x", text.replace("%%", "\0"))).replace("\0", "%")
    yield from (fault for fault, pattern in TYPOGRAPHY.items() if pattern.search(bare))


def unmatched(sources: set[str], catalogue: set[str]) -> Iterator[str]:
    """Messages of the sources that are missing in the catalogue, and the other way round."""
    yield from (f"in the sources and not in French: {each!r}" for each in sorted(sources - catalogue))
    yield from (f"in French and no longer in the sources: {each!r}" for each in sorted(catalogue - sources))


@cache
def french() -> Catalog:
    """The French catalogue."""
    assert FRENCH.is_file(), "translations/fr/LC_MESSAGES/messages.po is missing"
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def messages() -> list[Message]:
    """The messages of the catalogue, without its header."""
    return [message for message in french() if message.id]


@cache
def source_messages() -> set[str]:
    """The messages marked in the modules and the templates; of those with a plural, the singular."""
    assert MAPPING.is_file(), "translations/babel.cfg is missing"
    with MAPPING.open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = set()
    for folder in ("kajoom", "templates"):
        for _, _, extracted, _, _ in extract_from_dir(ROOT / folder, methods, options, MARKS):
            found.add(extracted if isinstance(extracted, str) else extracted[0])
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
    message("Due today", "À payer aujourd'hui"),
    message("You don't pay", "Vous ne payez pas"),
    message("Choose your plan.", "Choisissez votre forfait.Choisissez votre forfait."),
]


@pytest.mark.parametrize("good", GOOD, ids=lambda each: each.string)
def test_a_good_translation_passes(good: Message) -> None:
    assert not list(translation_faults(good))


@pytest.mark.parametrize("bad", BAD, ids=lambda each: each.string)
def test_a_fault_of_a_translation_is_found(bad: Message) -> None:
    assert list(translation_faults(bad))


def test_a_message_missing_on_either_side_is_found() -> None:
    faults = list(unmatched({"New", "Both"}, {"Old", "Both"}))
    assert faults == ["in the sources and not in French: 'New'", "in French and no longer in the sources: 'Old'"]


def test_messages_are_extracted_from_the_sources() -> None:
    assert len(source_messages()) > 100, "few messages found: does translations/babel.cfg name the right folders?"


def test_catalogue_has_the_messages_of_the_sources_and_no_others() -> None:
    faults = list(unmatched(source_messages(), {english_of(each)[0] for each in messages()}))
    assert not faults, "\n".join(faults)


def test_catalogue_has_no_obsolete_messages() -> None:
    assert not list(french().obsolete)


def test_translations_have_no_faults() -> None:
    faults = [fault for each in messages() for fault in translation_faults(each)]
    assert not faults, "\n".join(faults)


def test_messages_listed_as_identical_are_in_the_catalogue_and_identical() -> None:
    same = {english_of(each)[0] for each in messages() if french_of(each) == english_of(each)}
    assert same >= IDENTICAL, f"listed in IDENTICAL and not the same, or gone: {sorted(IDENTICAL - same)}"
