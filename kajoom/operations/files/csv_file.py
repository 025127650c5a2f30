"""CSV files of a host: a header and rows of cells, read so that every damaged line is reported and none is lost."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pydantic import BaseModel

from kajoom.operations.files.encoding import text_lines
from kajoom.operations.files.layout import Columns, Layout, decode_entities
from kajoom.operations.files.report import FileError, FileNote
from kajoom.operations.files.text import CONTROL, describe_character

PLAIN = Layout()
"""A file that has our own columns."""

# Bytes that are not text in the file's encoding are decoded to these.
_NOT_TEXT = re.compile("[\ud800-\udfff\ufffd]")
_SPACES = re.compile(r"[\t\r\n ]+")
_SEPARATORS = " \t\r\n,;|\N{NO-BREAK SPACE}"
_DELIMITERS = (",", ";", "\t", "|")
_NULL = re.compile(r"(?<![^\t])\\N(?=[\t\n])")
_DECLARED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by our columns, and the line of the file it begins on; ``names`` are the file's columns."""

    line: int
    cells: Mapping[str, str]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in the file, or the ``text`` of one that is damaged and the reason."""

    line: int
    cells: Sequence[str]
    text: str = ""
    damage: str = ""


class RawFile:
    """The rows of a file: after a first line ``sep=;``, its header, then every row that has content.

    The delimiter is the declared one, or the commonest of comma, semicolon, tab and bar in the header. A file without a
    header (``layout.header`` names its columns) is one that a database wrote: tabs, and a backslash before a tab or a
    line end of a cell.
    """

    def __init__(self, chunks: Iterable[bytes], layout: Layout) -> None:
        """Read the header."""
        self._seen: list[str] = []
        self._number = 0
        lines = self._noted(text_lines(chunks, layout.encoding))
        first = next((line for line in lines if line.strip(_SEPARATORS + "\n")), "")
        declared = _DECLARED.fullmatch(first)
        if declared:
            first = next(lines, "")
        self.delimiter = declared[1] if declared else _delimiter_of(first)
        self._start = self._number - 1
        if layout.header:
            values = (_NULL.sub("", line) for line in chain([first], lines))
            self._reader = csv.reader(values, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\", strict=True)
            self.delimiter, self.header, self.header_line = "\t", [name.strip() for name in layout.header], 1
        else:
            self._reader = csv.reader(chain([first], lines), delimiter=self.delimiter, strict=True)
            row = next(self.rows(), RawRow(1, ()))
            self.header, self.header_line = [name.strip() for name in row.cells], row.line

    def _noted(self, lines: Iterator[str]) -> Iterator[str]:
        """The lines, each noted for the text of a damaged row."""
        for line in lines:
            self._number += 1
            self._seen.append(line)
            yield line

    def rows(self) -> Iterator[RawRow]:
        """The rows with content; rows that are empty or of separators only are passed over."""
        while True:
            line = self._start + self._reader.line_num + 1
            self._seen.clear()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield RawRow(line, (), "".join(self._seen).rstrip("\n"), str(error))
                continue
            if any(cell.strip(_SEPARATORS) for cell in cells):
                yield RawRow(line, cells)


def _delimiter_of(header: str) -> str:
    outside = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=outside.count)


def read_rows(
    lines: Iterable[bytes], model: type[BaseModel], layout: Layout = PLAIN
) -> Iterator[Row | FileError | FileNote]:
    """The rows of a file, in the columns of ``model``; after a bad header, only its errors (``is_header``).

    Columns that are not used are named in a note. Line ends and tabs in a cell become spaces, except in the columns
    that the model names as ``lines``.
    """
    file = RawFile(lines, layout)
    columns = layout.columns_of(file.header, model)
    line = file.header_line
    errors = list(_header_errors(file.header, columns, layout))
    yield from (FileError(line, place, reason, is_header=True) for place, reason in errors)
    if errors:
        return
    if columns.unused:
        yield FileNote(line, "", f"unused columns: {', '.join(columns.unused)}")
    reader = _RowReader(file.header, columns, layout, frozenset(getattr(model, "lines", ())))
    for raw in file.rows():
        yield from reader.read(raw)


def _header_errors(header: Sequence[str], columns: Columns, layout: Layout) -> Iterator[tuple[str, str]]:
    if _NOT_TEXT.search("".join(header)):
        yield "", f"not {layout.encoding.upper()} text{_hint(layout)}"
    else:
        used = {name.casefold() for name in columns.names.values()}
        for name, times in Counter(name.casefold() for name in header if name).items():
            if times > 1 and name in used:
                yield name, "the column stands twice"
        yield from columns.errors


def _hint(layout: Layout) -> str:
    return " (--encoding windows-1252 for a CSV file of Excel)" if layout.encoding.lower() in ("utf-8", "utf8") else ""


@dataclass(frozen=True, slots=True)
class _RowReader:
    header: Sequence[str]
    columns: Columns
    layout: Layout
    lines: frozenset[str]

    def read(self, raw: RawRow) -> Iterator[Row | FileError | FileNote]:
        """The row in our columns after its notes, or what is wrong with it."""
        if raw.damage:
            yield FileError(raw.line, "", raw.damage)
            return
        cells, wrong = self._cells(raw)
        if wrong is not None:
            yield wrong
            return
        translated = self.columns.translate(cells)
        yield from (FileNote(raw.line, place, reason) for place, reason in translated.notes)
        if translated.errors:
            yield from (FileError(raw.line, place, reason) for place, reason in translated.errors)
        else:
            yield Row(raw.line, translated.cells, self.columns.names)

    def _cells(self, raw: RawRow) -> tuple[dict[str, str], FileError | None]:
        """The cells by the file's columns; cells without content after the last column are passed over."""
        texts = list(raw.cells)
        while len(texts) > len(self.header) and not texts[-1].strip():
            texts.pop()
        if len(texts) != len(self.header):
            return {}, FileError(raw.line, "", f"{len(texts)} cells under {len(self.header)} columns")
        if self.layout.has_entities:
            texts = [decode_entities(text) for text in texts]
        if not "".join(texts).isprintable() or "\ufffd" in "".join(texts):
            for name, cell in zip(self.header, texts, strict=True):
                if _NOT_TEXT.search(cell):
                    reason = f"not {self.layout.encoding.upper()} text{_hint(self.layout)}"
                    return {}, FileError(raw.line, name, reason)
                if control := CONTROL.search(cell):
                    reason = f"holds a control character: {describe_character(control[0])}"
                    return {}, FileError(raw.line, name, reason)
            multiline = {self.columns.names.get(name, "") for name in self.lines}
            texts = [
                cell if name in multiline else _SPACES.sub(" ", cell)
                for name, cell in zip(self.header, texts, strict=True)
            ]
        return dict(zip(self.header, map(str.strip, texts), strict=True)), None
