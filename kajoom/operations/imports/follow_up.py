"""What a row of the host's file brings about beyond its own columns, each service in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.service import ServiceStatus
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.order import open_order_of
from kajoom.models.renewal import is_being_paid, renewals_since
from kajoom.models.service import Service, client_id_of_service
from kajoom.operations.billing import invoices, renewals
from kajoom.operations.billing.next_terms import NextTerms, store_next_terms
from kajoom.operations.files.report import FileError
from kajoom.operations.orders.end_service import End, end_service
from kajoom.operations.transaction import transactional


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The service of a row that the file ``ends`` with this status, or whose ``terms`` apply from its next period."""

    line: int
    service_id: int
    ends: ServiceStatus | None
    terms: Mapping[str, Any] | None


@transactional
def carry_out(follow_up: FollowUp, actor: str, on: date, at: datetime) -> FileError | None:
    """End a service, or set its next terms; a difference when that is no longer possible."""
    lock_client(client_id_of_service(follow_up.service_id))
    service = db.session.get_one(Service, follow_up.service_id)
    if follow_up.ends is not None:
        _remember(service, {"status": follow_up.ends})
        end_service(service, End(follow_up.ends, on, actor), on, at)
    elif follow_up.terms is not None:
        return _set_terms(service, follow_up.line, follow_up.terms, on, at)
    return None


def _remember(service: Service, values: Mapping[str, Any]) -> None:
    service.imported = {**(service.imported or {}), **values}


def _set_terms(service: Service, line: int, terms: Mapping[str, Any], on: date, at: datetime) -> FileError | None:
    """Set the terms from the first period that is neither invoiced nor being paid.

    A renewal of a later period that nothing was received on, and that is not being paid, is void and issued anew.
    """
    if service.has_ended or service.next_due_date is None or open_order_of(service.id) is not None:
        return FileError(line, "recurring", "kept: the service has changed since the file was read")
    since = service.next_due_date
    for invoice in renewals_since(service.id, since):
        is_untouched = invoice.status is InvoiceStatus.OPEN and not (invoice.paid_cents or invoice.credit_cents)
        if since > on and is_untouched and not is_being_paid([invoice]):
            invoices.void(invoice, at)
        elif invoice.period_end is not None:
            since = invoice.period_end
    store_next_terms(service, NextTerms(**terms), since)
    _remember(service, terms)
    renewals.issue_anew(service, on, at)
    return None
