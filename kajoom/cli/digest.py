"""``flask staff digest``: what waits for staff, as their daily e-mail has it."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.models.catalog import catalog
from kajoom.models.daily_summary import daily_summary
from kajoom.worker.email_staff import DIGEST
from kajoom.worker.emails import write
from kajoom.worker.staff_digest import StaffDigest

_SIGNATURE = "\n-- \n"
"""What the host's signature comes after, in the text of an e-mail (RFC 3676)."""


@click.command()
@click.option("--lang", type=click.Choice(["fr", "en"]), help="The language; by default that of [staff] locale.")
@with_appcontext
def digest(lang: str | None) -> None:
    """Print what waits for staff now, with the newest seal of the audit: the text of the daily e-mail."""
    current_app.extensions["config"].check_complete()
    current, at = catalog(), clock.now()
    about = StaffDigest(daily_summary(clock.today(), at), lang or current.staff_locale)
    text = write(DIGEST, about, "digest", at, current.seller).get_body(("plain",))
    content = str(text.get_content()) if text is not None else ""
    click.echo(content.replace("\r\n", "\n").partition(_SIGNATURE)[0])
