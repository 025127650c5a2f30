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
from kajoom.operations.files.text import CONTROL, describe_character, is_utf16

# Bytes that are not UTF-8 are decoded to lone surrogates.
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")
_LAYOUT = re.compile(r"[\t\r\n ]+")
_SEPARATORS = " \t\r\n,;"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by the name of their column, and the line of the file it begins on."""

    line: int
    cells: Mapping[str, str]


def read_rows(lines: Iterable[bytes], model: type[BaseModel]) -> Iterator[Row | FileError]:
    """The rows of a file whose header names fields of ``model``, in any order; after a bad header, only its errors.

    The file is UTF-8 with or without a byte order mark, with commas or semicolons. Rows without content, empty or of
    separators only, are passed over. Line ends and tabs in a quoted cell become spaces, except in the columns that
    the model names as ``lines``.
    """
    binary = iter(lines)
    head = next(binary, b"")
    if is_utf16(head):
        yield FileError(1, "", "UTF-16 text: save the file as UTF-8 (in Excel, « CSV UTF-8 »)")
        return
    first = head.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    text = (line.decode("utf-8", "surrogateescape") for line in binary)
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
        elif any(cell.strip(_SEPARATORS) for cell in cells):
            yield _row(line, names, cells, model)


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


def _row(line: int, names: list[str], cells: list[str], model: type[BaseModel]) -> Row | FileError:
    if len(cells) != len(names):
        return FileError(line, "", f"{len(cells)} cells under {len(names)} columns")
    if not "".join(cells).isprintable():
        for name, cell in zip(names, cells, strict=True):
            if _NOT_UTF8.search(cell):
                return FileError(line, name, "not UTF-8 text")
            if control := CONTROL.search(cell):
                return FileError(line, name, f"holds a control character: {describe_character(control[0])}")
        lines = getattr(model, "lines", ())
        cells = [cell if name in lines else _LAYOUT.sub(" ", cell) for name, cell in zip(names, cells, strict=True)]
    return Row(line, dict(zip(names, map(str.strip, cells), strict=True)))
