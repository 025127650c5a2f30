"""``flask staff``: accounts, tasks, the end and the suspension of a service, and the commands of the ledger."""

from __future__ import annotations

import click

from kajoom.cli import LazyCommand
from kajoom.cli.ledger import LEDGER_COMMANDS
from kajoom.cli.services import SERVICE_COMMANDS
from kajoom.cli.staff_accounts import ACCOUNT_COMMANDS
from kajoom.cli.tasks import TASK_COMMANDS
from kajoom.cli.terms import terms
from kajoom.cli.webhook_events import NOTICE_COMMANDS


@click.group()
def staff() -> None:
    """The host's staff: their accounts, changes to make, services to suspend or end, payments, credit, refunds."""


COMMANDS = (
    *ACCOUNT_COMMANDS,
    *TASK_COMMANDS,
    *SERVICE_COMMANDS,
    *LEDGER_COMMANDS,
    *NOTICE_COMMANDS,
    LazyCommand(
        "digest",
        "kajoom.cli.digest:digest",
        "Print what waits for staff now, with the newest seal of the audit: the text of the daily e-mail.",
    ),
    terms,
)
for command in COMMANDS:
    staff.add_command(command)
