"""``flask import``: import a host's clients or services from a CSV file, or report every error in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.file_errors import exit_on_errors
from kajoom.models.catalog import catalog
from kajoom.operations.catalog.server_schema import PANELS
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.files.encoding import is_text_encoding
from kajoom.operations.files.layout import Layout
from kajoom.operations.files.report import ImportReport, LoadReport
from kajoom.operations.files.skipped import write_skipped
from kajoom.operations.imports.batch import HowToImport
from kajoom.operations.imports.clients import ClientRow, import_clients
from kajoom.operations.imports.credit import CreditRow, import_credit
from kajoom.operations.imports.folder import FolderImport, FolderReport, import_folder
from kajoom.operations.imports.map_file import read_map
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    click.argument("file", type=_FILE),
    click.option("--format", "format_", type=click.Choice(["whmcs"]), help="Read an export of this system."),
    click.option("--map", "map_", type=_FILE, help="A TOML file that maps the columns and values of the file."),
    click.option("--encoding", help="The encoding of a file that is not UTF-8, such as windows-1252."),
    click.option(
        "--skip-errors",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="Write the rows without errors, and the others with their reason to this file.",
    ),
    click.option("--dry-run", is_flag=True, help="Report what would change, and write nothing."),
)


@click.group("import")
def import_command() -> None:
    """Import clients and services from the files of the host's billing system."""


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@import_command.command("clients")
@_file_options
@with_appcontext
def clients_command(file: Path, skip_errors: Path | None, dry_run: bool, **written: Any) -> None:
    """Import the clients of a CSV FILE; importing it again changes nothing."""
    layout = _layout(**written)
    how = HowToImport(dry_run, skip_errors is not None, _progress())
    with file.open("rb") as lines:
        report = import_clients(read_rows(lines, ClientRow, layout), clock.now(), how)
    _finish(report, file, layout, skip_errors, dry_run)


@import_command.command("services")
@_file_options
@click.option("--terms", is_flag=True, help="Apply prices, quantities, plans and cycles from the next period.")
@with_appcontext
def services_command(file: Path, skip_errors: Path | None, dry_run: bool, terms: bool, **written: Any) -> None:
    """Import the services of a CSV FILE; importing it again changes nothing.

    What the file says of a service and was not taken over is named by line, with both values; the exit code is then 1.
    """
    layout = _layout(**written)
    batch = HowToImport(dry_run, skip_errors is not None, _progress())
    how = ServiceImport(clock.today(), clock.now(), with_terms=terms, batch=batch)
    with file.open("rb") as lines:
        report = import_services(read_rows(lines, ServiceRow, layout), how)
    _finish(report, file, layout, skip_errors, dry_run)


@import_command.command("credit")
@_file_options
@with_appcontext
def credit_command(file: Path, skip_errors: Path | None, dry_run: bool, **written: Any) -> None:
    """Import the account credit of clients of a CSV FILE; importing it again changes nothing."""
    layout = _layout(**written)
    how = HowToImport(dry_run, skip_errors is not None, _progress())
    with file.open("rb") as lines:
        report = import_credit(read_rows(lines, CreditRow, layout), clock.now(), how)
    _finish(report, file, layout, skip_errors, dry_run)


@import_command.command("all")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(["whmcs"]), help="Read exports of this system.")
@click.option("--encoding", help="The encoding of files that are not UTF-8, such as windows-1252.")
@click.option(
    "--skip-errors",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    help="Write the rows without errors, and the others with their reason to files of the same names in this folder.",
)
@click.option("--dry-run", is_flag=True, help="Report what would change, and write nothing.")
@with_appcontext
def all_command(folder: Path, format_: Any, encoding: str | None, skip_errors: Path | None, dry_run: bool) -> None:
    """Import the catalogue, the clients, the services and the account credit of a FOLDER, one after the other.

    The files are catalog.toml, clients*.csv, services*.csv, credit*.csv and, for their columns, map.toml.
    """
    panels = current_app.config.get("PANELS", PANELS)
    how = FolderImport(
        folder, clock.today(), clock.now(), format_, encoding, panels, _progress(), skip_errors is not None
    )
    report = import_folder(how, dry_run=dry_run)
    if not report.files:
        raise click.UsageError(
            f"{folder} has none of the files catalog.toml, clients.csv, services.csv and credit.csv."
        )
    for name, each in report.files:
        _print_file(name, each, with_counts=skip_errors is not None)
    if skip_errors is not None:
        _write_skipped_files(folder, report, skip_errors)
    if dry_run:
        click.echo("Nothing was written.")
    elif report.has_errors and skip_errors is None:
        raise click.ClickException("the files before the one with errors were written.")
    if report.has_errors or any(isinstance(each, ImportReport) and each.kept for _, each in report.files):
        raise SystemExit(1)


