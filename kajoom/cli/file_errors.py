"""A file with a fault in it is refused whole: every fault is told on the error output, and the command fails."""

from __future__ import annotations

from collections.abc import Sequence

import click

from kajoom.operations.imports.report import Fault


def refuse(faults: Sequence[Fault]) -> None:
    """End the command with exit code 1 when there is any fault."""
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        raise click.ClickException(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}: nothing was written.")
