"""CSV files of a host: a header and rows of cells, read so that every damaged line is reported and none is lost."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from pydantic import BaseModel

from kajoom.operations.files.report import FileError

# Bytes that are not UTF-8 are decoded to lone surrogates; line ends and tabs are allowed in a quoted cell.
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by the name of their column, and the line of the file it begins on."""

    line: int
    cells: Mapping[str, str]


def read_rows(lines: Iterable[bytes], model: type[BaseModel]) -> Iterator[Row | FileError]:
    """The rows of a file whose header names fields of ``model``, in any order; after a bad header, only its errors.

    The file is UTF-8 with or without a byte order mark, with commas or semicolons; empty lines are skipped.
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
            errors = list(_header_errors(names, model))
            yield from errors
            if errors:
                return
        elif cells:
            yield _row(line, names, cells)


def _header_errors(names: list[str], model: type[BaseModel]) -> Iterator[FileError]:
    columns = model.model_fields
    for name, times in Counter(names).items():
        if name not in columns:
            yield FileError(1, name, f"unknown column; the columns are {', '.join(columns)}")
        elif times > 1:
            yield FileError(1, name, "the column stands twice")
    for name, column in columns.items():
        if column.is_required() and name not in names:
            yield FileError(1, name, "the column is missing")


def _row(line: int, names: list[str], cells: list[str]) -> Row | FileError:
    if len(cells) != len(names):
        return FileError(line, "", f"{len(cells)} cells under {len(names)} columns")
    content = "".join(cells)
    if _NOT_UTF8.search(content):
        return FileError(line, "", "not UTF-8 text")
    if _CONTROL.search(content):
        return FileError(line, "", "holds a control character")
    return Row(line, dict(zip(names, map(str.strip, cells), strict=True)))
