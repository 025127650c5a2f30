"""A quote's table of figures, in the very form in which its order and its invoice will keep them."""

from __future__ import annotations

from kajoom.domain.catalog import CatalogPlan
from kajoom.domain.quote import Quote
from kajoom.models.figures import Figures, figures
from kajoom.models.service_snapshot import Held
from kajoom.operations.billing.invoices import frozen_lines, frozen_taxes


def figures_of_quote(held: Held, plan: CatalogPlan, quote: Quote) -> Figures:
    """A quote's figures, as its invoice would print them."""
    lines = frozen_lines(quote.lines, held.plan, plan, quote.difference)
    taxes = frozen_taxes(quote.taxes, held.catalog.seller)
    return figures(lines, taxes, quote.subtotal.cents, quote.total, quote.credit_used, quote.due_today)
