"""A change that is not to be gives its renewal back: the old terms are billed in its place, what was paid used first.

The amounts are those of ``test_renewal_change``: 109.23 for a month of « base », 172.46 of « a », 258.69 of « b ».
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.gateways.ports import PanelResult, PanelStatus, ProviderResult
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.provisioning import mark_operational, mark_refused, record_panel_result, start_due_order
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, ON
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import is_queued, nothing_written, queued_emails, rows
from tests.operations.renewal_setup import (
    AUGUST,
    issue_next_renewal,
    pay_in_full,
    record_transfer,
    scheduled_change,
    valid_renewals,
)


def credit_of(order: Order) -> Money:
    return balance_of(order.client_id, "CAD")


def cancel(order: Order) -> None:
    cancel_order(order.client_id, order.reference, ON, AT)


def fall_due_over_limits(order: Order) -> None:
    order.service.usage = {"disk_mb": 5_001, "mailboxes": 1, "databases": 1}
    db.session.commit()
    start_due_order(order.id, DUE, AT)
    assert (order.status, order.review_reason) == (OrderStatus.AWAITING_PROVISIONING, ReviewReason.OVER_LIMITS)


def fall_due_suspended(order: Order) -> None:
    order.service.status = ServiceStatus.SUSPENDED
    db.session.commit()
    start_due_order(order.id, DUE, AT)
    assert (order.status, order.review_reason) == (OrderStatus.AWAITING_PROVISIONING, ReviewReason.NOT_ACTIVE)


falls_through = pytest.mark.parametrize("fall_through", [cancel, fall_due_over_limits, fall_due_suspended])


@falls_through
def test_a_change_that_is_not_to_be_gives_way_to_the_old_terms(fall_through: Callable[[Order], None]) -> None:
    order, invoice = scheduled_change()

    fall_through(order)

    assert (invoice.status, valid_renewals(order)) == (InvoiceStatus.VOID, [("open", 17_246, False)])
    assert order.service.next_due_date == DUE


@falls_through
def test_what_was_paid_for_a_change_that_is_not_to_be_pays_for_the_old_terms(
    fall_through: Callable[[Order], None],
) -> None:
    """109.23 of 172.46 is there already: 63.23 are left, and the period is not paid."""
    order, invoice = scheduled_change()
    pay_in_full(invoice)

    fall_through(order)

    replaced = rows(Invoice)[-1]
    assert (invoice.status, valid_renewals(order)) == (InvoiceStatus.VOID, [("open", 17_246, False)])
    assert (replaced.credit_cents, replaced.balance) == (10_923, Money(6_323))
    assert (order.service.next_due_date, credit_of(order)) == (DUE, Money(0))


def test_what_is_too_much_for_the_old_terms_stays_account_credit() -> None:
    """258.69 were paid for « b » and 172.46 are owed for « a »: the month is paid, and 86.23 are left."""
    order, invoice = scheduled_change("b")
    pay_in_full(invoice)

    cancel(order)

    assert valid_renewals(order) == [("paid", 17_246, False)]
    assert (order.service.next_due_date, credit_of(order)) == (AUGUST, Money(8_623))


def test_a_year_paid_ahead_for_a_change_that_is_not_to_be_becomes_a_month() -> None:
    """1,724.63 less 172.46 is 1,552.17."""
    order, invoice = scheduled_change("a", ANNUALLY)
    pay_in_full(invoice)
    assert order.service.next_due_date == date(2027, 7, 1)

    cancel(order)

    assert (order.service.next_due_date, credit_of(order)) == (AUGUST, Money(155_217))


def test_a_part_paid_and_credit_used_both_come_back_first() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    order, invoice = scheduled_change(row=row)
    record_transfer(invoice.id, 2_000, "part")

    cancel(order)

    assert rows(Invoice)[-1].balance == Money(17_246 - 3_000)


def test_the_held_and_their_staff_are_both_told() -> None:
    order, _ = scheduled_change()
    fall_due_over_limits(order)

    assert is_queued("needs_review", order)
    assert is_queued("staff_notice", order)
    assert queued_emails() == {"scheduled", "renewal_invoice", "needs_review", "staff_notice"}


def test_a_scheduled_change_not_billed_yet_is_cancelled_without_an_invoice() -> None:
    order = factories.confirm(factories.service(), "base")

    cancel(order)

    assert rows(Invoice) == []


def being_verified(invoice: Invoice) -> FakeProvider:
    """A payment of it whose outcome nobody knows."""
    provider = FakeProvider(ProviderResult(AttemptStatus.UNKNOWN))
    pending_payments.pay_with(invoice, provider)
    return provider


def test_nothing_is_decided_while_a_payment_of_the_renewal_is_being_verified() -> None:
    order, invoice = scheduled_change()
    being_verified(invoice)
    order.service.usage = {"disk_mb": 99_999}
    db.session.commit()
    order_id, client_id, reference = order.id, order.client_id, order.reference

    with nothing_written():
        start_due_order(order_id, DUE, AT)
    with nothing_written(), pytest.raises(BusinessError) as error:
        cancel_order(client_id, reference, ON, AT)

    assert error.value.code is Refusal.PAYMENT_PENDING


def test_money_for_a_renewal_that_was_replaced_is_credit_and_is_told() -> None:
    order, invoice = scheduled_change()
    cancel(order)

    record_transfer(invoice.id, 10_923, "late")

    assert credit_of(order) == Money(10_923)
    assert {"payment_late", "staff_notice"} <= queued_emails()


def test_a_person_who_finishes_what_was_held_leaves_no_renewal_at_the_old_price() -> None:
    order, _ = scheduled_change()
    fall_due_over_limits(order)

    mark_operational(order.reference, "anne", DUE, AT)

    assert valid_renewals(order) == [("open", 10_923, False)]
    assert order.service.plan.code == "base"


def test_a_period_paid_at_the_old_price_is_left_by_who_finishes_the_change_later() -> None:
    order, _ = scheduled_change()
    fall_due_over_limits(order)
    pay_in_full(rows(Invoice)[-1])

    mark_operational(order.reference, "anne", DUE, AT)

    assert valid_renewals(order) == [("paid", 17_246, False)]
    assert order.service.next_due_date == AUGUST


def test_a_payment_under_way_of_the_old_price_is_let_arrive() -> None:
    order, _ = scheduled_change()
    fall_due_over_limits(order)
    being_verified(rows(Invoice)[-1])

    mark_operational(order.reference, "anne", DUE, AT)

    assert valid_renewals(order) == [("open", 17_246, False)]


def test_what_the_panel_refuses_keeps_its_renewal_until_a_person_says_that_it_cannot_be() -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota"), AT)
    assert valid_renewals(order) == [("paid", 10_923, True)]

    mark_refused(order.reference, "no server left", "anne", DUE, AT)

    assert (valid_renewals(order), rows(Invoice)[-1].balance) == ([("open", 17_246, False)], Money(6_323))
    assert (order.service.next_due_date, order.service.plan.code) == (DUE, "a")


def test_the_renewal_after_a_held_change_is_on_the_old_terms() -> None:
    order, _ = scheduled_change()
    fall_due_over_limits(order)
    pay_in_full(rows(Invoice)[-1])

    assert issue_next_renewal(order.service, AUGUST).total == Money(17_246)


def test_the_renewal_after_one_that_waits_for_its_panel_is_on_the_new_terms() -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    start_due_order(order.id, DUE, AT)

    assert issue_next_renewal(order.service, AUGUST).total == Money(10_923)


def test_two_periods_billed_for_a_change_that_is_not_to_be_are_both_given_back() -> None:
    """Two times 109.23, of which 172.46 pay the first month again: 46.00 are left."""
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    pay_in_full(issue_next_renewal(order.service))

    cancel(order)

    assert valid_renewals(order) == [("paid", 17_246, False)]
    assert (order.service.next_due_date, credit_of(order)) == (AUGUST, Money(4_600))
