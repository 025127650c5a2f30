"""``flask accounts``: who may sign in to the client area."""

from __future__ import annotations

import json
import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.operations.accounts.access import deactivate_client, reactivate_client, send_reset
from kajoom.operations.accounts.factor_keys import FactorKeys
from kajoom.operations.accounts.factors import remove_factor_as_staff, renew_keys
from kajoom.operations.accounts.invitations import invite, invite_all
from kajoom.operations.accounts.links import signing_keys
from kajoom.operations.accounts.personal_data import erase_client, export_client
from kajoom.operations.accounts.sessions import close_sessions_as_staff


@click.group()
def accounts() -> None:
    """The accounts of clients: invitations, lost second factors, copies of what is held about a client, and erasure."""


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


@accounts.command("reset")
@click.argument("email")
@with_appcontext
def reset_command(email: str) -> None:
    """Send the client EMAIL a link, valid for an hour and used once, to choose a new password."""
    with exit_on_refusal():
        send_reset(email, current_operator(), clock.now())
    click.echo("The e-mail is queued: a worker sends it.")


@accounts.command("deactivate")
@click.argument("email")
@with_appcontext
def deactivate_command(email: str) -> None:
    """Keep the client EMAIL from signing in, and end their sessions now; their services go on."""
    with exit_on_refusal():
        deactivate_client(email, current_operator(), clock.now())
    click.echo(f"{email} is deactivated.")


@accounts.command("reactivate")
@click.argument("email")
@with_appcontext
def reactivate_command(email: str) -> None:
    """Let the client EMAIL, who was deactivated, sign in again."""
    with exit_on_refusal():
        reactivate_client(email, current_operator(), clock.now())
    click.echo(f"{email} can sign in again.")


@accounts.command("close-sessions")
@click.argument("email")
@with_appcontext
def close_sessions_command(email: str) -> None:
    """End every session of the account of EMAIL now, as when its computer was stolen; the password stays."""
    with exit_on_refusal():
        count = close_sessions_as_staff(email, current_operator(), clock.now())
    click.echo(f"sessions ended: {count}")


@accounts.command("export")
@click.argument("email")
@with_appcontext
def export_command(email: str) -> None:
    """Print what is held about the client EMAIL as JSON, by table, for the client who asks for it.

    Password hashes, tokens and other secrets are left out.
    """
    with exit_on_refusal():
        exported = export_client(email, current_operator(), clock.now())
    click.echo(json.dumps(exported, ensure_ascii=False, indent=2))


@accounts.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask for a confirmation.")
@with_appcontext
def erase_command(email: str, yes: bool) -> None:
    """Erase the client EMAIL: who they are, how they sign in, their services' names, and what was written about them.

    Documents, payments and account credit are kept. It is refused while something is open with the client, and can’t be
    undone. Take the client out of the files of `flask import` first: they would be added again.
    """
    if not yes:
        click.confirm(f"Erase {email}? This can’t be undone.", abort=True)
    with exit_on_refusal():
        client_id = erase_client(email, current_operator(), clock.now())
    click.echo(f"The client is erased; their documents are kept under the number {client_id}.")


@accounts.command("remove-factor")
@click.argument("email")
@with_appcontext
def remove_factor_command(email: str) -> None:
    """Turn off two-step verification of EMAIL, who has lost their phone and their recovery codes.

    Make sure who is asking first. The account's sessions end, and it is written to.
    """
    with exit_on_refusal():
        remove_factor_as_staff(email, current_operator(), clock.now())
    click.echo(f"Two-step verification of {email} is off.")


@accounts.command("renew-keys")
@with_appcontext
def renew_keys_command() -> None:
    """Encrypt the keys of authenticator apps with KAJOOM_SECRET_KEY, before a former secret is dropped."""
    current_app.extensions["config"].check_complete()
    renewal = renew_keys(FactorKeys(signing_keys(current_app.config)), clock.now())
    click.echo(f"encrypted with the current secret: {renewal.renewed}")
    if renewal.unreadable:
        accounts_named = ", ".join(map(str, renewal.unreadable))
        click.echo(f"Error: no secret reads the keys of the accounts with these ids: {accounts_named}.", err=True)
        sys.exit(1)
