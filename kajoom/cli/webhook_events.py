"""``flask staff notices``: webhooks that staff must handle, such as refunds made at the provider and disputes."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.models.webhook_event import webhook_events_for_staff


@click.command()
@with_appcontext
def notices() -> None:
    """List refunds, reversals and disputes that a payment provider reported, the newest first."""
    for event in webhook_events_for_staff():
        received = clock.local(event.received_at).strftime("%Y-%m-%d %H:%M")
        attempt = f"attempt {event.attempt_key}" if event.attempt_key else "no attempt of ours"
        click.echo(f"{received}  {event.provider}  {event.kind}  {event.provider_ref}  ({attempt})")
