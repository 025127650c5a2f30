"""`docs/security.md` answers every chapter of OWASP ASVS 5.0 that applies, and names tests that exist."""

from __future__ import annotations

import re

from tests.architecture.files import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CHAPTERS = [2, 3, 4, 6, 7, 8, 11, 12, 13, 14, 15, 16]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| \d+\.\d ", line)
]


def test_every_chapter_that_applies_has_its_table() -> None:
    assert [int(number) for number in re.findall(r"^### V(\d+) ", TEXT, re.MULTILINE)] == CHAPTERS
    assert {int(row[0].split(".")[0]) for row in ROWS} == set(CHAPTERS)


def test_every_section_names_a_test_that_exists_or_what_the_host_does() -> None:
    for section, where, tests, host in ROWS:
        paths = re.findall(r"`(tests/[\w/]+\.py)`", tests)
        assert where, section
        assert paths or host, section
        assert [path for path in paths if not (ROOT / path).is_file()] == [], section
