"""``flask staff end``, ``suspend`` and ``lift``: the end and the suspension of a service."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.operations.billing.suspension import lift_as_staff, suspend_as_staff
from kajoom.operations.orders.end_service import end_service_as_staff


@click.command()
@click.argument("service")
@click.option("--reason", required=True, help="What the client reads, in the client's language.")
@with_appcontext
def end(service: str, reason: str) -> None:
    """End SERVICE (its id of the host's billing, or its domain) now; the client is sent an e-mail.

    Its open change is closed and what is invoiced for later periods becomes void or account credit. The account is
    removed by the panel of a server with ``terminate = true``; else a task remains for staff.
    """
    with exit_on_refusal():
        ended = end_service_as_staff(service, reason, current_operator(), clock.today(), clock.now())
    click.echo(f"{ended.external_id} has ended.")


@click.command()
@click.argument("service")
@click.option("--reason", required=True, help="What the client reads, in the client's language.")
@click.option("--until-lifted", is_flag=True, help="Only staff lift it: the payment of an unpaid renewal does not.")
@with_appcontext
def suspend(service: str, reason: str, until_lifted: bool) -> None:
    """Suspend SERVICE (its id of the host's billing, or its domain); the client is sent an e-mail once it is done."""
    with exit_on_refusal():
        row = suspend_as_staff(service, reason, current_operator(), clock.now(), lifts_when_paid=not until_lifted)
    click.echo(f"{row.external_id} is being suspended.")


@click.command()
@click.argument("service")
@click.option("--reason", required=True, help="What the client reads, in the client's language.")
@with_appcontext
def lift(service: str, reason: str) -> None:
    """Lift the suspension of SERVICE, whoever asked for it; the client is sent an e-mail once it is done."""
    with exit_on_refusal():
        row = lift_as_staff(service, reason, current_operator(), clock.now())
    click.echo(f"The suspension of {row.external_id} is being lifted.")


SERVICE_COMMANDS = (end, suspend, lift)
