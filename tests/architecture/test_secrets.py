"""Nothing is kept that tells of one machine, one registry, or of work that was left undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, kept, named

# Each pattern is written so that this file does not hold what it looks for.
RULES = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:work|home|root|Users)/[\w.]|\b[A-Z]:\\Users\\"),
    "work left undone": re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b"),
    "a host of packages": re.compile(
        r"py[p]i\.org|pythonhoste[d]\.org|npmj[s]\.org|npmj[s]\.com|yarnpk[g]\.com|index-url[= ]+http", re.IGNORECASE
    ),
}
PRIVATE_KEY = re.compile("BEGIN (?:[A-Z]+ )?PRIVATE" + " KEY")
VENDORED = ROOT / "static" / "vendor"


def told_by(text: str) -> Iterator[str]:
    """Each line that tells what it should not."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from (
            f"line {number}: {rule}: {line.strip()[:80]}" for rule, pattern in RULES.items() if pattern.search(line)
        )


def text_of(path: Path) -> str:
    """The file as text; a picture or a font reads as nothing anyone wrote."""
    return path.read_bytes().decode("utf-8", errors="ignore")


@pytest.mark.parametrize(
    "text",
    [
        "see /home/" + "ann/notes",
        'open("/root/' + '.ssh/id")',
        "C:" + "\\Users\\ann",
        "# TO" + "DO later",
        "FIX" + "ME",
        "https://pypi" + ".org/simple",
        "--index-url" + "=https://packages.example",
    ],
)
def test_the_rule_catches(text: str) -> None:
    assert list(told_by(text))


@pytest.mark.parametrize(
    "text", ["#!/usr/bin/env python", "GET /services/home/x", "/usr/bin/chromium", "--no-emit-index-url \\"]
)
def test_the_rule_allows(text: str) -> None:
    assert not list(told_by(text))


def test_no_file_tells_of_a_machine_a_registry_or_unfinished_work() -> None:
    told = {named(path): list(told_by(text_of(path))) for path in kept() if VENDORED not in path.parents}
    assert not {name: lines for name, lines in told.items() if lines}


def test_no_private_key_is_kept_but_those_of_the_tests() -> None:
    tests = ROOT / "tests"
    assert not [named(path) for path in kept() if tests not in path.parents and PRIVATE_KEY.search(text_of(path))]
