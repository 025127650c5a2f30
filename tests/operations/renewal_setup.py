"""Renewal invoices for the tests: issued, paid in full or in part, with or without a scheduled change."""

from __future__ import annotations

from datetime import date

from sqlalchemy import insert

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import When
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.gateways.panel_port import PanelResult, PanelStatus
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


def issue_next_renewal(row: Service, on: date = ON) -> Invoice:
    """Issue the invoice of the service's next period, which must be due for it."""
    invoice = issue_renewal(row.id, on, AT)
    assert invoice is not None
    return invoice


def pay_in_full(invoice: Invoice) -> None:
    """Pay the balance of an invoice with a provider that captures at once."""
    pending_payments.pay_with(invoice, FakeProvider())


@transactional
def record_transfer(invoice_id: int, cents: int, reference: str) -> None:
    """Record ``cents`` received by bank transfer for an invoice."""
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    record_payment(invoice, Money(cents), "transfer", reference, "staff", AT)


def scheduled_change(
    plan: str = "base", cycle: BillingCycle = MONTHLY, row: Service | None = None
) -> tuple[Order, Invoice]:
    """A change scheduled for the next due date, July 1, and the renewal invoice of that day."""
    row = row or factories.service()
    order = factories.confirm(row, plan, cycle, when=When.RENEWAL)
    return order, issue_next_renewal(row)


def valid_renewals(order: Order) -> list[tuple[str, int, bool]]:
    """Of each invoice that is not void nor replaced: status, total, and whether it bills the change of ``order``."""
    invoices = rows(Invoice)
    valid = [each for each in invoices if each.status is not InvoiceStatus.VOID and each.replaced_on is None]
    return [(invoice.status.value, invoice.total_cents, invoice.order_id == order.id) for invoice in valid]


def copy_service(row: Service, copies: int) -> None:
    """Insert ``copies`` more services that differ from ``row`` only in their external id."""
    columns = {column.name: getattr(row, column.name) for column in Service.__table__.columns if column.name != "id"}
    db.session.execute(insert(Service), [{**columns, "external_id": f"copy-{n}"} for n in range(copies)])
    db.session.commit()
