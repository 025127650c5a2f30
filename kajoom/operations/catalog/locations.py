"""Line numbers of the keys of a TOML text: the parser keeps none, so they are searched for in the text."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"-]+)\s*=")
_LAST = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")


def lines_of(text: str) -> dict[str, int]:
    """The line of each table ("groups.hosting.moves[1]" for a list of tables) and of each key that begins a line."""
    lines: dict[str, int] = {}
    tables: Counter[str] = Counter()
    header = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _HEADER.match(line):
            header = match[2].replace('"', "").replace(" ", "")
            if match[1]:
                tables[header] += 1
                header = f"{header}[{tables[header] - 1}]"
            lines.setdefault(header, number)
        elif match := _KEY.match(line):
            key = match[1].replace('"', "")
            lines.setdefault(f"{header}.{key}" if header else key, number)
    return lines


def line_of(place: str, lines: dict[str, int]) -> int | None:
    """The line of ``place``, or of the nearest table around it; ``None`` for the file as a whole."""
    while place not in lines:
        outer = _LAST.sub("", place)
        if outer == place:
            return None
        place = outer
    return lines[place]
