"""Errors of a host's file on the error output; a file with any error is not loaded at all."""

from __future__ import annotations

from collections.abc import Sequence

import click

from kajoom.operations.files.report import FileError


def exit_on_errors(errors: Sequence[FileError]) -> None:
    """Print each error and end the command with exit code 1, if there are any."""
    for error in errors:
        click.echo(str(error), err=True)
    if errors:
        raise click.ClickException(f"{len(errors)} error{'s' if len(errors) > 1 else ''}: nothing was written.")
