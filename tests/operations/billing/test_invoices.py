"""Invoices keep the seller, buyer and taxes of the day they were issued, and their amounts add up."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from flask import Flask

from kajoom.domain.money import Money
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import rows
from tests.operations.parallel import THREADS, run_in_threads
from tests.operations.renewal_setup import issue_next_renewal


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


def set_numbering(**numbering: object) -> None:
    db.session.query(CatalogVersion).one().numbering = numbering
    factories.reload_catalogue()


def numbers_of_new_invoices(count: int, on: date = ON) -> list[str]:
    """The numbers of ``count`` renewals that are issued on a day."""
    return [issue_next_renewal(factories.service(), on).number for _ in range(count)]


def test_numbers_have_the_prefix_and_start_of_the_catalogue_and_no_year() -> None:
    set_numbering(prefix="K", start=4210)
    assert numbers_of_new_invoices(2) == ["K4210", "K4211"]
    assert numbers_of_new_invoices(1, date(2027, 1, 2)) == ["K4212"]


def test_lower_start_reuses_no_number_and_a_higher_one_continues_from_it() -> None:
    set_numbering(prefix="K", start=4210)
    numbers_of_new_invoices(2)
    set_numbering(prefix="K", start=1)
    assert numbers_of_new_invoices(1) == ["K4212"]
    set_numbering(prefix="K", start=5000)
    assert numbers_of_new_invoices(2) == ["K5000", "K5001"]


def test_each_prefix_has_its_own_series() -> None:
    set_numbering(prefix="K", start=1)
    numbers_of_new_invoices(2)
    set_numbering(prefix="L-", start=1)
    assert numbers_of_new_invoices(1) == ["L-1"]
    set_numbering(prefix="K", start=1)
    assert numbers_of_new_invoices(1) == ["K3"]
    set_numbering(prefix="", start=1)
    assert numbers_of_new_invoices(1) == ["1"]
    set_numbering()
    assert numbers_of_new_invoices(1) == ["2026-0001"]


@pytest.mark.slow
def test_twenty_invoices_at_once_have_numbers_without_a_gap(app: Flask) -> None:
    set_numbering(prefix="K", start=4210)
    ids = [factories.service().id for _ in range(THREADS)]

    def issue(which: int) -> str:
        invoice = issue_renewal(ids[which], ON, AT)
        return invoice.number if invoice is not None else "none"

    assert run_in_threads(app, issue) == Counter(f"K{n}" for n in range(4210, 4210 + THREADS))
