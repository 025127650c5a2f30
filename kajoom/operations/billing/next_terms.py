"""Terms that the host's file or staff set for the periods of a service that are still to come."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.task import NEW_TERMS, TaskKind
from kajoom.domain.terms_change import TermsStatus
from kajoom.models.service import Service
from kajoom.models.terms_change import TermsChange, planned_terms_of
from kajoom.operations import tasks


class NextTerms(NamedTuple):
    """The terms of periods to come: plan, cycle, amount in cents before tax for the whole ``quantity``.

    Options and discount are those of the host's file; without them those of the service are carried over.
    """

    plan_id: int
    cycle: BillingCycle
    recurring_cents: int
    quantity: int
    options_cents: int | None = None
    discount_cents: int | None = None


def store_next_terms(service: Service, terms: NextTerms, since: date) -> None:
    """Set the terms of a service for its periods that begin on ``since`` or later, in place of any that were set."""
    drop_next_terms(service)
    values = {name: value for name, value in terms._asdict().items() if value is not None}
    service.next_terms = {**values, "cycle": terms.cycle.value, "since": since.isoformat()}


def drop_next_terms(service: Service) -> None:
    """Forget the terms that were set for periods to come, if there are any."""
    if service.next_terms is not None:
        service.next_terms = None
        planned = planned_terms_of(service.id)
        if planned is not None:
            planned.status = TermsStatus.REPLACED


def next_terms_since(service: Service) -> date | None:
    """From when other terms are set, or ``None``."""
    return date.fromisoformat(service.next_terms["since"]) if service.next_terms is not None else None


def planned_terms(service: Service) -> NextTerms | None:
    """The terms that were set for periods to come, from whatever day, or ``None``."""
    return next_terms_for(service, date.max)


def next_terms_for(service: Service, start: date) -> NextTerms | None:
    """The terms that were set for the period that begins on ``start``, or ``None`` when the current ones go on."""
    stored = service.next_terms
    if stored is None or date.fromisoformat(stored["since"]) > start:
        return None
    values = {name: stored[name] for name in NextTerms._fields if name in stored}
    return NextTerms(**{**values, "cycle": BillingCycle(stored["cycle"])})


def apply_next_terms(service: Service, start: date, at: datetime) -> None:
    """Make the terms that were set for the period that begins on ``start`` the current ones, if there are any."""
    terms = next_terms_for(service, start)
    if terms is None:
        return
    service.carry_extras(terms.cycle)
    for name, value in terms._asdict().items():
        if value is not None:
            setattr(service, name, value)
    service.next_terms = None
    if not terms.cycle.months:
        service.next_due_date = None
    planned = planned_terms_of(service.id)
    if planned is not None:
        planned.status = TermsStatus.IN_FORCE
        ask_for_package(planned, at)


def ask_for_package(change: TermsChange, at: datetime) -> None:
    """Open the task of setting the package of a new plan on the server, when it has another one."""
    if change.from_plan.package != change.to_plan.package:
        key = f"terms-{change.id}"
        tasks.open_task(TaskKind.CHANGE, key, at, service_id=change.service_id, reason=NEW_TERMS)
