"""A day of the calendar run by hand: what is due on it is done now, and done again it does no more."""

from __future__ import annotations

from datetime import date, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.operations.daily import bill_day

# Beyond them the calendar ends, and a date typed wrongly is what is meant.
_YEARS = range(1970, 3000)


@click.command()
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to run; today unless it is given.")
@click.option("--days", type=click.IntRange(0, 9999), help="Issue renewals this long before their due date.")
@with_appcontext
def bill(on: datetime | None, days: int | None) -> None:
    """Issue renewals, start scheduled changes, expire what was not paid, end what was cancelled, and write reminders.

    A day gone by does what is still left of it. A day to come is lived ahead of its time: what would fall due by then
    falls due now.
    """
    day: date = on.date() if on else clock.today()
    if day.year not in _YEARS:
        raise click.BadParameter(f"{day.isoformat()} is no day that anything is billed for", param_hint="--on")
    bill_day(day, clock.now(), current_app.config["RENEWAL_DAYS"] if days is None else days)
    click.echo(f"{day.isoformat()} is done.")
