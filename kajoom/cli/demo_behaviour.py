"""The operator says how the demonstration's provider and panel answer next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom.worker.demonstration import BEHAVIOURS, choose

_behaviour = click.argument("behaviour", type=click.Choice(BEHAVIOURS))
_once = click.option("--once", is_flag=True, help="The next time only, then accept again.")


def _says(act: Callable[..., Any]) -> Callable[..., Any]:
    return _behaviour(_once(with_appcontext(act)))


@click.command()
@_says
def payment(behaviour: str, once: bool) -> None:
    """Have the demonstration's provider answer with BEHAVIOUR.

    Whatever is chosen, 13.13 is refused, 14.14 loses its answer once the money is taken, and 15.15 is slow.
    """
    _choose("payment", behaviour, once)


@click.command()
@_says
def panel(behaviour: str, once: bool) -> None:
    """Have the demonstration's hosting panel answer with BEHAVIOUR."""
    _choose("panel", behaviour, once)


def _choose(door: str, behaviour: str, once: bool) -> None:
    try:
        choose(current_app.extensions["kajoom"], door, behaviour, once)
    except LookupError as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"{door}: {behaviour}{', once' if once else ''}")
