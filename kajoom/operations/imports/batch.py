"""Import of the rows of a file in batches, within one transaction: all of them are kept, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from kajoom.models.db import db
from kajoom.operations.files.csv_file import Row
from kajoom.operations.files.report import FileError, ImportReport
from kajoom.operations.files.validation import REASONS, describe_errors

_BATCH_SIZE = 1000
# The header has every required column, so what the model misses is an empty cell.
_REASONS = {**REASONS, "missing": "empty"}
# A WHMCS export writes 0000-00-00 where there is no date.
_BLANK = {"", "0000-00-00"}


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A valid row: its values by column, the columns that the file does not have left out."""

    line: int
    values: dict[str, Any]


@dataclass(slots=True)
class ImportBatch:
    """The state of an import: the ``model`` of a row and its validation ``context``, what was read, and the report.

    A value of a ``unique`` column may stand only once in the file.
    """

    model: type[BaseModel]
    unique: tuple[str, ...]
    context: Any = None
    report: ImportReport = field(default_factory=ImportReport)
    _lines: dict[tuple[str, Any], int] = field(default_factory=dict)

    def batches(self, rows: Iterable[Row | FileError]) -> Iterator[list[ImportRow]]:
        """The valid rows, a thousand at a time; the errors of the others are added to the report."""
        records = self._valid_rows(rows)
        while batch := list(islice(records, _BATCH_SIZE)):
            yield batch

    def _valid_rows(self, rows: Iterable[Row | FileError]) -> Iterator[ImportRow]:
        for row in rows:
            if isinstance(row, FileError):
                self.report.errors.append(row)
                continue
            values = self._validate(row)
            if values is not None and self._is_first(row.line, values):
                yield ImportRow(row.line, values)

    def _validate(self, row: Row) -> dict[str, Any] | None:
        """The values of the row's columns, an empty cell having its field's default; ``None`` on an error."""
        cells = {name: cell for name, cell in row.cells.items() if cell not in _BLANK}
        try:
            fields = vars(self.model.model_validate(cells, context=self.context))
        except ValidationError as error:
            for place, reason in describe_errors(error, _REASONS):
                self.add_error(row.line, place, reason)
            return None
        return {name: fields[name] for name in row.cells}

    def _is_first(self, line: int, values: Mapping[str, Any]) -> bool:
        first_lines = {name: self._lines.setdefault((name, values.get(name)), line) for name in self.unique}
        repeated = [name for name, first in first_lines.items() if first != line]
        for name in repeated:
            self.add_error(line, name, f"{values[name]!r} already stands on line {first_lines[name]}")
        return not repeated

    def add_error(self, line: int, place: str, reason: str) -> None:
        """Report what is wrong with a row; nothing of the file will be kept."""
        self.report.errors.append(FileError(line, place, reason))

    def add_kept(self, line: int, kept: Iterable[tuple[str, str]]) -> None:
        """Report the values of a row that differ from ours and are not taken over."""
        self.report.kept += [FileError(line, place, reason) for place, reason in kept]

    def count(self, rows: int, added: int, changed: int) -> None:
        """Add a batch of ``rows`` to the report's figures."""
        self.report.added += added
        self.report.changed += changed
        self.report.unchanged += rows - added - changed

    @property
    def has_errors(self) -> bool:
        """Whether any row is invalid: the others are then only checked, because nothing will be kept."""
        return bool(self.report.errors)

    def finish(self, *, dry_run: bool) -> ImportReport:
        """Commit, or roll back on an error or a ``dry_run``: the one commit of an import."""
        if dry_run or self.has_errors:
            db.session.rollback()
        else:
            db.session.commit()
        return self.report
