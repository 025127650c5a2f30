"""Invoices keep the seller, buyer and taxes of the day they were issued, and their amounts add up."""

from __future__ import annotations

from kajoom.domain.money import Money
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import rows


def test_invoice_keeps_the_seller_and_buyer_of_its_issue() -> None:
    row = factories.service(factories.client(name="Anne Roy", company="Roy inc.", address="1, rue Un", locale="en"))
    invoice = factories.invoice_for(factories.confirm(row, "b"))
    row.client.name, row.client.address = "Anne Côté", "2, rue Deux"
    db.session.commit()

    assert invoice.seller == factories.SELLER
    assert invoice.buyer == {
        "name": "Anne Roy",
        "company": "Roy inc.",
        "address": "1, rue Un",
        "email": row.client.email,
        "province": "QC",
        "tax_exempt": "",
    }
    assert invoice.locale == "en"


def test_lines_and_taxes_add_up_to_the_total() -> None:
    for plan in ("b", "c"):
        for cycle in (factories.MONTHLY, factories.QUARTERLY, factories.ANNUALLY):
            for province in ("QC", "ON", "NS", "AB"):
                factories.confirm(
                    factories.service(factories.client(province=province), recurring_cents=9_999), plan, cycle
                )

    invoices = rows(Invoice)

    assert len(invoices) == 24
    for invoice in invoices:
        assert sum(line["cents"] for line in invoice.lines) == invoice.subtotal_cents
        assert invoice.subtotal_cents + sum(tax["cents"] for tax in invoice.taxes) == invoice.total_cents


def test_void_invoice_keeps_its_lines_and_has_no_balance() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    cancel_order(row.client_id, order.reference, ON, AT)
    invoice = factories.invoice_for(order)

    assert (invoice.total, invoice.balance, len(invoice.lines)) == (Money(4_312), Money(0), 1)


def test_second_order_of_a_service_has_its_own_invoice() -> None:
    row = factories.service()
    cancel_order(row.client_id, factories.confirm(row, "b").reference, ON, AT)
    factories.confirm(row, "b")

    assert [(invoice.number, invoice.issued_on) for invoice in rows(Invoice)] == [
        ("2026-0001", ON),
        ("2026-0002", ON),
    ]
