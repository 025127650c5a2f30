"""Placing an order: order, invoice and messages in one commit, at the figures of the confirmed quote."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from kajoom.domain.decision import When
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.quote import Decision, Direction
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON
from tests.operations.ledger_checks import movements_of, nothing_written, queued_emails, rows
from tests.operations.orders.order_setup import place_upgrade


def test_upgrade_awaits_payment_and_leaves_the_service_unchanged() -> None:
    row = factories.service()

    order = factories.confirm(row, "b")

    assert (order.status, order.decision, order.direction) == (
        OrderStatus.AWAITING_PAYMENT,
        Decision.NOW,
        Direction.UPGRADE,
    )
    assert (order.from_plan.code, order.to_plan.code, order.quantity) == ("a", "b", 1)
    assert (order.due_before, order.due_after, order.expires_on) == (DUE, DUE, ON + timedelta(days=7))
    assert (row.plan.code, row.recurring_cents, row.next_due_date, row.version) == ("a", 15000, DUE, 1)
    assert queued_emails() == {"change_requested"}


def test_invoice_has_the_exact_lines_and_taxes_of_the_quote() -> None:
    row = factories.service()
    quote = factories.price(row, "b", ANNUALLY)

    order = factories.confirm(row, "b", ANNUALLY)
    invoice = factories.invoice_for(order)

    # 2,250.00 - 150.00 / 2 = 2,175.00; GST 108.75; QST 216.95625 = 216.96
    assert [(line["code"], line["cents"]) for line in invoice.lines] == [
        ("new_period", 225_000),
        ("unused_time", -7_500),
    ]
    assert [(tax["name"], tax["percent"], tax["cents"]) for tax in invoice.taxes] == [
        ("GST", "5", 10_875),
        ("QST", "9.975", 21_696),
    ]
    assert invoice.total == quote.total == order.total == Money(250_071)
    assert [line["cents"] for line in invoice.lines] == [line.amount.cents for line in quote.lines]
    assert [tax["number"] for tax in invoice.taxes] == [factories.SELLER["gst_number"], factories.SELLER["qst_number"]]
    assert order.figures["lines"] == invoice.lines
    assert order.figures["subtotal"] == invoice.subtotal_cents == quote.subtotal.cents
    assert (order.figures["renewal_before"], order.figures["renewal_after"]) == (
        quote.renewal_before.cents,
        quote.renewal_after.cents,
    )
    assert (invoice.number, invoice.issued_on, invoice.balance) == ("2026-0001", ON, quote.due_today)


def test_invoice_line_has_its_days_and_plan_names() -> None:
    [line] = factories.invoice_for(factories.confirm(factories.service(), "b")).lines

    assert line["params"] == {
        "before": factories.translated("Forfait A"),
        "after": factories.translated("Forfait B"),
        "start": "2026-06-16",
        "last": "2026-06-30",
        "days": 15,
        "of_days": 30,
        "cycles_ahead": 0,
        "whole": 7_500,
    }


def test_change_without_charge_is_provisioned_without_an_invoice() -> None:
    row = factories.service(recurring_cents=22_500)

    order = factories.confirm(row, "b")

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert invoice_of_order(order.id) is None
    assert order.expires_on is None
    assert message_by_key(f"provision-{order.reference}") is not None
    assert [step.event for step in order.history] == [OrderEvent.PLACED]


def test_downgrade_waits_for_next_due_date_without_charge() -> None:
    order = factories.confirm(factories.service(), "base")

    assert (order.status, order.effective_on, order.total) == (OrderStatus.SCHEDULED, DUE, Money(0))
    assert queued_emails() == {"scheduled"}
    assert message_by_key(f"provision-{order.reference}") is None


def test_immediate_downgrade_must_be_acknowledged() -> None:
    row = factories.service()

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "base", when=When.NOW, acknowledged=False)
    order = factories.confirm(row, "base", when=When.NOW, acknowledged=True)

    assert error.value.code is Refusal.NOT_ACKNOWLEDGED
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert movements_of(row.client_id) == []


def test_change_that_needs_a_person_is_not_sent_to_the_panel() -> None:
    order = factories.confirm(factories.service(recurring_cents=35_000), "c")

    assert (order.needs_person, order.delay) == (True, factories.DELAY)
    assert queued_emails() == {"person_on_it", "staff_task"}
    assert message_by_key(f"provision-{order.reference}") is None


def test_account_credit_reduces_the_balance_of_the_invoice() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)

    order = factories.confirm(row, "b")
    invoice = factories.invoice_for(order)

    assert (order.status, order.due_today) == (OrderStatus.AWAITING_PAYMENT, Money(3_312))  # 43.12 - 10.00
    assert (invoice.balance, invoice.credit_cents, invoice.status) == (Money(3_312), 1_000, InvoiceStatus.OPEN)
    assert balance_of(row.client_id, "CAD") == Money(0)


def test_account_credit_that_covers_the_total_pays_the_order() -> None:
    row = factories.service()
    factories.credit(row.client, 10_000)

    order = factories.confirm(row, "b")

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert (factories.invoice_for(order).status, factories.invoice_for(order).balance) == (InvoiceStatus.PAID, Money(0))
    assert balance_of(row.client_id, "CAD") == Money(10_000 - 4_312)
    assert message_by_key(f"provision-{order.reference}") is not None


def test_credit_in_another_currency_is_not_used() -> None:
    row = factories.service()
    factories.credit(row.client, 10_000, "USD")

    assert factories.confirm(row, "b").due_today == Money(4_312)


def test_downgrade_uses_no_credit() -> None:
    row = factories.service()
    factories.credit(row.client, 5_000)

    factories.confirm(row, "base")

    assert balance_of(row.client_id, "CAD") == Money(5_000)


def test_second_change_is_refused_and_leaves_no_transaction_open() -> None:
    row = factories.service()
    digest = factories.price(row, "b").digest
    factories.confirm(row, "b", digest=digest)

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "c", digest=digest)

    assert error.value.code is Refusal.CHANGE_UNDER_WAY
    assert not db.session().in_transaction()


def test_failed_order_leaves_no_gap_in_the_numbers() -> None:
    first, second, third = factories.service(), factories.service(), factories.service()
    factories.confirm(first, "b")
    digest = factories.price(second, "b").digest
    [invoice] = rows(Invoice)
    invoice.number = "2026-0002"  # the next number: the database refuses a second invoice with it
    db.session.commit()
    with nothing_written(), pytest.raises(IntegrityError):
        place_upgrade(second.client_id, second.id, digest)
    invoice.number = "2026-0001"
    db.session.commit()
    factories.confirm(third, "b")

    assert [invoice.number for invoice in rows(Invoice)] == ["2026-0001", "2026-0002"]
    assert [order.reference for order in rows(Order)] == ["CH-2026-000001", "CH-2026-000002"]


def test_year_of_the_numbers_is_that_of_the_local_day() -> None:
    new_years_eve = date(2026, 12, 31)  # in Toronto, while it is already 2027 in UTC
    row = factories.service(next_due_date=date(2027, 1, 15), anchor_day=15)
    confirmation = Confirmation(factories.price(row, "b", on=new_years_eve).digest, "k")

    order = place_order(
        row.client_id,
        row.id,
        Choice("b", MONTHLY),
        confirmation,
        locale="fr",
        on=new_years_eve,
        at=AT.replace(year=2027, month=1, day=1, hour=4),
        days_to_pay=7,
    ).order

    assert (order.reference, factories.invoice_for(order).number) == ("CH-2026-000001", "2026-0001")
