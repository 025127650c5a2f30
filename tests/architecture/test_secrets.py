"""No file names a path of one machine or a package registry, contains a private key, or is left unfinished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, project_files, relative

# Each pattern is written so that it does not match this file.
RULES = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:work|home|root|Users)/[\w.]|\b[A-Z]:\\Users\\"),
    "unfinished work": re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b"),
    "a package registry": re.compile(
        r"py[p]i\.org|pythonhoste[d]\.org|npmj[s]\.org|npmj[s]\.com|yarnpk[g]\.com|index-url[= ]+http", re.IGNORECASE
    ),
}
PRIVATE_KEY = re.compile("BEGIN (?:[A-Z]+ )?PRIVATE" + " KEY")
VENDORED = ROOT / "static" / "vendor"


def faults_in(text: str) -> Iterator[str]:
    """The lines that break a rule."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from (
            f"line {number}: {rule}: {line.strip()[:80]}" for rule, pattern in RULES.items() if pattern.search(line)
        )


def text_of(path: Path) -> str:
    """The file decoded as UTF-8; bytes that are not text are left out."""
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
def test_a_fault_is_found(text: str) -> None:
    assert list(faults_in(text))


@pytest.mark.parametrize(
    "text", ["#!/usr/bin/env python", "GET /services/home/x", "/usr/bin/chromium", "--no-emit-index-url \\"]
)
def test_what_is_allowed_is_no_fault(text: str) -> None:
    assert not list(faults_in(text))


def test_no_file_breaks_a_rule() -> None:
    faults = {
        relative(path): list(faults_in(text_of(path))) for path in project_files() if VENDORED not in path.parents
    }
    assert not {name: lines for name, lines in faults.items() if lines}


def test_private_keys_are_in_tests_only() -> None:
    tests = ROOT / "tests"
    assert not [
        relative(path) for path in project_files() if tests not in path.parents and PRIVATE_KEY.search(text_of(path))
    ]
