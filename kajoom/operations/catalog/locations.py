"""Where each key of a TOML text stands: the parser keeps no line numbers, so they are looked for in the text."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"-]+)\s*=")
_LAST = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")


def lines_of(text: str) -> dict[str, int]:
    """The line of each table ("groups.hosting.moves[1]" for a list of tables) and of each key at its left margin."""
    lines: dict[str, int] = {}
    seen: Counter[str] = Counter()
    header = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _HEADER.match(line):
            header = found[2].replace('"', "").replace(" ", "")
            if found[1]:
                seen[header] += 1
                header = f"{header}[{seen[header] - 1}]"
            lines.setdefault(header, number)
        elif found := _KEY.match(line):
            key = found[1].replace('"', "")
            lines.setdefault(f"{header}.{key}" if header else key, number)
    return lines


def line_of(place: str, lines: dict[str, int]) -> int | None:
    """The line of ``place``, or of the nearest thing it stands in; ``None`` for the file as a whole."""
    while place not in lines:
        outer = _LAST.sub("", place)
        if outer == place:
            return None
        place = outer
    return lines[place]
