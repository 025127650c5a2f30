"""``flask staff notices`` and ``close-notice``: webhooks that staff must handle, such as disputes."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.models.webhook_event import webhook_events_for_staff
from kajoom.operations.payments.webhooks import close_notice


@click.command()
@with_appcontext
def notices() -> None:
    """List the open refunds, reversals and disputes that a payment provider reported, the newest first."""
    for event in webhook_events_for_staff():
        received = clock.local(event.received_at).strftime("%Y-%m-%d %H:%M")
        attempt = f"attempt {event.attempt_key}" if event.attempt_key else "no attempt of ours"
        click.echo(f"{event.id}  {received}  {event.provider}  {event.kind}  {event.provider_ref}  ({attempt})")


@click.command("close-notice")
@click.argument("notice")
@click.option("--note", required=True, help="What was done about it; it is recorded.")
@with_appcontext
def close_notice_command(notice: str, note: str) -> None:
    """Close NOTICE, a refund, reversal or dispute listed by `flask staff notices`."""
    with exit_on_refusal():
        close_notice(notice, note, current_operator(), clock.now())
    click.echo(f"Notice {notice} is closed.")


NOTICE_COMMANDS = (notices, close_notice_command)
