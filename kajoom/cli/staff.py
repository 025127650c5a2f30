"""What staff say of a change that a person carries out, until they say it on a page of their own."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import COMMANDS
from kajoom.cli.operator import who
from kajoom.cli.webhook_events import notices
from kajoom.domain.refusal import BusinessError
from kajoom.operations.orders.provisioning import mark_operational, mark_refused


@click.group()
def staff() -> None:
    """What a person at the host does."""


for command in (*COMMANDS, notices):
    staff.add_command(command)


@staff.command()
@click.argument("reference")
@with_appcontext
def done(reference: str) -> None:
    """Declare the change REFERENCE operational; the client is told."""
    try:
        mark_operational(reference, who(), clock.today(), clock.now())
    except (LookupError, BusinessError) as error:
        raise click.ClickException(_told(reference, error)) from None
    click.echo(f"{reference} is operational.")


@staff.command()
@click.argument("reference")
@click.option("--reason", required=True, help="What the client reads.")
@with_appcontext
def refuse(reference: str, reason: str) -> None:
    """Declare that the change REFERENCE cannot be made; what was paid becomes account credit."""
    try:
        mark_refused(reference, reason, who(), clock.today(), clock.now())
    except (LookupError, BusinessError) as error:
        raise click.ClickException(_told(reference, error)) from None
    click.echo(f"{reference} is refused, and its payment is now account credit.")


def _told(reference: str, error: Exception) -> str:
    if isinstance(error, BusinessError):
        return f"{reference} does not wait for a person: see its page."
    return f"There is no order {reference}."
