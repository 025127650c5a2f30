"""The rows of the exports on each database: in order, and read while other rows are still to come."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import insert

from kajoom.models.db import db
from kajoom.models.export_documents import documents_in
from kajoom.models.export_money import credit_in, payments_in
from kajoom.models.export_period import Period
from kajoom.models.invoice import Invoice
from kajoom.operations.billing.credit_notes import credit_invoice
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments.refunds import refund_invoice
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.pending_payments import pay_with, unpaid_order

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def test_documents_payments_and_credit_are_read_in_order() -> None:
    provider = FakeProvider()
    _, invoice = unpaid_order()
    pay_with(invoice, provider)
    credit_invoice(invoice.number, "10.00", "too much", "staff:lea", ON, AT)
    refund_invoice(invoice.number, {"fake": provider}, "staff:lea", AT)
    order = factories.confirm(factories.service())
    cancel_order(order.client_id, order.reference, ON, AT)

    documents = [(row.number, row.kind.value, row.total.cents, row.paid.cents) for row in documents_in(YEAR)]
    assert documents == [
        ("2026-0001", "invoice", 4_312, 4_312),
        ("2026-0002", "invoice", 4_312, 0),
        ("2026-0002", "void", -4_312, 0),
        ("NC-2026-0001", "credit_note", -1_150, -1_150),
    ]
    assert [(row.kind.value, row.amount.cents) for row in payments_in(YEAR)] == [("payment", 4_312), ("refund", -1_150)]
    assert [(row.reason.value, row.document, row.amount.cents) for row in credit_in(YEAR)] == [
        ("credit_note", "NC-2026-0001", 1_150),
        ("refunded", "2026-0001", -1_150),
    ]


def test_more_documents_than_are_read_at_a_time_are_all_listed() -> None:
    _, invoice = unpaid_order()
    columns = {each.name: getattr(invoice, each.name) for each in Invoice.__table__.columns if each.name != "id"}
    copies = [{**columns, "number": f"copy-{n:04d}", "order_id": None} for n in range(1_100)]
    db.session.execute(insert(Invoice), copies)
    db.session.commit()
    assert [row.number for row in documents_in(YEAR)] == ["2026-0001", *(copy["number"] for copy in copies)]
