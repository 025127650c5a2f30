"""The amounts of a quote, in the form in which its order and its invoice store them."""

from __future__ import annotations

from kajoom.domain.catalog import CatalogPlan
from kajoom.domain.quote import Quote
from kajoom.models.figures import Figures, figures
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.billing.invoices import lines_to_json, taxes_to_json


def figures_of_quote(service: ServiceSnapshot, plan: CatalogPlan, quote: Quote) -> Figures:
    """A quote's amounts, as its invoice would show them."""
    lines = lines_to_json(quote.lines, service.catalog.names(service.plan, plan), quote.difference)
    taxes = taxes_to_json(quote.taxes, service.catalog.seller)
    return figures(lines, taxes, quote.subtotal.cents, quote.total, quote.credit_used, quote.due_today)
