"""``flask demo payment``, ``panel`` and ``usage``: how the demonstration's provider and panel respond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom.worker.demonstration import BEHAVIOURS, choose, set_usage

_behaviour = click.argument("behaviour", type=click.Choice(BEHAVIOURS))
_AMOUNT = click.IntRange(0, 2**31 - 1)
_once = click.option("--once", is_flag=True, help="The next time only, then accept again.")


def _with_behaviour(command: Callable[..., Any]) -> Callable[..., Any]:
    return _behaviour(_once(with_appcontext(command)))


@click.command()
@_with_behaviour
def payment(behaviour: str, once: bool) -> None:
    """Make the demonstration's payment provider respond with BEHAVIOUR.

    Whatever the behaviour, an amount of 13.13 is refused, the response to 14.14 is lost after the money is taken, and
    the one to 15.15 is slow.
    """
    _choose("payment", behaviour, once)


@click.command()
@_with_behaviour
def panel(behaviour: str, once: bool) -> None:
    """Make the demonstration's hosting panel respond with BEHAVIOUR."""
    _choose("panel", behaviour, once)


@click.command()
@click.argument("account")
@click.option("--disk-mb", type=_AMOUNT, help="Disk space in megabytes.")
@click.option("--mailboxes", type=_AMOUNT)
@click.option("--databases", type=_AMOUNT)
@with_appcontext
def usage(account: str, **amounts: int | None) -> None:
    """Make the demonstration's hosting panel report what ACCOUNT uses, such as exemple; the rest stays as it is."""
    given = {resource: amount for resource, amount in amounts.items() if amount is not None}
    if not given:
        raise click.UsageError("Give --disk-mb, --mailboxes or --databases.")
    try:
        set_usage(current_app.extensions["kajoom"], account, given)
    except LookupError as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"{account}: {', '.join(f'{resource} {amount}' for resource, amount in given.items())}")


def _choose(system: str, behaviour: str, once: bool) -> None:
    try:
        choose(current_app.extensions["kajoom"], system, behaviour, once)
    except LookupError as error:
        raise click.ClickException(str(error.args[0])) from error
    click.echo(f"{system}: {behaviour}{', once' if once else ''}")
