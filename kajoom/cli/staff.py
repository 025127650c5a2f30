"""``flask staff``: the outcome of changes that staff carry out, and the commands of the ledger."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import LEDGER_COMMANDS, exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.cli.webhook_events import notices
from kajoom.domain.refusal import BusinessError
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.orders.provisioning import mark_operational, mark_refused


@click.group()
def staff() -> None:
    """What the host's staff do: outcomes of changes, payments received, credit, refunds, reconciliation."""


for command in (*LEDGER_COMMANDS, notices):
    staff.add_command(command)


@staff.command()
@click.argument("reference")
@with_appcontext
def done(reference: str) -> None:
    """Declare the change REFERENCE operational; the client is sent an e-mail."""
    try:
        mark_operational(reference, current_operator(), clock.today(), clock.now())
    except (LookupError, BusinessError) as error:
        raise click.ClickException(_describe_error(reference, error)) from None
    click.echo(f"{reference} is operational.")


@staff.command()
@click.argument("reference")
@click.option("--reason", required=True, help="What the client reads.")
@with_appcontext
def refuse(reference: str, reason: str) -> None:
    """Declare that the change REFERENCE cannot be made; what was paid becomes account credit."""
    try:
        mark_refused(reference, reason, current_operator(), clock.today(), clock.now())
    except (LookupError, BusinessError) as error:
        raise click.ClickException(_describe_error(reference, error)) from None
    click.echo(f"{reference} is refused, and its payment is now account credit.")


@staff.command()
@click.argument("service")
@click.option("--reason", required=True, help="What the client reads, in the client's language.")
@with_appcontext
def end(service: str, reason: str) -> None:
    """End SERVICE (its id of the host's billing, or its domain) now; the client is sent an e-mail.

    Its open change is closed and what is invoiced for later periods becomes void or account credit. A task remains
    for staff: removing the account from its server.
    """
    with exit_on_refusal():
        ended = end_service_as_staff(service, reason, current_operator(), clock.today(), clock.now())
    click.echo(f"{ended.external_id} has ended.")


def _describe_error(reference: str, error: Exception) -> str:
    if isinstance(error, BusinessError):
        return f"{reference} does not wait for a person: see its page."
    return f"There is no order {reference}."
