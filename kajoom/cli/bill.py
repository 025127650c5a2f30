"""``flask bill``: run the tasks of one day by hand; running a day again does nothing more."""

from __future__ import annotations

from datetime import date, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.models.preview import BillPreview
from kajoom.operations.daily import bill_day, preview_bill

# A year outside them is a typing error, and the last years of the calendar have no next due date.
YEARS = range(1970, 3000)


@click.command()
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to run; today by default.")
@click.option("--days", type=click.IntRange(0, 9999), help="Issue renewals this many days before their due date.")
@click.option("--dry-run", is_flag=True, help="List what would be issued and written, and write nothing.")
@with_appcontext
def bill(on: datetime | None, days: int | None, dry_run: bool) -> None:
    """Issue renewals, start scheduled changes, expire unpaid orders, end cancelled services, and send reminders.

    For a past day, what is still left to do is done. For a future day, what is due by then is done now.
    """
    day: date = on.date() if on else clock.today()
    if day.year not in YEARS:
        raise click.BadParameter(f"{day.isoformat()} is outside the years of billing", param_hint="--on")
    ahead = current_app.config["RENEWAL_DAYS"] if days is None else days
    if dry_run:
        _print_preview(preview_bill(day, clock.now(), ahead), day)
    else:
        bill_day(day, clock.now(), ahead)
        click.echo(f"{day.isoformat()} is done.")


def _print_preview(preview: BillPreview, day: date) -> None:
    for each in preview.invoices:
        period = f"{each.period_start} to {each.period_end}" if each.period_start else f"due {each.due_on}"
        amount = f"{Money(each.total_cents)} {each.currency}"
        click.echo(f"{each.service}  {each.label or '-'}  {each.email}  {period}  {amount}")
    totals = "".join(f", {Money(cents)} {currency}" for currency, cents in sorted(preview.totals().items()))
    click.echo(f"invoices on {day.isoformat()}: {len(preview.invoices)}{totals}")
    kinds = "".join(f", {kind} {count}" for kind, count in sorted(preview.emails.items()))
    click.echo(f"e-mails: {preview.emails.total()}{kinds}")
    if preview.others:
        click.echo("also: " + ", ".join(f"{kind} {count}" for kind, count in sorted(preview.others.items())))
    click.echo("Nothing was written.")
