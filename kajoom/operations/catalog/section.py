"""A section is one table of the host's file, read strictly: faults are noted with their place, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from kajoom.domain.cycle import parse_day

Code = TypeVar("Code", bound=StrEnum)

LANGUAGES = {"fr": "French", "en": "English"}
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
# Line ends and tabs are layout; any other control character has no business in a text, and NUL no place in PostgreSQL.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MISSING = object()


class Section:
    """A table at ``place`` ("groups.hosting"). Each key is asked for once by its kind; ``close`` notes the others.

    A value that is wrong is noted and answered with its kind's nothing, so that one reading finds every fault.
    """

    def __init__(self, table: dict[str, Any], place: str, noted: list[tuple[str, str]]) -> None:
        self.table, self.place, self._noted = table, place, noted
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """The full name of a key of this section."""
        return f"{self.place}.{key}" if self.place else key

    def note(self, key: str, reason: str) -> None:
        """Say what is wrong at ``key``."""
        self._noted.append((self.at(key), reason))

    def close(self) -> None:
        """Note the keys that nobody asked for: a misspelt key must not pass for an absent one."""
        for key in self.table.keys() - self._asked:
            self.note(key, "unknown key")

    def _value(self, key: str, kind: type, name: str, *, required: bool) -> Any:
        self._asked.add(key)
        value = self.table.get(key, _MISSING)
        if value is _MISSING:
            if required:
                self.note(key, "missing")
            return None
        # A flag is a whole number for Python; in a catalogue, ``level = true`` is a slip.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.note(key, f"{name} expected")
            return None
        return value

    def text(self, key: str, *, required: bool = True) -> str:
        """A text that is not empty; "" where it is optional and absent."""
        value = self._value(key, str, "a text in quotes", required=required)
        return self._clean(key, value) if value is not None else ""

    def _clean(self, key: str, value: str) -> str:
        if not value.strip():
            self.note(key, "empty")
        if _UNPRINTABLE.search(value):
            self.note(key, "holds a control character")
        return value.strip()

    def texts(self, key: str) -> list[str]:
        """A list of texts, empty where absent."""
        values = self._value(key, list, "a list of texts", required=False) or []
        if not all(isinstance(value, str) for value in values):
            self.note(key, "a list of texts expected")
            return []
        return [self._clean(key, value) for value in values]

    def translated(self, key: str, *, required: bool = True) -> dict[str, str]:
        """A text in both languages; ``{}`` where it is optional and absent."""
        value = self._value(key, dict, 'a text in both languages, { fr = "…", en = "…" },', required=required)
        return self._both(key, value) if value is not None else {}

    def translations(self, key: str) -> list[dict[str, str]]:
        """A list of texts in both languages, empty where absent."""
        values = self._value(key, list, "a list of texts in both languages", required=False) or []
        if not all(isinstance(value, dict) for value in values):
            self.note(key, "a list of texts in both languages expected")
            return []
        return [self._both(f"{key}[{index}]", value) for index, value in enumerate(values)]

    def _both(self, key: str, table: dict[str, Any]) -> dict[str, str]:
        inner = Section(table, self.at(key), self._noted)
        for code, language in LANGUAGES.items():
            if code not in table:
                self.note(key, f"{language} is missing")
        both = {code: inner.text(code, required=False) for code in LANGUAGES}
        inner.close()
        return both

    def whole(self, key: str, least: int, most: int) -> int:
        """A required whole number between two others, both allowed."""
        value = self._value(key, int, "a whole number", required=True)
        if value is not None and not least <= value <= most:
            self.note(key, f"from {least} to {most} expected")
        return int(value or 0)

    def limit(self, key: str, most: int) -> int | None:
        """An amount, or ``None`` for "unlimited"."""
        if self.table.get(key) == "unlimited":
            self._asked.add(key)
            return None
        return self.whole(key, 0, most)

    def flag(self, key: str) -> bool:
        """``true`` or ``false``; false where absent."""
        return bool(self._value(key, bool, "true or false", required=False))

    def day(self, key: str) -> date | None:
        """A day, bare as TOML has it or in quotes; ``None`` where absent."""
        if isinstance(self.table.get(key), str):
            try:
                return parse_day(self.text(key))
            except ValueError as error:
                self.note(key, str(error))
                return None
        value: date | None = self._value(key, date, "a date like 2022-11-01", required=False)
        if isinstance(value, datetime):
            self.note(key, "a date without a time expected")
            return None
        return value

    def code(self, key: str, codes: type[Code], default: Code) -> Code:
        """One of a closed set of words."""
        if key not in self.table:
            return default
        text = self.text(key)
        if text not in set(codes):
            self.note(key, f"one of {', '.join(codes)} expected")
            return default
        return codes(text)

    def section(self, key: str, *, required: bool = False) -> Section:
        """The table under ``key``, an empty one where absent."""
        return Section(self._value(key, dict, "a table", required=required) or {}, self.at(key), self._noted)

    def sections(self, key: str, pattern: re.Pattern[str] = CODE) -> Iterator[tuple[str, Section]]:
        """Each table under ``key`` with its code, in the order of the file."""
        tables = self._value(key, dict, "a table of tables", required=False) or {}
        inner = Section(tables, self.at(key), self._noted)
        for code in tables:
            if not pattern.fullmatch(code):
                inner.note(code, f"not a code: {pattern.pattern}")
            yield code, inner.section(code)

    def listed(self, key: str) -> Iterator[Section]:
        """Each table of a list of tables."""
        for index, table in enumerate(self._value(key, list, "a list of tables", required=False) or []):
            if isinstance(table, dict):
                yield Section(table, self.at(f"{key}[{index}]"), self._noted)
            else:
                self.note(f"{key}[{index}]", "a table expected")
