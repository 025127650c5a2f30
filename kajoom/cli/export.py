"""``flask export``: documents, payments and account credit of a period as CSV, for bookkeeping."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.bill import YEARS
from kajoom.cli.ledger import DAY
from kajoom.cli.operator import current_operator
from kajoom.models.export_period import Period
from kajoom.operations.billing.exports import ExportKind, record_export, write_export


@click.group()
def export() -> None:
    """Write the documents, payments or account credit of a period as CSV."""


_first_day = click.option("--from", "first", type=DAY, required=True, help="The first day, like 2026-11-01.")
_last_day = click.option("--to", "last", type=DAY, required=True, help="The last day, included.")


@export.command("documents")
@_first_day
@_last_day
@with_appcontext
def documents(first: datetime, last: datetime) -> None:
    """Invoices, voids and credit notes; the taxes of a period are the sum of its documents.

    An invoice stands on its day of issue; once it is void it also stands, negative, on the day of the void.
    """
    _write(ExportKind.DOCUMENTS, _period(first, last))


@export.command("payments")
@_first_day
@_last_day
@with_appcontext
def payments(first: datetime, last: datetime) -> None:
    """Payments received, and refunds as negative amounts on the day they were made."""
    _write(ExportKind.PAYMENTS, _period(first, last))


@export.command("credit")
@_first_day
@_last_day
@with_appcontext
def credit(first: datetime, last: datetime) -> None:
    """History of the clients' account credit; what was used is negative."""
    _write(ExportKind.CREDIT, _period(first, last))


def _period(first: datetime, last: datetime) -> Period:
    start, end = first.date(), last.date()
    for day, option in ((start, "--from"), (end, "--to")):
        if day.year not in YEARS:
            raise click.BadParameter(f"{day.isoformat()} is outside the years of billing", param_hint=option)
    if end < start:
        raise click.BadParameter(f"{end.isoformat()} is before {start.isoformat()}", param_hint="--to")
    return Period(start, end, clock.at_local_time(start, 0), clock.at_local_time(end + timedelta(days=1), 0))


def _write(kind: ExportKind, period: Period) -> None:
    record_export(kind, period, current_operator(), clock.now())
    write_export(kind, period, sys.stdout)
