"""``flask audit``: whether what the audit records is what was done."""

from __future__ import annotations

from collections.abc import Mapping

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom.domain.audit import AuditedAct, Broken, Flaw
from kajoom.operations.accounts.links import signing_keys
from kajoom.operations.upkeep.audit import AuditReport, verify_audit

_FLAWS: Mapping[Flaw, str] = {
    Flaw.MISSING: "The act at place {place} is missing: it was deleted, or the acts after it were moved.",
    Flaw.CHANGED: "Place {place}, {row}: this is not what was sealed there. The row was changed, moved or inserted.",
    Flaw.NOT_OURS: "Place {place}, {row}: its seal was not made with this application's secret. If KAJOOM_SECRET_KEY"
    " was replaced, add the former one to KAJOOM_SECRET_KEY_FALLBACKS until an act is sealed with the new one.",
    Flaw.LATE: "{row}: it is dated long before acts that were sealed earlier. It was inserted afterwards.",
    Flaw.CUT_OFF: "The acts from place {place} on are missing, or the counter of places was changed.",
    Flaw.UNREADABLE: "A row that waits for its seal cannot be read.",
    Flaw.SEAL_GONE: "The seal that was noted is not among the acts: the acts since then were replaced.",
}


@click.group()
def audit() -> None:
    """The audit: the acts of staff, documents, payments and account changes, each sealed by a worker."""


@audit.command()
@click.option("--seal", default="", help="A seal that was noted earlier, from the log or an e-mail: PLACE-VALUE.")
@with_appcontext
def verify(seal: str) -> None:
    """Check that no act was changed, deleted, moved or inserted since it was sealed; exit code 1 if one was.

    The first broken row is named. Acts of the last seconds wait for a worker to seal them.
    """
    current_app.extensions["config"].check_complete()
    report = verify_audit(signing_keys(current_app.config), seal.strip().lower())
    if report.broken is not None:
        raise click.ClickException(_describe(report.broken))
    click.echo(f"{_count(report.sealed, 'act is', 'acts are')} sealed and unchanged.")
    _print_rest(report)


def _print_rest(report: AuditReport) -> None:
    if report.waiting:
        click.echo(f"{_count(report.waiting, 'act waits', 'acts wait')} for a worker to seal.")
    if report.newest is not None:
        click.echo(f"Newest seal: {report.newest.name}")


def _describe(broken: Broken) -> str:
    row = _row(broken.act) if broken.act is not None else "a row that cannot be read"
    return _FLAWS[broken.flaw].format(place=broken.place, row=row)


def _row(act: AuditedAct) -> str:
    return f"row {act.id} ({act.act}, {act.at.isoformat(timespec='seconds')})"


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
