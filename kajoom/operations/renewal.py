"""Renewing a service: the invoice for its next period, at the amount that was agreed."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.cycle import Period, add_months
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.quote import Line, LineCode
from kajoom.domain.service import ServiceStatus
from kajoom.domain.tax import taxes_on
from kajoom.models.cancellation import open_cancellation_of
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, unpaid_renewal_of
from kajoom.models.service import Service
from kajoom.operations import invoice as invoices
from kajoom.operations.deed import deed


@deed
def issue_renewal(service_id: int, on: date, at: datetime) -> Invoice | None:
    """Issue the invoice of the period that begins on the service's due date, once.

    ``None`` when there is nothing to bill: the service is free, has ended or is about to, or has that invoice already.
    """
    service = db.session.get_one(Service, service_id)
    lock_client(service.client_id)
    due, months = service.next_due_date, service.cycle.months
    billed = service.status in {ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED} and service.recurring_cents > 0
    if due is None or not months or not billed:
        return None
    if unpaid_renewal_of(service_id) is not None or open_cancellation_of(service_id) is not None:
        return None

    load = catalog()
    plan = load.plans[service.plan_id]
    period = Period(due, add_months(due, months, service.anchor_day))
    taxes = taxes_on(service.recurring, service.client.tax_province, due)
    return invoices.issue(
        service.client,
        InvoiceKind.RENEWAL,
        service_id=service.id,
        order_id=None,
        lines=invoices.frozen_lines([Line(LineCode.RENEWAL, service.recurring, period)], plan, plan),
        taxes=invoices.frozen_taxes(taxes, load.seller),
        total=sum((tax.amount for tax in taxes), start=service.recurring),
        on=on,
        due_on=due,
        seller=load.seller,
        period=(period.start, period.end),
    )
