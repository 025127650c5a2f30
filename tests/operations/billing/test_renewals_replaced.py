"""Renewals replaced after their scheduled change ends: the old terms are billed, and what was paid is used first.

The amounts are those of ``test_renewals_with_change``: a month costs 109.23 on "base", 172.46 on "a", 258.69 on "b".
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
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models.credit import balance_of
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.task import open_tasks
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


def credit_balance(order: Order) -> Money:
    return balance_of(order.client_id, "CAD")


def cancel(order: Order) -> None:
    cancel_order(order.client_id, order.reference, ON, AT)


def start_over_limits(order: Order) -> None:
    order.service.usage = {"disk_mb": 5_001, "mailboxes": 1, "databases": 1}
    db.session.commit()
    start_due_order(order.id, DUE, AT)
    assert (order.status, order.review_reason) == (OrderStatus.AWAITING_PROVISIONING, ReviewReason.OVER_LIMITS)


def start_suspended(order: Order) -> None:
    order.service.status = ServiceStatus.SUSPENDED
    db.session.commit()
    start_due_order(order.id, DUE, AT)
    assert (order.status, order.review_reason) == (OrderStatus.AWAITING_PROVISIONING, ReviewReason.NOT_ACTIVE)


every_end = pytest.mark.parametrize("end_change", [cancel, start_over_limits, start_suspended])


@every_end
def test_renewal_is_replaced_on_the_old_terms_when_the_change_ends(end_change: Callable[[Order], None]) -> None:
    order, invoice = scheduled_change()

    end_change(order)

    assert (invoice.status, valid_renewals(order)) == (InvoiceStatus.VOID, [("open", 17_246, False)])
    assert order.service.next_due_date == DUE


@every_end
def test_payment_of_the_replaced_renewal_is_used_for_the_new_one(
    end_change: Callable[[Order], None],
) -> None:
    """109.23 of 172.46 is paid: 63.23 remain due, so the due date does not move."""
    order, invoice = scheduled_change()
    pay_in_full(invoice)

    end_change(order)

    renewal, [note] = rows(Invoice)[-1], rows(CreditNote)
    assert (invoice.status, valid_renewals(order)) == (InvoiceStatus.PAID, [("open", 17_246, False)])
    assert (note.invoice_id, note.reason, note.total_cents) == (invoice.id, "renewal_replaced", -10_923)
    assert (renewal.credit_cents, renewal.balance) == (10_923, Money(6_323))
    assert "credit_note" in queued_emails()
    assert (order.service.next_due_date, credit_balance(order)) == (DUE, Money(0))


def test_payment_above_the_old_terms_becomes_account_credit() -> None:
    """258.69 was paid for "b" and 172.46 is due for "a": the month is paid, and 86.23 becomes credit."""
    order, invoice = scheduled_change("b")
    pay_in_full(invoice)

    cancel(order)

    assert valid_renewals(order) == [("paid", 17_246, False)]
    assert (order.service.next_due_date, credit_balance(order)) == (AUGUST, Money(8_623))


def test_paid_year_is_replaced_by_a_month_and_account_credit() -> None:
    """1,724.63 less 172.46 is 1,552.17."""
    order, invoice = scheduled_change("a", ANNUALLY)
    pay_in_full(invoice)
    assert order.service.next_due_date == date(2027, 7, 1)

    cancel(order)

    assert (order.service.next_due_date, credit_balance(order)) == (AUGUST, Money(155_217))


def test_part_payment_and_credit_are_both_used_for_the_new_renewal() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    order, invoice = scheduled_change(row=row)
    record_transfer(invoice.id, 2_000, "part")

    cancel(order)

    assert rows(Invoice)[-1].balance == Money(17_246 - 3_000)


def test_client_and_staff_are_notified_of_a_change_that_needs_review() -> None:
    order, _ = scheduled_change()
    start_over_limits(order)

    assert is_queued("needs_review", order)
    assert [(task.order_id, task.reason) for task in open_tasks()] == [(order.id, "over_limits")]
    assert queued_emails() == {"scheduled", "renewal_invoice", "needs_review", "staff_task"}


def test_cancelling_a_change_not_billed_yet_issues_no_invoice() -> None:
    order = factories.confirm(factories.service(), "base")

    cancel(order)

    assert rows(Invoice) == []


def start_unknown_payment(invoice: Invoice) -> None:
    """Pay an invoice with a provider that returns no outcome."""
    pending_payments.pay_with(invoice, FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))


def test_change_neither_starts_nor_is_cancelled_while_a_payment_is_being_verified() -> None:
    order, invoice = scheduled_change()
    start_unknown_payment(invoice)
    order.service.usage = {"disk_mb": 99_999}
    db.session.commit()
    order_id, client_id, reference = order.id, order.client_id, order.reference

    with nothing_written():
        start_due_order(order_id, DUE, AT)
    with nothing_written(), pytest.raises(BusinessError) as error:
        cancel_order(client_id, reference, ON, AT)

    assert error.value.code is Refusal.PAYMENT_PENDING


def test_late_payment_of_a_replaced_renewal_becomes_credit_and_is_notified() -> None:
    order, invoice = scheduled_change()
    cancel(order)

    record_transfer(invoice.id, 10_923, "late")

    assert credit_balance(order) == Money(10_923)
    assert {"payment_late", "staff_notice"} <= queued_emails()


def test_change_completed_by_staff_is_billed_on_the_new_terms() -> None:
    order, _ = scheduled_change()
    start_over_limits(order)

    mark_operational(order.reference, "anne", DUE, AT)

    assert valid_renewals(order) == [("open", 10_923, False)]
    assert order.service.plan.code == "base"


def test_change_completed_by_staff_keeps_a_renewal_paid_on_the_old_terms() -> None:
    order, _ = scheduled_change()
    start_over_limits(order)
    pay_in_full(rows(Invoice)[-1])

    mark_operational(order.reference, "anne", DUE, AT)

    assert valid_renewals(order) == [("paid", 17_246, False)]
    assert order.service.next_due_date == AUGUST


def test_change_completed_by_staff_keeps_a_renewal_with_a_payment_being_verified() -> None:
    order, _ = scheduled_change()
    start_over_limits(order)
    start_unknown_payment(rows(Invoice)[-1])

    mark_operational(order.reference, "anne", DUE, AT)

    assert valid_renewals(order) == [("open", 17_246, False)]


def test_change_refused_by_the_panel_keeps_its_renewal_until_staff_refuse_it() -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota"), AT)
    assert valid_renewals(order) == [("paid", 10_923, True)]

    mark_refused(order.reference, "no server left", "anne", DUE, AT)

    assert (valid_renewals(order), rows(Invoice)[-1].balance) == ([("open", 17_246, False)], Money(6_323))
    assert (order.service.next_due_date, order.service.plan.code) == (DUE, "a")


def test_next_renewal_of_a_change_that_needs_review_is_on_the_old_terms() -> None:
    order, _ = scheduled_change()
    start_over_limits(order)
    pay_in_full(rows(Invoice)[-1])

    assert issue_next_renewal(order.service, AUGUST).total == Money(17_246)


def test_next_renewal_of_a_started_change_is_on_the_new_terms() -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    start_due_order(order.id, DUE, AT)

    assert issue_next_renewal(order.service, AUGUST).total == Money(10_923)


def test_two_periods_billed_for_a_cancelled_change_are_both_replaced() -> None:
    """109.23 was paid twice; 172.46 of it pays the first month on the old terms, and 46.00 becomes credit."""
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    pay_in_full(issue_next_renewal(order.service))

    cancel(order)

    assert valid_renewals(order) == [("paid", 17_246, False)]
    assert (order.service.next_due_date, credit_balance(order)) == (AUGUST, Money(4_600))
    assert [note.total_cents for note in rows(CreditNote)] == [-10_923, -10_923]