def _write_skipped_files(folder: Path, report: FolderReport, target: Path) -> None:
    """Write the rejected rows of each file of the folder to one of the same name in another."""
    for name, each in report.files:
        if isinstance(each, ImportReport) and each.errors and not any(error.is_header for error in each.errors):
            target.mkdir(parents=True, exist_ok=True)
            with (
                (folder / name).open("rb") as lines,
                (target / name).open("w", encoding="utf-8-sig", newline="") as file,
            ):
                rows = write_skipped(lines, report.layout, each.errors, file)
            click.echo(f"{name}: skipped {rows}, in {target / name}")


def _print_file(name: str, report: LoadReport | ImportReport, *, with_counts: bool) -> None:
    differences = report.kept if isinstance(report, ImportReport) else []
    notes = report.notes if isinstance(report, ImportReport) else []
    for each in (*notes, *sorted(report.errors, key=lambda error: error.line or 0), *differences):
        click.echo(f"{name}: {each}", err=True)
    if report.errors:
        click.echo(f"{name}: {len(report.errors)} error{'s' if len(report.errors) > 1 else ''}", err=True)
    if isinstance(report, ImportReport) and (report.is_written or with_counts or not report.errors):
        click.echo(f"{name}: added {report.added}, changed {report.changed}, unchanged {report.unchanged}")
    elif isinstance(report, LoadReport) and not report.errors:
        added, changed = len(report.added), len(report.changed) + len(report.withdrawn)
        click.echo(f"{name}: added {added}, changed {changed}, unchanged {report.unchanged}")


def _layout(format_: Any, map_: Path | None, encoding: str | None) -> Layout:
    if encoding is not None and not is_text_encoding(encoding):
        raise click.UsageError(f"--encoding: not an encoding of text: {encoding}")
    layout = read_map(map_.read_bytes() if map_ else None, format_, encoding, catalog())
    if isinstance(layout, Layout):
        return layout
    click.echo(f"{map_}:", err=True)
    exit_on_errors(layout)
    raise AssertionError("a mapping without a layout has errors")


def _progress() -> Callable[[str, int], None]:
    """Shows on a terminal how far an import is; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda done, rows: None

    def show(done: str, rows: int) -> None:
        click.echo(f"\r{done}: {rows} rows ", nl=False, err=True)

    return show


def _finish(report: ImportReport, file: Path, layout: Layout, skip_errors: Path | None, dry_run: bool) -> None:
    """Print what was done and what was not, and end with exit code 1 where a row or a value was left out."""
    report.errors.sort(key=lambda error: error.line or 0)
    for note in report.notes:
        click.echo(str(note), err=True)
    if not report.is_written and (skip_errors is None or any(error.is_header for error in report.errors)):
        exit_on_errors(report.errors)
    click.echo(f"added: {report.added}\nchanged: {report.changed}\nunchanged: {report.unchanged}")
    for each in (*report.errors, *report.kept):
        click.echo(str(each), err=True)
    if dry_run:
        click.echo("Nothing was written.")
    if skip_errors is not None:
        with file.open("rb") as lines, skip_errors.open("w", encoding="utf-8-sig", newline="") as skipped:
            rows = write_skipped(lines, layout, report.errors, skipped)
        click.echo(f"skipped: {rows}, in {skip_errors}")
    _exit_on_differences(report, dry_run)


def _exit_on_differences(report: ImportReport, dry_run: bool) -> None:
    if report.kept:
        number = f"{len(report.kept)} value{'s' if len(report.kept) > 1 else ''}"
        raise click.ClickException(f"{number} of the file kept as here{'' if dry_run else '; the rest was written'}.")
    if report.errors:
        number = f"{len(report.errors)} error{'s' if len(report.errors) > 1 else ''}"
        raise click.ClickException(f"{number}; {'nothing' if dry_run else 'the rest'} was written.")
