"""A host's CSV file is a header and rows of cells; whatever damage it has taken, each line is accounted for."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kajoom.operations.imports.columns import Column
from kajoom.operations.imports.report import FileError

# Bytes that are not UTF-8 are carried as lone surrogates; line ends and tabs may stand in a quoted cell.
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by the name of their column, and the line of the file it begins on."""

    line: int
    cells: Mapping[str, str]


def read_rows(lines: Iterable[bytes], columns: Mapping[str, Column]) -> Iterator[Row | FileError]:
    """The rows of a file under a header of these columns, in any order; a bad header is the only thing told.

    UTF-8 with or without its mark; commas or semicolons; empty lines are passed over.
    """
    text = (line.decode("utf-8", "surrogateescape") for line in lines)
    first = next(text, "").removeprefix("\ufeff")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
    names: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileError(line, "", str(error))
            continue
        if line == 1:
            names = [cell.strip().lower() for cell in cells]
            wrong = list(_header_errors(names, columns))
            yield from wrong
            if wrong:
                return
        elif cells:
            yield _row(line, names, cells)


def _header_errors(names: list[str], columns: Mapping[str, Column]) -> Iterator[FileError]:
    for name, times in Counter(names).items():
        if name not in columns:
            yield FileError(1, name, f"unknown column; the columns are {', '.join(columns)}")
        elif times > 1:
            yield FileError(1, name, "the column stands twice")
    for name, column in columns.items():
        if column.required and name not in names:
            yield FileError(1, name, "the column is missing")


def _row(line: int, names: list[str], cells: list[str]) -> Row | FileError:
    if len(cells) != len(names):
        return FileError(line, "", f"{len(cells)} cells under {len(names)} columns")
    whole = "".join(cells)
    if _NOT_UTF8.search(whole):
        return FileError(line, "", "not UTF-8 text")
    if _CONTROL.search(whole):
        return FileError(line, "", "holds a control character")
    return Row(line, dict(zip(names, map(str.strip, cells), strict=True)))


def parsed(row: Row, columns: Mapping[str, Column], errors: list[FileError]) -> dict[str, Any] | None:
    """The values of a row's cells, or ``None`` once its faults are added to ``errors``.

    A column that the file does not have is not among the values: the row says nothing about it.
    """
    values: dict[str, Any] = {}
    known = len(errors)
    for name, cell in row.cells.items():
        column = columns[name]
        if cell:
            try:
                values[name] = column.read(cell)
            except ValueError as error:
                errors.append(FileError(row.line, name, str(error)))
        elif column.required:
            errors.append(FileError(row.line, name, "empty"))
        else:
            values[name] = column.default
    return values if len(errors) == known else None
