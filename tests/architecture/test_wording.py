"""No message, text of the demonstration or output of a command uses a turn of phrase of ``turns.toml``."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from tests.architecture.files import ROOT
from tests.architecture.test_translations import MAPPING, MARKS, STRAIGHT_APOSTROPHE, english_of, french_of, messages

TURNS: dict[str, list[dict[str, str]]] = tomllib.loads(
    (ROOT / "tests/architecture/turns.toml").read_text(encoding="utf-8")
)
LANGUAGES = {"fr": "french", "en": "english"}


def plain(text: str) -> str:
    """A text as the patterns read it: curly apostrophes, plain spaces."""
    return text.replace("'", "’").replace("\N{NO-BREAK SPACE}", " ")


def turns_in(text: str, language: str) -> list[str]:
    """What is wrong with a text in ``french`` or ``english``, and what to write instead."""
    found = (turn for turn in TURNS[language] if re.search(turn["pattern"], plain(text), re.IGNORECASE))
    return [f"{text!r}: write {turn['write']}" for turn in found]


@cache
def tried_messages() -> frozenset[str]:
    """The messages of the pages, e-mails and code; of those with a plural, the singular."""
    with MAPPING.open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = set()
    for folder in ("kajoom", "templates"):
        for _, _, extracted, _, _ in extract_from_dir(ROOT / folder, methods, options, MARKS):
            found.add(extracted if isinstance(extracted, str) else extracted[0])
    return frozenset(found)


def catalogue_texts(value: Any, language: str = "") -> Iterator[tuple[str, str]]:
    """Each text of a catalogue file that stands in both languages, with its language."""
    if isinstance(value, str) and language:
        yield language, value
    for name, each in value.items() if isinstance(value, dict) else ():
        yield from catalogue_texts(each, LANGUAGES.get(name, ""))
    for each in value if isinstance(value, list) else ():
        yield from catalogue_texts(each)


def command_texts() -> Iterator[str]:
    """What the commands print and say in their help: every text of ``kajoom/cli``."""
    for path in sorted((ROOT / "kajoom/cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("language", TURNS)
def test_each_turn_is_found_in_its_example(language: str) -> None:
    for turn in TURNS[language]:
        assert turns_in(turn["example"], language), turn["pattern"]


def test_messages_use_no_turn_of_the_list() -> None:
    tried = [message for message in messages() if english_of(message)[0] in tried_messages()]
    assert len(tried) > 100
    english = [fault for message in tried for text in english_of(message) for fault in turns_in(text, "english")]
    french = [fault for message in tried for text in french_of(message) for fault in turns_in(text, "french")]
    assert english + french == []


def test_demonstration_uses_no_turn_of_the_list() -> None:
    texts = list(catalogue_texts(tomllib.loads((ROOT / "demo/catalog.toml").read_text(encoding="utf-8"))))
    assert {language for language, _ in texts} == set(TURNS)
    assert [fault for language, text in texts for fault in turns_in(text, language)] == []
    assert [text for _, text in texts if STRAIGHT_APOSTROPHE.search(text)] == []


def test_commands_use_no_turn_of_the_list() -> None:
    texts = list(command_texts())
    assert texts
    assert [fault for text in texts for fault in turns_in(text, "english")] == []
