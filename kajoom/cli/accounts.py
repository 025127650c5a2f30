"""``flask accounts``: who may sign in to the client area."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.operations.accounts.invitations import invite, invite_all


@click.group()
def accounts() -> None:
    """The accounts of clients: invitations."""


@accounts.command("invite")
@click.argument("email", required=False)
@click.option("--all", "everyone", is_flag=True, help="Invite every client who has no password.")
@with_appcontext
def invite_command(email: str | None, everyone: bool) -> None:
    """Send the client EMAIL, or with --all every client without a password, a link to choose one.

    A link is valid for 7 days and used once. With --all, clients whose last link is still valid get no other.
    """
    if bool(email) == everyone:
        raise click.UsageError("Give the e-mail address of one client, or --all.")
    if email:
        with exit_on_refusal():
            invite(email, current_operator(), clock.now())
        click.echo("The invitation is queued: a worker sends it.")
        return
    count = invite_all(current_operator(), clock.now())
    click.echo(f"invited: {count}")
