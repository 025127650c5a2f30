"""``flask import``: import a host's clients or services from a CSV file, or report every error in it."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.file_errors import exit_on_errors
from kajoom.operations.files.csv_file import read_rows
from kajoom.operations.files.report import ImportReport
from kajoom.operations.imports.clients import ClientRow, import_clients
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DRY_RUN = click.option("--dry-run", is_flag=True, help="Report what would change, and write nothing.")


@click.group("import")
def import_command() -> None:
    """Import clients and services from the files of the host's billing system."""


@import_command.command("clients")
@FILE
@DRY_RUN
@with_appcontext
def clients_command(file: Path, dry_run: bool) -> None:
    """Import the clients of a CSV FILE; importing it again changes nothing."""
    with file.open("rb") as lines:
        report = import_clients(read_rows(lines, ClientRow), clock.now(), dry_run=dry_run)
    _print_report(report, dry_run)


@import_command.command("services")
@FILE
@DRY_RUN
@click.option("--terms", is_flag=True, help="Apply prices, quantities, plans and cycles from the next period.")
@with_appcontext
def services_command(file: Path, dry_run: bool, terms: bool) -> None:
    """Import the services of a CSV FILE; importing it again changes nothing.

    What the file says of a service and was not taken over is named by line, with both values; the exit code is then 1.
    """
    how = ServiceImport(clock.today(), clock.now(), with_terms=terms, dry_run=dry_run)
    with file.open("rb") as lines:
        report = import_services(read_rows(lines, ServiceRow), how)
    _print_report(report, dry_run)


def _print_report(report: ImportReport, dry_run: bool) -> None:
    exit_on_errors(report.errors)
    click.echo(f"added: {report.added}\nchanged: {report.changed}\nunchanged: {report.unchanged}")
    for kept in report.kept:
        click.echo(str(kept), err=True)
    if dry_run:
        click.echo("Nothing was written.")
    if report.kept:
        number = f"{len(report.kept)} value{'s' if len(report.kept) > 1 else ''}"
        raise click.ClickException(f"{number} of the file kept as here{'' if dry_run else '; the rest was written'}.")
