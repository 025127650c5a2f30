"""``flask export``: the documents, payments and credit of a period as CSV, whose past months never change."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert

from kajoom.cli.export import export
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.billing.credit_notes import credit_invoice
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from kajoom.operations.payments.refunds import refund_invoice
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.pending_payments import pay_with

JUNE, JULY = ("2026-06-01", "2026-06-30"), ("2026-07-01", "2026-07-31")
JULY_2, JULY_2_AT = date(2026, 7, 2), AT + timedelta(days=16)
STAFF = "staff:lea"

Rows = list[dict[str, str]]
Export = Callable[..., Rows]


@pytest.fixture(autouse=True)
def _catalogue(app: Flask) -> None:
    factories.catalogue()


def run(app: Flask, *arguments: str) -> Result:
    db.session.rollback()
    return app.test_cli_runner().invoke(export, arguments)


@pytest.fixture
def exported(app: Flask) -> Export:
    """The rows of an export of a period."""

    def read(kind: str, period: tuple[str, str] = JUNE) -> Rows:
        result = run(app, kind, "--from", period[0], "--to", period[1])
        assert result.exit_code == 0, result.output
        return list(csv.DictReader(StringIO(result.output)))

    return read


def new_invoice(**client: str) -> Invoice:
    """The invoice of 37.50, GST 1.88 and QST 3.74, issued on 16 June."""
    return factories.invoice_for(factories.confirm(factories.service(factories.client(**client))))


def receive(invoice: Invoice, amount: str, on: date, at: datetime, reference: str = "CA1") -> None:
    record_offline_payment(invoice.number, OfflinePayment(amount, on, at, reference, "interac"), on, STAFF, at)


def sums(rows: Rows, *columns: str) -> list[str]:
    return [str(sum(Decimal(row[column]) for row in rows)) for column in columns]


def test_paid_invoice_is_one_row(exported: Export) -> None:
    row = factories.service(factories.client(name="Anne Roy", company="Roy inc."))
    factories.credit(row.client, 1_000)
    invoice = factories.invoice_for(factories.confirm(row))
    pay_with(invoice, FakeProvider())
    assert exported("documents") == [
        {
            "number": "2026-0001",
            "kind": "invoice",
            "date": "2026-06-16",
            "client": "Roy inc.",
            "province": "QC",
            "lines": "37.50",
            "GST": "1.88",
            "QST": "3.74",
            "HST": "0.00",
            "total": "43.12",
            "paid": "43.12",
            "method": "credit+fake",
            "currency": "CAD",
        }
    ]


def test_void_is_negative_on_its_day_and_the_month_of_issue_does_not_change(exported: Export) -> None:
    invoice = new_invoice()
    receive(invoice, "20.00", ON, AT)
    june = exported("documents")
    order = invoice.order
    assert order is not None
    cancel_order(order.client_id, order.reference, JULY_2, JULY_2_AT)
    receive(invoice, "43.12", JULY_2, JULY_2_AT, "CA2")  # too late: account credit

    assert exported("documents") == june
    [void] = [row for row in exported("documents", JULY) if row["kind"] == "void"]  # the renewal is issued too
    assert [void[name] for name in ("number", "kind", "date", "lines", "GST", "QST", "total", "paid", "method")] == [
        "2026-0001", "void", "2026-07-02", "-37.50", "-1.88", "-3.74", "-43.12", "-20.00", "credit",
    ]  # fmt: skip


def test_void_on_its_day_of_issue_comes_to_nothing(exported: Export) -> None:
    order = factories.confirm(factories.service())
    cancel_order(order.client_id, order.reference, ON, AT)
    rows = exported("documents")
    assert [row["kind"] for row in rows] == ["invoice", "void"]
    assert sums(rows, "lines", "GST", "QST", "total", "paid") == ["0.00"] * 5


def test_payment_of_a_later_month_does_not_change_the_month_of_issue(exported: Export) -> None:
    invoice = new_invoice()
    june = exported("documents")
    receive(invoice, "43.12", JULY_2, JULY_2_AT)
    assert exported("documents") == june
    assert (june[0]["paid"], june[0]["method"]) == ("0.00", "")
    [both] = exported("documents", (JUNE[0], JULY[1]))
    assert (both["paid"], both["method"]) == ("43.12", "interac")


def test_credit_note_is_negative_on_its_day(exported: Export) -> None:
    invoice = new_invoice()
    pay_with(invoice, FakeProvider())
    june = exported("documents")
    credit_invoice(invoice.number, "10.00", "too much", STAFF, JULY_2, JULY_2_AT)
    assert exported("documents") == june
    [note] = exported("documents", JULY)
    assert [note[name] for name in ("number", "kind", "lines", "GST", "QST", "total", "paid", "method")] == [
        "NC-2026-0001", "credit_note", "-10.00", "-0.50", "-1.00", "-11.50", "-11.50", "credit",
    ]  # fmt: skip


def test_refused_change_leaves_no_tax(exported: Export) -> None:
    invoice = new_invoice()
    pay_with(invoice, FakeProvider())
    assert invoice.order is not None
    mark_refused(invoice.order.reference, "full", STAFF, ON, AT)
    assert sums(exported("documents"), "lines", "GST", "QST", "HST", "total", "paid") == ["0.00"] * 6


def test_taxes_of_a_month_are_the_sum_of_its_documents_by_province(exported: Export) -> None:
    for province in ("QC", "ON", "AB"):
        new_invoice(province=province)
    new_invoice(country="FR", province="")
    rows = exported("documents")
    assert sums(rows, "lines", "GST", "QST", "HST") == ["150.00", "3.76", "3.74", "4.88"]
    assert Counter(row["province"] for row in rows) == Counter(["QC", "ON", "AB", ""])


def test_province_of_an_invoice_stays_when_its_client_moves(exported: Export) -> None:
    new_invoice()
    db.session.query(Client).update({"province": "ON"})
    db.session.commit()
    assert exported("documents")[0]["province"] == "QC"


def test_last_day_is_included_and_the_days_around_are_not(exported: Export) -> None:
    new_invoice()
    day, before, after = "2026-06-16", "2026-06-15", "2026-06-17"
    assert len(exported("documents", (day, day))) == 1
    assert exported("documents", (before, before)) == exported("documents", (after, after)) == []


def test_payments_and_refunds_are_on_their_days_in_toronto(exported: Export) -> None:
    invoice = new_invoice(name="Anne Roy")
    provider = FakeProvider()
    pay_with(invoice, provider)
    assert invoice.order is not None
    mark_refused(invoice.order.reference, "full", STAFF, ON, AT)
    midnight = datetime.fromisoformat("2026-07-01T03:59:00+00:00")  # 30 June in Toronto
    refund_invoice(invoice.number, {"fake": provider}, STAFF, midnight)
    payment, refund = exported("payments")
    assert [payment[name] for name in ("date", "kind", "method", "invoice", "client", "amount", "currency")] == [
        "2026-06-16", "payment", "fake", "2026-0001", "Anne Roy", "43.12", "CAD",
    ]  # fmt: skip
    assert [refund[name] for name in ("date", "kind", "amount", "recorded_by")] == [
        "2026-06-30", "refund", "-43.12", STAFF,
    ]  # fmt: skip
    assert exported("payments", JULY) == []


def test_credit_movements_have_their_document_and_note(exported: Export) -> None:
    invoice = new_invoice(name="Anne Roy")
    pay_with(invoice, FakeProvider())
    credit_invoice(invoice.number, "10.00", "too much", STAFF, ON, AT)
    grant_credit(invoice.client.email, "-1.00", "typing error", AT)
    credited, taken = exported("credit")
    assert list(credited.values()) == ["2026-06-16", "Anne Roy", "credit_note", "NC-2026-0001", "11.50", "CAD", ""]
    assert list(taken.values()) == ["2026-06-16", "Anne Roy", "corrected", "", "-1.00", "CAD", "typing error"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_text_that_a_spreadsheet_would_calculate_is_quoted(exported: Export, name: str) -> None:
    invoice = new_invoice(name=name)
    receive(invoice, "43.12", ON, AT, "=CA1")
    grant_credit(invoice.client.email, "1.00", "@note", AT)
    assert exported("documents")[0]["client"] == f"'{name}"
    assert exported("payments")[0]["reference"] == "'=CA1"
    assert exported("credit")[0]["note"] == "'@note"


def test_text_with_separators_quotes_and_lines_is_one_cell(exported: Export) -> None:
    new_invoice(name='Roy, "Anne"\net fils')
    assert exported("documents")[0]["client"] == 'Roy, "Anne"\net fils'


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2026-06-30", "2026-06-01", "--to: 2026-06-01 is before 2026-06-30"),
        ("9999-12-31", "9999-12-31", "--from: 9999-12-31 is outside the years of billing"),
        ("2026-01-01", "0001-01-01", "--to: 0001-01-01 is outside the years of billing"),
        ("2026-02-30", "2026-06-01", "2026-02-30"),
        ("June", "2026-06-01", "June"),
    ],
)
@pytest.mark.parametrize("kind", ["documents", "payments", "credit"])
def test_wrong_period_is_named(app: Flask, kind: str, first: str, last: str, message: str) -> None:
    result = run(app, kind, "--from", first, "--to", last)
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_period_is_required(app: Flask) -> None:
    assert run(app, "documents", "--from", "2026-06-01").exit_code == 2


def test_period_without_anything_has_only_a_header(app: Flask) -> None:
    result = run(app, "documents", "--from", "2020-01-01", "--to", "2020-12-31")
    assert (result.exit_code, result.output) == (
        0,
        "number,kind,date,client,province,lines,GST,QST,HST,total,paid,method,currency\n",
    )


def test_many_documents_keep_their_order(exported: Export) -> None:
    invoice = new_invoice()
    pay_with(invoice, FakeProvider())
    columns = {each.name: getattr(invoice, each.name) for each in Invoice.__table__.columns if each.name != "id"}
    rows = [{**columns, "number": f"copy-{n:04d}", "order_id": None} for n in range(1_200)]
    db.session.execute(insert(Invoice), rows)
    db.session.commit()
    numbers = [row["number"] for row in exported("documents")]
    assert numbers == ["2026-0001", *(f"copy-{n:04d}" for n in range(1_200))]
