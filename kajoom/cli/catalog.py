"""``flask catalog load``: load the host's catalogue file, or report every error in it."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.file_errors import exit_on_errors
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.catalog.server_schema import PANELS


@click.group("catalog")
def catalog_command() -> None:
    """The host's catalogue: what is sold, and at what price."""


@catalog_command.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Report what would change, and write nothing.")
@with_appcontext
def load_command(file: Path, dry_run: bool) -> None:
    """Load a catalogue FILE in TOML; loading it again changes nothing."""
    panels = current_app.config.get("PANELS", PANELS)
    report = load_catalog(file.read_bytes(), clock.now(), folder=file.parent, dry_run=dry_run, panels=panels)
    exit_on_errors(report.errors)
    for verb, places in (("added", report.added), ("changed", report.changed), ("withdrawn", report.withdrawn)):
        for place in places:
            click.echo(f"{verb}: {place}")
    click.echo(f"unchanged: {report.unchanged}")
    if not report.has_changes:
        click.echo(f"Catalogue {report.version} already has what is in the file.")
    elif dry_run:
        click.echo(f"Nothing was written; this would be catalogue {report.version}.")
    else:
        click.echo(f"This is now catalogue {report.version}.")
