"""The rows of a host's file that were not written, in a file of their own with the reason, to be corrected there."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from kajoom.operations.files.csv_file import RawFile
from kajoom.operations.files.layout import Layout
from kajoom.operations.files.report import FileError

REASON = "reason"
"""The column that is added to the rejected rows."""


def write_skipped(chunks: Iterable[bytes], layout: Layout, errors: Iterable[FileError], out: TextIO) -> int:
    """Write the rows of a file that have errors, as they stand there, with their reasons; return how many.

    The column of a damaged row is its first one, with the text of the whole row.
    """
    reasons: dict[int | None, list[str]] = {}
    for error in errors:
        reasons.setdefault(error.line, []).append(str(FileError(None, error.place, error.reason)))
    file = RawFile(chunks, layout)
    writer = csv.writer(out, delimiter=file.delimiter)
    header = [name for name in file.header if name != REASON]
    writer.writerow([*header, REASON])
    width = len(file.header)
    written = 0
    for row in file.rows():
        if row.line in reasons:
            cells = list(row.cells) or [row.text]
            cells = [*cells, *[""] * (width - len(cells))]
            writer.writerow([*_without_reason(cells, file.header), "; ".join(reasons[row.line])])
            written += 1
    return written


def _without_reason(cells: list[str], header: list[str]) -> list[str]:
    """The cells without the reasons of an earlier import, where the file is already one of rejected rows."""
    return [cell for index, cell in enumerate(cells) if index >= len(header) or header[index] != REASON]
