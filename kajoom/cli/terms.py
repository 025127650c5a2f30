"""``flask staff terms``: change what a service is billed, or show what the change would do."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import exit_on_refusal
from kajoom.cli.operator import current_operator
from kajoom.domain.terms_change import TermsEffect
from kajoom.models.owner import owner_of_service
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.billing.named_service import service_id_named
from kajoom.operations.billing.terms import TermsPreview, change_terms, preview_terms
from kajoom.operations.billing.typed_terms import AT_DUE, TermsInput
from kajoom.operations.transaction import transactional


@click.command()
@click.argument("service")
@click.option("--plan", default="", help="The code of another plan of the same group, or GROUP/CODE.")
@click.option("--price", default="", help="The amount of a cycle before tax, for the whole quantity, like 41.72.")
@click.option("--quantity", default="", help="Like 3; without --price the price follows in proportion.")
@click.option("--due", default="", metavar="DAY", help="Another next due date, like 2026-12-01; it moves at once.")
@click.option("--from", "first_day", default=AT_DUE, show_default=True, metavar="today|due|DAY", help="The first day.")
@click.option("--reason", default="", help="What the client reads, in the client's language.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@with_appcontext
def terms(
    service: str, plan: str, price: str, quantity: str, due: str, first_day: str, reason: str, dry_run: bool
) -> None:
    """Change the terms of SERVICE (its id of the host's billing, or its domain) from a day on.

    They apply to the periods that begin on that day or later: an unpaid renewal of them becomes void and another one
    takes its place; what is paid is not calculated again. The cycle stays. The client is sent an e-mail.
    """
    typed = TermsInput(plan, price, quantity, due, first_day)
    with exit_on_refusal(name=service):
        service_id = service_id_named(service)
        preview = _preview(service_id, typed)
        if not dry_run:
            digest = preview.effect.digest
            change_terms(service_id, typed, reason, current_operator(), clock.today(), clock.now(), digest)
    for line in _lines(preview):
        click.echo(line)
    click.echo("Nothing was done." if dry_run else "The terms are changed; the client is sent an e-mail.")


@transactional(read_only=True)
def _preview(service_id: int, typed: TermsInput) -> TermsPreview:
    owner = owner_of_service(service_id)
    return preview_terms(owner.id if owner is not None else 0, service_id, typed, clock.today())


def _lines(preview: TermsPreview) -> list[str]:
    """The effect in sentences, for the terminal."""
    effect, currency = preview.effect, preview.effect.after.recurring.currency
    cycle = effect.after.cycle
    changes = (
        ("plan", *_plans(effect)),
        (f"{cycle} price before tax", f"{effect.before.recurring} {currency}", f"{effect.after.recurring} {currency}"),
        ("quantity", effect.before.quantity, effect.after.quantity),
        ("next due date", effect.due_before or "none", effect.due or "none"),
    )
    when = "now" if effect.applies_now else f"with the renewal of {effect.since}"
    lines = [f"{_site(preview.service)}: {when}"]
    lines += [f"  {name}: {before} → {after}" for name, before, after in changes if before != after]
    if effect.withdraws:
        lines.append("  the terms planned until now are withdrawn")
    if effect.voided:
        lines.append(f"  invoice {effect.voided} becomes void{' and is issued anew' if effect.reissues else ''}")
    if effect.lifts_suspension:
        lines.append("  the suspension is lifted: nothing is left to pay")
    if effect.renewal is not None:
        lines.append(f"  renewal of {effect.since}: {effect.renewal} {currency}, taxes included")
    return lines


def _plans(effect: TermsEffect) -> tuple[str, str]:
    """The plans by their codes, with their groups where these are two."""
    before, after = effect.before, effect.after
    return (before.plan, after.plan) if before.group == after.group else (before.key, after.key)


def _site(service: ServiceSnapshot) -> str:
    return service.label or service.plan.title["en"]
