"""What providers announced that only a person can answer: money taken back outside this house, and disputes."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.models.webhook_event import webhook_events_for_staff


@click.command()
@with_appcontext
def notices() -> None:
    """List refunds, reversals and disputes that a payment provider announced, the newest first."""
    for notice in webhook_events_for_staff():
        moment = clock.local(notice.received_at).strftime("%Y-%m-%d %H:%M")
        about = f"attempt {notice.attempt_key}" if notice.attempt_key else "no attempt of ours"
        click.echo(f"{moment}  {notice.provider}  {notice.kind}  {notice.provider_ref}  ({about})")
