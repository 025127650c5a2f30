"""``flask staff``: accounts, tasks and their outcome, the end of a service, and the commands of the ledger."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.digest import digest
from kajoom.cli.ledger import LEDGER_COMMANDS, exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.cli.staff_accounts import ACCOUNT_COMMANDS
from kajoom.cli.tasks import TASK_COMMANDS
from kajoom.cli.terms import terms
from kajoom.cli.webhook_events import NOTICE_COMMANDS
from kajoom.operations.orders.end_service import end_service_as_staff


@click.group()
def staff() -> None:
    """The host's staff: their accounts, changes to make, services to end, payments received, credit, refunds."""


for command in (*ACCOUNT_COMMANDS, *TASK_COMMANDS, *LEDGER_COMMANDS, *NOTICE_COMMANDS, digest, terms):
    staff.add_command(command)


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
