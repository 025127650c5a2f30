"""An intake takes the rows of a file in batches within one transaction, and keeps all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from kajoom.models.db import db
from kajoom.operations.imports.columns import Column
from kajoom.operations.imports.csv_file import Row, parsed
from kajoom.operations.imports.report import FileError, ImportReport

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row whose cells are all what they must be."""

    line: int
    values: dict[str, Any]


@dataclass(slots=True)
class ImportBatch:
    """What has been read so far. ``unique`` names the columns whose values may each stand once in the file."""

    columns: Mapping[str, Column]
    unique: tuple[str, ...]
    report: ImportReport = field(default_factory=ImportReport)
    _lines: dict[tuple[str, Any], int] = field(default_factory=dict)

    def batches(self, rows: Iterable[Row | FileError]) -> Iterator[list[ImportRow]]:
        """The good rows, a thousand at a time; the others are told in the report."""
        records = self._records(rows)
        while batch := list(islice(records, _BATCH)):
            yield batch

    def _records(self, rows: Iterable[Row | FileError]) -> Iterator[ImportRow]:
        for row in rows:
            if isinstance(row, FileError):
                self.report.errors.append(row)
                continue
            values = parsed(row, self.columns, self.report.errors)
            if values is not None and self._first(row.line, values):
                yield ImportRow(row.line, values)

    def _first(self, line: int, values: Mapping[str, Any]) -> bool:
        earlier = {name: self._lines.setdefault((name, values.get(name)), line) for name in self.unique}
        twice = [name for name, found in earlier.items() if found != line]
        for name in twice:
            self.error(line, name, f"{values[name]!r} already stands on line {earlier[name]}")
        return not twice

    def error(self, line: int, place: str, reason: str) -> None:
        """Tell what is wrong with a row; nothing of the file will be kept."""
        self.report.errors.append(FileError(line, place, reason))

    def count(self, rows: int, added: int, changed: int) -> None:
        """Tell what became of a batch of ``rows``."""
        self.report.added += added
        self.report.changed += changed
        self.report.unchanged += rows - added - changed

    @property
    def has_errors(self) -> bool:
        """Whether the rest need only be checked, since nothing will be kept."""
        return bool(self.report.errors)

    def finish(self, *, dry_run: bool) -> ImportReport:
        """Keep what was taken in, or let all of it go: the one commit of an import."""
        if dry_run or self.has_errors:
            db.session.rollback()
        else:
            db.session.commit()
        return self.report
