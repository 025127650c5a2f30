"""Whether a new password is one of those that are tried first: a common one, or the client's own name or address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

_LIST = Path(__file__).with_suffix(".txt")
_ENDS = re.compile(r"^[\W\d_]*|[\W\d_]*$")
_LONGEST_ENDS = 8
"""Digits and signs around a common word that do not make it less common: years, dates, « 123! »."""

_LONGEST_UNIT = 4
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "1234567890", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn")


def is_common(password: str, names: Collection[str] = ()) -> bool:
    """Whether a password is in the list, alone or between digits and signs, or is a repetition or a row of keys.

    ``names`` are words that stand for the client or the site. Capitals, accents and spaces make no difference.
    """
    text, listed = _plain(password), _listed()
    own = {part for name in names for part in (_bare(name), _bare(name.partition("@")[0])) if part}
    core = _core(text)
    is_own = _bare(core) in own | {word * 2 for word in own}
    return is_own or text in listed or core in listed or _is_repeated(text, listed) or _is_in_a_row(text)


def _listed() -> set[str]:
    """The passwords of the list: read for each new password, which is seldom, so that no memory is taken meanwhile."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def _plain(text: str) -> str:
    """A text without capitals, accents and spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each) and not each.isspace())


def _bare(name: str) -> str:
    """A plain text without digits and signs."""
    return re.sub(r"[\W\d_]", "", _plain(name))


def _core(text: str) -> str:
    """The text without the few digits and signs around it; the text itself when they are many."""
    core = _ENDS.sub("", text)
    return core if len(text) - len(core) <= _LONGEST_ENDS else text


def _is_repeated(text: str, listed: Collection[str]) -> bool:
    """Whether a text repeats one to four characters, or a word of the list."""
    units = [text[:length] for length in range(1, _LONGEST_UNIT + 1)]
    half = text[: len(text) // 2]
    return any((unit * len(text))[: len(text)] == text for unit in units) or (half * 2 == text and half in listed)


def _is_in_a_row(text: str) -> bool:
    """Whether a text follows the alphabet, the digits or the keys, forwards or backwards."""
    return any(text in row * 3 or text in row[::-1] * 3 for row in _ROWS)
