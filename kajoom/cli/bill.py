"""``flask bill``: run the tasks of one day by hand; running a day again does nothing more."""

from __future__ import annotations

from datetime import date, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.operations.daily import bill_day

# A year outside them is a typing error, and the last years of the calendar have no next due date.
YEARS = range(1970, 3000)


@click.command()
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to run; today by default.")
@click.option("--days", type=click.IntRange(0, 9999), help="Issue renewals this many days before their due date.")
@with_appcontext
def bill(on: datetime | None, days: int | None) -> None:
    """Issue renewals, start scheduled changes, expire unpaid orders, end cancelled services, and send reminders.

    For a past day, what is still left to do is done. For a future day, what is due by then is done now.
    """
    day: date = on.date() if on else clock.today()
    if day.year not in YEARS:
        raise click.BadParameter(f"{day.isoformat()} is outside the years of billing", param_hint="--on")
    bill_day(day, clock.now(), current_app.config["RENEWAL_DAYS"] if days is None else days)
    click.echo(f"{day.isoformat()} is done.")
