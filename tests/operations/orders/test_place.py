"""A confirmed change is an order and its invoice in one commit, at the figures that were seen, or nothing at all."""

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
from kajoom.models.credit import balance_of, movements_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.operations.orders.place import Confirmation, place_order
from kajoom.operations.orders.quotes import Choice
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON
from tests.operations.ledger_checks import nothing_written, queued_emails, rows


def test_an_upgrade_waits_for_its_payment_and_the_service_is_as_it_was() -> None:
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


def test_the_invoice_bears_the_lines_and_taxes_of_the_quote_to_the_cent() -> None:
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


def test_a_line_says_the_days_it_covers_and_the_plans_by_name() -> None:
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


def test_a_change_free_of_charge_goes_straight_to_the_panel_without_invoice() -> None:
    row = factories.service(recurring_cents=22_500)

    order = factories.confirm(row, "b")

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert invoice_of_order(order.id) is None
    assert order.expires_on is None
    assert message_by_key(f"provision-{order.reference}") is not None
    assert [step.event for step in order.history] == [OrderEvent.PLACED]


def test_a_downgrade_waits_for_the_next_due_date_at_no_charge() -> None:
    order = factories.confirm(factories.service(), "base")

    assert (order.status, order.effective_on, order.total) == (OrderStatus.SCHEDULED, DUE, Money(0))
    assert queued_emails() == {"scheduled"}
    assert message_by_key(f"provision-{order.reference}") is None


def test_a_downgrade_at_once_must_be_acknowledged() -> None:
    row = factories.service()

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "base", when=When.NOW, acknowledged=False)
    order = factories.confirm(row, "base", when=When.NOW, acknowledged=True)

    assert error.value.code is Refusal.NOT_ACKNOWLEDGED
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert movements_of(row.client_id) == []


def test_a_move_that_needs_a_person_waits_for_one_with_its_delay() -> None:
    order = factories.confirm(factories.service(recurring_cents=35_000), "c")

    assert (order.needs_person, order.delay) == (True, factories.DELAY)
    assert queued_emails() == {"change_requested", "person_on_it"}
    assert message_by_key(f"provision-{order.reference}") is None


def test_credit_pays_a_part_and_the_invoice_asks_for_the_rest() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)

    order = factories.confirm(row, "b")
    invoice = factories.invoice_for(order)

    assert (order.status, order.due_today) == (OrderStatus.AWAITING_PAYMENT, Money(3_312))  # 43.12 - 10.00
    assert (invoice.balance, invoice.credit_cents, invoice.status) == (Money(3_312), 1_000, InvoiceStatus.OPEN)
    assert balance_of(row.client_id, "CAD") == Money(0)


def test_credit_that_covers_all_walks_the_same_states_without_a_payment() -> None:
    row = factories.service()
    factories.credit(row.client, 10_000)

    order = factories.confirm(row, "b")

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert (factories.invoice_for(order).status, factories.invoice_for(order).balance) == (InvoiceStatus.PAID, Money(0))
    assert balance_of(row.client_id, "CAD") == Money(10_000 - 4_312)
    assert message_by_key(f"provision-{order.reference}") is not None


def test_credit_in_another_currency_pays_nothing() -> None:
    row = factories.service()
    factories.credit(row.client, 10_000, "USD")

    assert factories.confirm(row, "b").due_today == Money(4_312)


def test_a_downgrade_leaves_the_credit_as_it_was() -> None:
    row = factories.service()
    factories.credit(row.client, 5_000)

    factories.confirm(row, "base")

    assert balance_of(row.client_id, "CAD") == Money(5_000)


def test_one_change_at_a_time_and_the_refusal_leaves_no_lock() -> None:
    row = factories.service()
    digest = factories.price(row, "b").digest
    factories.confirm(row, "b", digest=digest)

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "c", digest=digest)

    assert error.value.code is Refusal.CHANGE_UNDER_WAY
    assert not db.session().in_transaction()


def test_a_deed_that_fails_gives_its_numbers_back() -> None:
    first, second, third = factories.service(), factories.service(), factories.service()
    factories.confirm(first, "b")
    seen = Confirmation(factories.price(second, "b").digest, "k")
    [invoice] = rows(Invoice)
    invoice.number = "2026-0002"  # so that the next one, its numbers taken, is refused by the database
    db.session.commit()
    with nothing_written(), pytest.raises(IntegrityError):
        place_order(second.client_id, second.id, Choice("b", MONTHLY), seen, locale="fr", on=ON, at=AT, days_to_pay=7)
    invoice.number = "2026-0001"
    db.session.commit()
    factories.confirm(third, "b")

    assert [invoice.number for invoice in rows(Invoice)] == ["2026-0001", "2026-0002"]
    assert [order.reference for order in rows(Order)] == ["CH-2026-000001", "CH-2026-000002"]


def test_numbers_begin_again_with_the_year_of_the_shops_day() -> None:
    eve = date(2026, 12, 31)  # in Toronto, while it is already 2027 in UTC
    row = factories.service(next_due_date=date(2027, 1, 15), anchor_day=15)
    seen = Confirmation(factories.price(row, "b", on=eve).digest, "k")

    order = place_order(
        row.client_id,
        row.id,
        Choice("b", MONTHLY),
        seen,
        locale="fr",
        on=eve,
        at=AT.replace(year=2027, month=1, day=1, hour=4),
        days_to_pay=7,
    )

    assert (order.reference, factories.invoice_for(order).number) == ("CH-2026-000001", "2026-0001")
