"""``flask staff create``, ``list`` and ``disable``: who of the staff may sign in."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.domain.staff import StaffRole
from kajoom.models.client import client_by_id
from kajoom.models.staff import StaffAccount, staff_accounts
from kajoom.operations.accounts.links import LinkKind, make_token, signing_keys
from kajoom.operations.accounts.staff import StaffDetails, create_staff, disable_staff


@click.command()
@click.argument("email")
@click.option(
    "--role", type=click.Choice([role.value for role in StaffRole]), default=StaffRole.AGENT.value, show_default=True
)
@click.option("--name", default="", help="Their name; the address by default.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
@with_appcontext
def create(email: str, role: str, name: str, lang: str) -> None:
    """Create an account of the staff and print a link, valid for 7 days and once, that sets its password.

    Without a password set meanwhile, or for a disabled account, it prints another link, and the earlier one is of no
    use. An account that has a password gets the role that is given.
    """
    current_app.extensions["config"].check_complete()
    with exit_on_refusal():
        details = StaffDetails(email, StaffRole(role), name.strip(), lang)
        staff_id = create_staff(details, clock.now(), actor=current_operator())
    account = client_by_id(staff_id)
    if account is None or account.password:
        click.echo(f"{email} is now {role}.")
        return
    token = make_token(signing_keys(current_app.config), LinkKind.INVITATION, account, clock.now())
    click.echo(f"{account.email} ({role}) chooses a password here, within 7 days:")
    click.echo(f"{str(current_app.config['BASE_URL']).rstrip('/')}/invite/{token}")


@click.command("list")
@with_appcontext
def list_accounts() -> None:
    """List the accounts of the staff: address, role, state, second factor and last use."""
    accounts = staff_accounts()
    for account in accounts:
        click.echo(_describe(account))
    if not accounts:
        click.echo("There is no staff account: create one with `flask staff create EMAIL`.")


@click.command()
@click.argument("email")
@with_appcontext
def disable(email: str) -> None:
    """Disable the staff account of EMAIL: it signs in no more, and its sessions end now."""
    with exit_on_refusal():
        disable_staff(email, clock.now(), current_operator())
    click.echo(f"{email} is disabled.")


ACCOUNT_COMMANDS = (create, list_accounts, disable)


def _describe(account: StaffAccount) -> str:
    state = "disabled" if not account.active else "active" if account.has_password else "no password yet"
    factor = "second factor" if account.has_factor else "no second factor"
    seen = f"{clock.local(account.seen_at):%Y-%m-%d %H:%M}" if account.seen_at else "never"
    return f"{account.email}  {account.role}  {state}  {factor}  last seen {seen}  {account.name}"
