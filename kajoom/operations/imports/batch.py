"""Import of the rows of a file: all of them are checked first, then written in transactions of a thousand rows."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol

from pydantic import BaseModel, ValidationError

from kajoom.models.db import db
from kajoom.operations.files.csv_file import Row
from kajoom.operations.files.report import FileError, FileNote, ImportReport
from kajoom.operations.files.validation import REASONS, describe_errors
from kajoom.operations.transaction import transactional

BATCH_SIZE = 1000
"""Rows that are written in one transaction: a client waits for no more than that of them."""

# The header has every required column, so what the model misses is an empty cell.
_REASONS = {**REASONS, "missing": "empty"}
_TIMES = ("", " 00:00", " 00:00:00")
# Other systems write a date of zeros where there is none, and \N where a database has no value.
_BLANK = {"", r"\N"} | {
    f"{day}{time}" for day in ("0000-00-00", "0000/00/00", "00/00/0000", "00-00-0000") for time in _TIMES
}

Progress = Callable[[str, int], None]
"""Called with what was done, "checked" or "written", and to how many rows so far."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A valid row: its values by column, the columns that the file does not have left out."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HowToImport:
    """With ``dry_run`` nothing is written; with ``skip_errors`` the rows without errors are, else none of them."""

    dry_run: bool = False
    skip_errors: bool = False
    progress: Progress = lambda done, rows: None


ALL_OR_NOTHING = HowToImport()
"""Any row with an error keeps the whole file out."""


class Importer(Protocol):
    """What is imported: the ``model`` of a row, its validation ``context``, and the columns without repeated values."""

    model: type[BaseModel]
    unique: tuple[str, ...]
    context: Any

    def read(self, records: Sequence[ImportRow]) -> Any:
        """What the database has that the rows are compared with."""

    def errors(self, values: Mapping[str, Any], facts: Any) -> Iterator[tuple[str, str]]:
        """The place and reason of what is wrong with a row whose cells are each valid."""

    def notes(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The place and reason of what an operator should know of a valid row."""

    def write(self, records: Sequence[ImportRow], facts: Any) -> Written:
        """Add and update the rows."""


FollowUpAct = Callable[[], FileError | None]
"""Something in a transaction of its own that follows a row; a difference when it is no longer possible."""


@dataclass(slots=True)
class Written:
    """How many rows were added and changed, the values of rows left as they are here, and what is to follow."""

    added: int = 0
    changed: int = 0
    differences: list[tuple[int, str, str]] = field(default_factory=list)
    follow_ups: list[FollowUpAct] = field(default_factory=list)


@dataclass(slots=True)
class ImportBatch:
    """The state of an import: its report, the first line of each value, and the file's names of our columns."""

    importer: Importer
    how: HowToImport
    report: ImportReport = field(default_factory=ImportReport)
    _lines: dict[str, dict[Any, int]] = field(default_factory=dict)
    _names: Mapping[str, str] = field(default_factory=dict)

    def run(self, rows: Iterable[Row | FileError]) -> ImportReport:
        """Check every row, then write those without errors, unless an error keeps the whole file out.

        What was valid is between the two in a temporary file, so that memory does not grow with the file. A row that
        something done meanwhile makes invalid is not written and is an error of the report.
        """
        with TemporaryFile() as checked:
            valid = self._valid_rows(rows)
            done = 0
            while records := list(islice(valid, BATCH_SIZE)):
                valid_now = [(record.line, record.values) for record in self._check(records)]
                pickle.dump(valid_now, checked, pickle.HIGHEST_PROTOCOL)
                done += len(records)
                self.how.progress("checked", done)
            errors = self.report.errors
            if not errors or (self.how.skip_errors and not any(error.is_header for error in errors)):
                checked.seek(0)
                self._write_all(checked)
        return self.report

    def _write_all(self, checked: BinaryIO) -> None:
        done = 0
        for records in _batches(checked):
            valid, written = self._write(records)
            report, names = self.report, self._names
            report.is_written = not self.how.dry_run
            report.added += written.added
            report.changed += written.changed
            report.unchanged += len(valid) - written.added - written.changed
            report.kept += [FileError(line, names.get(place, place), text) for line, place, text in written.differences]
            if not self.how.dry_run:
                report.kept += [difference for follow in written.follow_ups if (difference := follow())]
            done += len(records)
            self.how.progress("written", done)

    def _check(self, records: list[ImportRow]) -> list[ImportRow]:
        """The rows without errors, as the database is now."""

        @transactional(read_only=True)
        def check() -> tuple[list[ImportRow], Any, list[FileError]]:
            return self._without_errors(records)

        valid, _, errors = check()
        self.report.errors += errors
        return valid

    def _write(self, records: list[ImportRow]) -> tuple[list[ImportRow], Written]:
        """Write rows in one transaction, which a dry run rolls back."""

        @transactional
        def write() -> tuple[list[ImportRow], Written, list[FileError]]:
            valid, facts, errors = self._without_errors(records)
            written = self.importer.write(valid, facts)
            if self.how.dry_run:
                db.session.rollback()
            return valid, written, errors

        valid, written, errors = write()
        self.report.errors += errors
        return valid, written

    def _without_errors(self, records: list[ImportRow]) -> tuple[list[ImportRow], Any, list[FileError]]:
        """The rows without errors, what they were compared with, and the errors of the others."""
        facts = self.importer.read(records)
        valid, wrong = list[ImportRow](), list[FileError]()
        for record in records:
            errors = list(self.importer.errors(record.values, facts))
            wrong += [self._error(record.line, place, reason) for place, reason in errors]
            if not errors:
                valid.append(record)
        return valid, facts, wrong

    def _valid_rows(self, rows: Iterable[Row | FileError]) -> Iterator[ImportRow]:
        for row in rows:
            if isinstance(row, FileNote):
                self.report.notes.append(row)
            elif isinstance(row, FileError):
                self.report.errors.append(row)
            else:
                self._names = row.names
                values = self._validate(row)
                if values is not None and self._is_first(row.line, values):
                    self.report.notes += [
                        FileNote(row.line, self._names.get(place, place), reason)
                        for place, reason in self.importer.notes(values)
                    ]
                    yield ImportRow(row.line, values)

    def _validate(self, row: Row) -> dict[str, Any] | None:
        """The values of the row's columns, an empty cell having its field's default; ``None`` on an error."""
        cells = {name: cell for name, cell in row.cells.items() if cell not in _BLANK}
        try:
            fields = vars(self.importer.model.model_validate(cells, context=self.importer.context))
        except ValidationError as error:
            for place, reason in describe_errors(error, _REASONS):
                self.report.errors.append(self._error(row.line, place, reason))
            return None
        return {name: fields[name] for name in row.cells}

    def _is_first(self, line: int, values: Mapping[str, Any]) -> bool:
        repeated = False
        for name in self.importer.unique:
            first = self._lines.setdefault(name, {}).setdefault(values.get(name), line)
            if first != line:
                reason = f"{values[name]!r} already stands on line {first}"
                self.report.errors.append(self._error(line, name, reason))
                repeated = True
        return not repeated

    def _error(self, line: int, place: str, reason: str) -> FileError:
        """What is wrong with a row, at the column as the file names it."""
        return FileError(line, self._names.get(place, place), reason)


def _batches(checked: BinaryIO) -> Iterator[list[ImportRow]]:
    while True:
        try:
            rows = pickle.load(checked)  # noqa: S301 - written above, in a file that has no name
        except EOFError:
            return
        yield [ImportRow(line, values) for line, values in rows]
