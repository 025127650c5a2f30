"""The terms on which the next period of a service is billed, and the invoice of such a period."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from kajoom.domain.catalog import Catalog
from kajoom.domain.cycle import BillingCycle, Period
from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.money import Money
from kajoom.domain.quote import Line, LineCode
from kajoom.domain.tax import taxes_on
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.billing import invoices
from kajoom.operations.billing.next_terms import next_terms_for


class RenewalTerms(NamedTuple):
    """The terms a period is billed on: plan, cycle, amount before tax, and the order that introduces them, if any."""

    plan_id: int
    cycle: BillingCycle
    recurring: Money
    order: Order | None = None


def terms_without_order(service: Service) -> RenewalTerms:
    """The terms that the host's file or staff set for the next period, or else the current ones."""
    terms = next_terms_for(service, service.next_due_date) if service.next_due_date else None
    if terms is None:
        return RenewalTerms(service.plan_id, service.cycle, service.recurring)
    return RenewalTerms(terms.plan_id, terms.cycle, Money(terms.recurring_cents, service.currency))


def draft_renewal(service: Service, terms: RenewalTerms, period: Period, on: date, catalog: Catalog) -> Invoice:
    """The invoice of a period, not issued yet; the caller has locked the client."""
    plans, recurring = catalog.plans, terms.recurring
    line, due_on = Line(LineCode.RENEWAL, recurring, period), max(period.start, on)
    taxes = taxes_on(recurring, service.client.taxation(catalog.registered), due_on)
    return invoices.draft(
        service.client,
        InvoiceKind.RENEWAL,
        service_id=service.id,
        order_id=terms.order.id if terms.order else None,
        lines=invoices.lines_to_json([line], catalog.names(plans[service.plan_id], plans[terms.plan_id])),
        taxes=invoices.taxes_to_json(taxes, catalog.seller),
        total=sum((tax.amount for tax in taxes), start=recurring),
        on=on,
        due_on=due_on,
        catalog=catalog,
        period=(period.start, period.end),
    )
