"""``flask due``: list the due dates of a service, without a database or a configuration."""

from __future__ import annotations

from datetime import date

import click

from kajoom.domain.cycle import BillingCycle, due_dates, parse_day

_MONTHS = [str(cycle.months) for cycle in BillingCycle if cycle.months]


class Day(click.ParamType[date]):
    """A calendar day, written 2026-01-31."""

    name = "date"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day; a usage error with the reason if it is none."""
        if isinstance(value, date):
            return value
        try:
            return parse_day(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command("due")
@click.option("--anchor", type=Day(), required=True, help="The first day of the first cycle.")
@click.option("--cycle-months", type=click.Choice(_MONTHS), required=True, help="The length of a cycle in months.")
@click.option("--count", type=click.IntRange(1, 10_000), default=12, show_default=True, help="How many due dates.")
def due_command(anchor: date, cycle_months: str, count: int) -> None:
    """Print the due dates that follow a cycle begun on the anchor, one per line."""
    try:
        days = due_dates(anchor, int(cycle_months), count)
    except OverflowError as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(day.isoformat() for day in days))
