"""Renewals of several clients in one transaction: what most of them need is read and written once for all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from kajoom.domain.catalog import Catalog
from kajoom.domain.cycle import Period, add_months
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_clients
from kajoom.models.invoice import Invoice
from kajoom.models.renewal import BILLED, RenewalCursor, services_apart
from kajoom.models.service import Service, client_ids_of_services, services_by_id
from kajoom.operations import outbox
from kajoom.operations.billing import invoices
from kajoom.operations.billing.former_system import is_billed_here
from kajoom.operations.billing.renewal_terms import draft_renewal, terms_without_order
from kajoom.operations.billing.renewals import issue_next_renewal
from kajoom.operations.transaction import transactional


@transactional
def issue_renewals(planned: Sequence[RenewalCursor], on: date, at: datetime) -> None:
    """Issue the renewals of services, each for the due date for which it was planned, as ``issue_renewal`` does.

    All of them or, when one raises, none. A service with a change, an end, an unpaid renewal or account credit is
    renewed by itself, in its place.
    """
    due_dates = {each.service_id: each.due for each in planned}
    lock_clients(client_ids_of_services(due_dates))
    services = [each for each in services_by_id(due_dates) if each.next_due_date == due_dates[each.id]]
    apart, current = services_apart(due_dates), catalog()
    drafts: list[Invoice] = []
    for service in services:
        draft = _draft(service, on, current) if service.id not in apart else None
        if draft is not None:
            drafts.append(draft)
        else:
            _issue(drafts, current, on, at)
            drafts = []
            issue_next_renewal(service, on, at)
    _issue(drafts, current, on, at)


def _issue(drafts: Sequence[Invoice], current: Catalog, on: date, at: datetime) -> None:
    """Issue invoices that nothing is credited on, and queue their e-mails."""
    invoices.issue_drafts(drafts, current, on, at)
    about = [(each.number, each.client_id, {"invoice": each.id}) for each in drafts]
    outbox.enqueue_emails("renewal_invoice", about, at)


def _draft(service: Service, on: date, current: Catalog) -> Invoice | None:
    """The invoice of the next period, ``None`` when none is issued or the period costs nothing."""
    due, terms = service.next_due_date, terms_without_order(service)
    if due is None or service.status not in BILLED or not is_billed_here(service, due, on, current):
        return None
    if not (terms.recurring and terms.cycle.months):
        return None
    period = Period(due, add_months(due, terms.cycle.months, service.anchor_day))
    return draft_renewal(service, terms, period, on, current)
