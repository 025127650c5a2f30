"""Terms that the host's file sets for the periods of a service that are still to come."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from kajoom.domain.cycle import BillingCycle
from kajoom.models.service import Service


class NextTerms(NamedTuple):
    """The terms of periods to come: plan, cycle, amount in cents before tax for the whole ``quantity``."""

    plan_id: int
    cycle: BillingCycle
    recurring_cents: int
    quantity: int


def store_next_terms(service: Service, terms: NextTerms, since: date) -> None:
    """Set the terms of a service for its periods that begin on ``since`` or later."""
    service.next_terms = {**terms._asdict(), "cycle": terms.cycle.value, "since": since.isoformat()}


def next_terms_for(service: Service, start: date) -> NextTerms | None:
    """The terms that were set for the period that begins on ``start``, or ``None`` when the current ones go on."""
    stored = service.next_terms
    if stored is None or date.fromisoformat(stored["since"]) > start:
        return None
    return NextTerms(stored["plan_id"], BillingCycle(stored["cycle"]), stored["recurring_cents"], stored["quantity"])


def apply_next_terms(service: Service, start: date) -> None:
    """Make the terms that were set for the period that begins on ``start`` the current ones, if there are any."""
    terms = next_terms_for(service, start)
    if terms is None:
        return
    service.plan_id, service.cycle, service.recurring_cents, service.quantity = terms
    service.next_terms = None
    if not terms.cycle.months:
        service.next_due_date = None
