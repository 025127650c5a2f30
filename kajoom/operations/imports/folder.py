"""Import of a host's whole folder: its catalogue, clients, services and account credit, each after what it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from kajoom.models.catalog import catalog, forget_catalog
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.files.csv_file import PLAIN, Row, read_rows
from kajoom.operations.files.layout import Layout
from kajoom.operations.files.report import FileError, ImportReport, LoadReport
from kajoom.operations.imports.batch import HowToImport, Progress
from kajoom.operations.imports.clients import ClientRow, import_clients
from kajoom.operations.imports.credit import CreditRow, import_credit
from kajoom.operations.imports.map_file import Format, read_map
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services
from kajoom.operations.transaction import trial

Rows = Iterator[Row | FileError]

CATALOG = "catalog.toml"


@dataclass(frozen=True, slots=True)
class FolderImport:
    """A folder and how it is imported: the others, from ``exported_by`` on, are those of ``flask import``."""

    folder: Path
    on: date
    at: datetime
    exported_by: Format | None = None
    encoding: str | None = None
    panels: Collection[str] = ()
    progress: Progress = lambda done, rows: None
    skip_errors: bool = False

    @property
    def batch(self) -> HowToImport:
        """How each of its files is imported."""
        return HowToImport(skip_errors=self.skip_errors, progress=self.progress)


@dataclass(slots=True)
class FolderReport:
    """What each file of a folder changed, in the order in which they were read; the last may be one that ended it.

    ``layout`` is how the CSV files are written.
    """

    files: list[tuple[str, LoadReport | ImportReport]] = field(default_factory=list)
    layout: Layout = PLAIN

    @property
    def has_errors(self) -> bool:
        """Whether a file was not loaded."""
        return any(report.errors for _, report in self.files)


def import_folder(how: FolderImport, *, dry_run: bool) -> FolderReport:
    """Load ``catalog.toml``, then ``clients*.csv``, ``services*.csv`` and ``credit*.csv`` of a folder, up to an error.

    With ``skip_errors`` only an error of the catalogue, of the mapping or of a header ends it.

    ``map.toml``, where the folder has it, is the mapping of the CSV files. A dry run does all of it for trial, so that
    clients and services are checked against the catalogue beside them, and writes nothing.
    """
    if not dry_run:
        return _import(how)
    try:
        with trial():
            return _import(how)
    finally:
        forget_catalog()


def _import(how: FolderImport) -> FolderReport:
    report = FolderReport()
    path = how.folder / CATALOG
    if path.is_file():
        report.files.append((CATALOG, load_catalog(path.read_bytes(), how.at, folder=how.folder, panels=how.panels)))
    if report.has_errors:
        return report
    layout = _layout(how)
    if not isinstance(layout, Layout):
        report.files.append(("map.toml", ImportReport(errors=[replace(error, is_header=True) for error in layout])))
        return report
    report.layout = layout
    for prefix, load in _LOADS.items():
        for path in sorted(how.folder.glob(f"{prefix}*.csv")):
            with path.open("rb") as lines:
                loaded = load(lines, layout, how)
            report.files.append((path.name, loaded))
            if any(error.is_header or not how.skip_errors for error in loaded.errors):
                return report
    return report


def _layout(how: FolderImport) -> Layout | list[FileError]:
    path = how.folder / "map.toml"
    return read_map(path.read_bytes() if path.is_file() else None, how.exported_by, how.encoding, catalog())


_LOADS: dict[str, Callable[..., ImportReport]] = {
    "clients": lambda lines, layout, how: import_clients(read_rows(lines, ClientRow, layout), how.at, how.batch),
    "services": lambda lines, layout, how: import_services(
        read_rows(lines, ServiceRow, layout), ServiceImport(how.on, how.at, batch=how.batch)
    ),
    "credit": lambda lines, layout, how: import_credit(read_rows(lines, CreditRow, layout), how.at, how.batch),
}
