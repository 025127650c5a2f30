"""A scheduled change is billed by the renewal of its day and starts once that renewal is paid.

Amounts with taxes (recurring amount, GST, QST): a month on "base" 109.23 (95.00, 4.75, 9.48), on "a" 172.46 (150.00,
7.50, 14.96), on "b" 258.69 (225.00, 11.25, 22.44); a year on "a" 1,724.63 (1,500.00, 75.00, 149.63).
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.models.service import Service
from kajoom.operations.orders.provisioning import record_panel_result, start_due_order
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY
from tests.operations.ledger_checks import is_queued, nothing_written, rows
from tests.operations.renewal_setup import AUGUST, DONE, pay_in_full, record_transfer, scheduled_change, valid_renewals


@pytest.mark.parametrize(
    ("current_cycle", "plan", "cycle", "total", "end"),
    [
        (MONTHLY, "base", MONTHLY, 10_923, AUGUST),
        (MONTHLY, "b", MONTHLY, 25_869, AUGUST),
        (MONTHLY, "a", ANNUALLY, 172_463, date(2027, 7, 1)),
        (ANNUALLY, "a", MONTHLY, 17_246, AUGUST),
    ],
)
def test_renewal_bills_the_new_terms_and_their_period(
    current_cycle: BillingCycle, plan: str, cycle: BillingCycle, total: int, end: date
) -> None:
    row = factories.service(cycle=current_cycle, recurring_cents=150_000 if current_cycle is ANNUALLY else 15_000)

    order, invoice = scheduled_change(plan, cycle, row)

    assert (invoice.total_cents, invoice.period_start, invoice.period_end) == (total, DUE, end)
    assert invoice.order_id == order.id
    assert invoice.lines[0]["params"]["after"] == dict(order.to_plan.name)


def test_change_paid_early_starts_on_its_day() -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    order_id, service = order.id, order.service
    assert (service.next_due_date, service.plan.code, order.status) == (AUGUST, "a", OrderStatus.SCHEDULED)

    with nothing_written():
        start_due_order(order_id, DUE - timedelta(days=1), AT)
    start_due_order(order_id, DUE, AT)
    record_panel_result(order_id, DONE, AT)

    assert (service.plan.code, service.recurring_cents, service.next_due_date) == ("base", 9_500, AUGUST)
    assert valid_renewals(order) == [("paid", 10_923, True)]


def test_change_starts_after_its_day_once_paid() -> None:
    order, invoice = scheduled_change()
    order_id = order.id

    with nothing_written():
        start_due_order(order_id, DUE + timedelta(days=3), AT)
    pay_in_full(invoice)

    assert message_by_key(f"start-{invoice.number}") is not None
    start_due_order(order_id, DUE + timedelta(days=3), AT)
    assert order.status is OrderStatus.AWAITING_PROVISIONING


def test_part_payment_does_not_start_the_change() -> None:
    order, invoice = scheduled_change()
    record_transfer(invoice.id, 10_922, "part")

    start_due_order(order.id, DUE, AT)

    assert order.status is OrderStatus.SCHEDULED
    assert message_by_key(f"start-{invoice.number}") is None


def test_change_not_billed_ahead_is_billed_on_its_day() -> None:
    order = factories.confirm(factories.service(), "base")

    start_due_order(order.id, DUE, AT)

    assert valid_renewals(order) == [("open", 10_923, True)]
    assert order.status is OrderStatus.SCHEDULED


def make_free(plan: str) -> None:
    next(price for price in factories.plan_row(plan).prices if price.cycle is MONTHLY).cents = 0
    factories.reload_catalogue()


def test_change_to_a_free_plan_is_not_billed_and_removes_the_due_date() -> None:
    make_free("base")
    row = factories.service()
    order = factories.confirm(row, "base")
    factories.credit(row.client, 1_000_000)

    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, DONE, AT)

    assert (rows(Invoice), row.next_due_date, row.plan.code) == ([], None, "base")


def test_change_from_a_free_service_is_billed_for_its_first_period() -> None:
    order, invoice = scheduled_change("a", row=factories.service(plan="base", recurring_cents=0))

    assert (invoice.total_cents, invoice.order_id, order.service.next_due_date) == (17_246, order.id, DUE)


def confirm_on_due_date(plan: str, row: Service) -> Order:
    return factories.confirm(row, plan, on=DUE)


def test_change_placed_on_the_due_date_is_billed_at_once() -> None:
    row = factories.service()

    order = confirm_on_due_date("b", row)

    assert valid_renewals(order) == [("open", 25_869, True)]
    assert (order.status, order.due_today) == (OrderStatus.SCHEDULED, Money(0))
    assert not is_queued("start", order)


@pytest.mark.parametrize("price", [9_500, 0])
def test_change_placed_on_the_due_date_without_balance_starts_at_once(price: int) -> None:
    if not price:
        make_free("base")
    row = factories.service()
    factories.credit(row.client, 10_923)

    order = confirm_on_due_date("base", row)

    assert is_queued("start", order)
    start_due_order(order.id, DUE, AT)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert valid_renewals(order) == ([("paid", 10_923, True)] if price else [])
