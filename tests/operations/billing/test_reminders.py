"""Reminders of unpaid invoices: sent once, in time, and not if paid, void or with a payment being verified."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models.outbox import Message
from kajoom.operations.billing.reminders import notify_overdue, remind_again, remind_of_order, remind_of_renewal
from kajoom.operations.daily import run_day
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import AT, DUE, ON
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.renewal_setup import issue_next_renewal, pay_in_full

LAST_DAY = ON + timedelta(days=7)
DAY = timedelta(days=1)
REMINDERS = {"reminder", "overdue", "second_reminder"}


def reminders_after_run(on: date) -> list[str]:
    """Do the daily run; the keys of the reminders and overdue notices queued so far."""
    run_day(on, AT)
    return [message.key for message in rows(Message) if message.ids.get("email") in REMINDERS]


def test_unpaid_change_is_reminded_once_two_days_before_its_last_day() -> None:
    key = f"reminder-{factories.confirm(factories.service(), 'b').reference}"

    assert reminders_after_run(LAST_DAY - 3 * DAY) == []
    assert reminders_after_run(LAST_DAY - 2 * DAY) == [key]
    assert reminders_after_run(LAST_DAY - DAY) == [key]


def test_unpaid_change_is_reminded_on_its_last_day_after_missed_runs() -> None:
    key = f"reminder-{factories.confirm(factories.service(), 'b').reference}"
    assert reminders_after_run(LAST_DAY) == [key]


def test_expired_change_is_not_reminded() -> None:
    factories.confirm(factories.service(), "b")

    assert reminders_after_run(LAST_DAY + DAY) == []


def test_renewal_is_reminded_before_it_is_due_then_the_day_after_and_a_week_after() -> None:
    number = issue_next_renewal(factories.service()).number
    all_three = [f"reminder-{number}", f"overdue-{number}", f"second_reminder-{number}"]

    assert reminders_after_run(DUE - 4 * DAY) == []
    assert reminders_after_run(DUE - 3 * DAY) == [f"reminder-{number}"]
    assert reminders_after_run(DUE) == [f"reminder-{number}"]
    assert reminders_after_run(DUE + DAY) == all_three[:2]
    assert reminders_after_run(DUE + 6 * DAY) == all_three[:2]
    assert reminders_after_run(DUE + 7 * DAY) == all_three
    assert reminders_after_run(DUE + 60 * DAY) == all_three


def test_renewal_issued_the_day_before_it_is_due_is_not_reminded() -> None:
    issue_next_renewal(factories.service(), DUE - DAY)

    assert reminders_after_run(DUE - DAY) == []


def test_overdue_notice_that_missed_runs_delayed_also_delays_the_second_one() -> None:
    number = issue_next_renewal(factories.service()).number

    assert reminders_after_run(DUE + 10 * DAY) == [f"overdue-{number}"]
    assert reminders_after_run(DUE + 15 * DAY) == [f"overdue-{number}"]
    assert reminders_after_run(DUE + 16 * DAY) == [f"overdue-{number}", f"second_reminder-{number}"]


def test_renewal_paid_after_the_first_notice_has_no_second_one() -> None:
    invoice = issue_next_renewal(factories.service())
    number = invoice.number
    run_day(DUE + DAY, AT)
    pay_in_full(invoice)

    assert reminders_after_run(DUE + 7 * DAY) == [f"overdue-{number}"]


def test_second_reminder_waits_for_the_outcome_of_a_payment() -> None:
    invoice = issue_next_renewal(factories.service())
    number = invoice.number
    run_day(DUE + DAY, AT)
    pending_payments.pay_with(invoice, FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))

    assert reminders_after_run(DUE + 7 * DAY) == [f"overdue-{number}"]


def test_paid_renewal_is_not_reminded() -> None:
    invoice = issue_next_renewal(factories.service())
    pay_in_full(invoice)

    assert reminders_after_run(DUE - DAY) == []
    assert reminders_after_run(DUE + DAY) == []


def test_change_with_a_payment_being_verified_is_not_reminded() -> None:
    invoice = factories.invoice_for(factories.confirm(factories.service(), "b"))
    pending_payments.pay_with(invoice, FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))

    assert reminders_after_run(LAST_DAY) == []


@pytest.mark.parametrize("on", [DUE - DAY, DUE + DAY])
def test_renewal_with_a_payment_being_verified_is_not_reminded(on: date) -> None:
    pending_payments.pay_with(
        issue_next_renewal(factories.service()), FakeProvider(ProviderResult(AttemptStatus.UNKNOWN))
    )

    assert reminders_after_run(on) == []


def test_invoice_settled_since_the_run_began_is_not_reminded() -> None:
    order = factories.confirm(factories.service(), "b")
    cancel_order(order.client_id, order.reference, ON, AT)
    invoice = issue_next_renewal(factories.service())
    pay_in_full(invoice)
    order_id, invoice_id = order.id, invoice.id

    with nothing_written():
        remind_of_order(order_id, AT)
        remind_of_renewal(invoice_id, AT)
        notify_overdue(invoice_id, ON, AT)
        remind_again(invoice_id, ON, AT)
