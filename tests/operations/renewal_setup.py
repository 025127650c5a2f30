"""A year of renewals for the tests: issued, paid whole or in part, and the day's own work done by hand."""

from __future__ import annotations

from datetime import date

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import When
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.gateways.ports import PanelResult, PanelStatus
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.payments.receipts import record_payment
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, MONTHLY, ON
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import rows

AUGUST = date(2026, 8, 1)
DONE = PanelResult(PanelStatus.DONE)


def renewed(row: Service, on: date = ON) -> Invoice:
    """The service's next renewal, just issued."""
    invoice = issue_renewal(row.id, on, AT)
    assert invoice is not None
    return invoice


def paid(invoice: Invoice) -> None:
    """Its whole balance, at once."""
    pending_payments.paid(invoice, FakeProvider())


@transactional
def received(invoice_id: int, cents: int, reference: str) -> None:
    """A part of it, by a transfer."""
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    record_payment(invoice, Money(cents), "transfer", reference, "staff", AT)


def scheduled(plan: str = "base", cycle: BillingCycle = MONTHLY, row: Service | None = None) -> tuple[Order, Invoice]:
    """A change that waits for the first of July, and the renewal of that day."""
    row = row or factories.service()
    order = factories.confirm(row, plan, cycle, when=When.RENEWAL)
    return order, renewed(row)


def live(order: Order) -> list[tuple[str, int, bool]]:
    """The renewals that stand: their status, total, and whether the change is what they bill."""
    stand = [invoice for invoice in rows(Invoice) if invoice.status is not InvoiceStatus.VOID]
    return [(invoice.status.value, invoice.total_cents, invoice.order_id == order.id) for invoice in stand]
