"""A file with a fault in it is refused whole: every fault is told on the error output, and the command fails."""

from __future__ import annotations

from collections.abc import Sequence

import click

from kajoom.operations.imports.report import FileError


def refuse(errors: Sequence[FileError]) -> None:
    """End the command with exit code 1 when there is any fault."""
    for error in errors:
        click.echo(str(error), err=True)
    if errors:
        raise click.ClickException(f"{len(errors)} fault{'s' if len(errors) > 1 else ''}: nothing was written.")
