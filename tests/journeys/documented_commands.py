"""The commands that a document tells its reader to run, taken from its fenced blocks in their order."""

from __future__ import annotations

import re
import shlex
import textwrap

from tests.architecture.files import ROOT

_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, section: str = "") -> list[tuple[str, str]]:
    """The fenced blocks of a document, or of one section of it: the language of each, and its text."""
    text = (ROOT / "docs" / document).read_text("utf-8")
    if section:
        found = re.search(rf"^(#+) {re.escape(section)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
        assert found is not None, f"{document} has no section {section}"
        text = found[2]
    return [(language, textwrap.dedent(body)) for language, body in _BLOCK.findall(text)]


def commands(document: str, section: str = "") -> list[list[str]]:
    """The arguments of each command in those blocks: ``sh`` for the application's, ``console`` for the system's."""
    lines = [
        line.removeprefix("$ ")
        for language, body in blocks(document, section)
        if language in {"sh", "console"}
        for line in body.splitlines()
    ]
    return [arguments for line in lines if (arguments := shlex.split(line, comments=True))]
