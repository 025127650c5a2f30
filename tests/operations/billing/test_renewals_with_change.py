"""A scheduled change is billed with the renewal of its day, begins once that is paid, and leaves no trace if it is not.

Taxes included, a month of « base » is 109.23 (95.00, 4.75, 9.48), of « a » 172.46 (150.00, 7.50, 14.96), of « b »
258.69 (225.00, 11.25, 22.44); a year of « a » is 1,724.63 (1,500.00, 75.00, 149.63).
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
    ("snapshot", "plan", "cycle", "total", "end"),
    [
        (MONTHLY, "base", MONTHLY, 10_923, AUGUST),
        (MONTHLY, "b", MONTHLY, 25_869, AUGUST),
        (MONTHLY, "a", ANNUALLY, 172_463, date(2027, 7, 1)),
        (ANNUALLY, "a", MONTHLY, 17_246, AUGUST),
    ],
)
def test_the_renewal_is_for_the_new_terms_and_their_period(
    snapshot: BillingCycle, plan: str, cycle: BillingCycle, total: int, end: date
) -> None:
    row = factories.service(cycle=snapshot, recurring_cents=150_000 if snapshot is ANNUALLY else 15_000)

    order, invoice = scheduled_change(plan, cycle, row)

    assert (invoice.total_cents, invoice.period_start, invoice.period_end) == (total, DUE, end)
    assert invoice.order_id == order.id
    assert invoice.lines[0]["params"]["after"] == dict(order.to_plan.name)


def test_the_change_waits_for_its_day_even_if_it_is_paid_before() -> None:
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


def test_the_change_waits_for_its_payment_even_if_its_day_has_come() -> None:
    order, invoice = scheduled_change()
    order_id = order.id

    with nothing_written():
        start_due_order(order_id, DUE + timedelta(days=3), AT)
    pay_in_full(invoice)

    assert message_by_key(f"start-{invoice.number}") is not None
    start_due_order(order_id, DUE + timedelta(days=3), AT)
    assert order.status is OrderStatus.AWAITING_PROVISIONING


def test_a_part_of_the_renewal_starts_nothing() -> None:
    order, invoice = scheduled_change()
    record_transfer(invoice.id, 10_922, "part")

    start_due_order(order.id, DUE, AT)

    assert order.status is OrderStatus.SCHEDULED
    assert message_by_key(f"start-{invoice.number}") is None


def test_a_day_that_was_not_billed_before_is_billed_when_it_comes() -> None:
    order = factories.confirm(factories.service(), "base")

    start_due_order(order.id, DUE, AT)

    assert valid_renewals(order) == [("open", 10_923, True)]
    assert order.status is OrderStatus.SCHEDULED


def free(plan: str) -> None:
    next(price for price in factories.plan_row(plan).prices if price.cycle is MONTHLY).cents = 0
    factories.reload_catalogue()


def test_a_move_to_a_free_plan_is_not_billed_and_ends_the_due_dates() -> None:
    free("base")
    row = factories.service()
    order = factories.confirm(row, "base")
    factories.credit(row.client, 1_000_000)

    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, DONE, AT)

    assert (rows(Invoice), row.next_due_date, row.plan.code) == ([], None, "base")


def test_a_free_service_that_will_be_paid_for_is_billed_for_its_first_period() -> None:
    order, invoice = scheduled_change("a", row=factories.service(plan="base", recurring_cents=0))

    assert (invoice.total_cents, invoice.order_id, order.service.next_due_date) == (17_246, order.id, DUE)


def on_the_day(plan: str, row: Service) -> Order:
    return factories.confirm(row, plan, on=DUE)


def test_a_change_placed_on_the_due_date_is_billed_with_it_at_once() -> None:
    row = factories.service()

    order = on_the_day("b", row)

    assert valid_renewals(order) == [("open", 25_869, True)]
    assert (order.status, order.due_today) == (OrderStatus.SCHEDULED, Money(0))
    assert not is_queued("start", order)


@pytest.mark.parametrize("price", [9_500, 0])
def test_a_change_placed_on_the_due_date_with_nothing_left_to_pay_starts_at_once(price: int) -> None:
    if not price:
        free("base")
    row = factories.service()
    factories.credit(row.client, 10_923)

    order = on_the_day("base", row)

    assert is_queued("start", order)
    start_due_order(order.id, DUE, AT)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert valid_renewals(order) == ([("paid", 10_923, True)] if price else [])
