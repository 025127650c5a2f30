"""A client is reminded once of each thing to be paid, in time, and never of what is paid, void or being verified."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models.outbox import Message
from kajoom.operations.billing.reminders import notify_overdue, remind_of_order, remind_of_renewal
from kajoom.operations.daily import run_day
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import AT, DUE, ON
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.renewal_setup import issue_next_renewal, pay_in_full

LAST = ON + timedelta(days=7)
DAY = timedelta(days=1)


def reminded(on: date) -> list[str]:
    """The reminders told of once a day is done, by their keys."""
    run_day(on, AT)
    return [message.key for message in rows(Message) if message.ids.get("email") in {"reminder", "overdue"}]


def test_an_unpaid_change_is_reminded_of_once_two_days_before_its_last() -> None:
    key = f"reminder-{factories.confirm(factories.service(), 'b').reference}"

    assert reminded(LAST - 3 * DAY) == []
    assert reminded(LAST - 2 * DAY) == [key]
    assert reminded(LAST - DAY) == [key]


def test_an_unpaid_change_is_reminded_of_on_its_last_day_if_nobody_worked_before_and_not_after_it() -> None:
    key = f"reminder-{factories.confirm(factories.service(), 'b').reference}"
    assert reminded(LAST) == [key]


def test_a_change_that_expired_is_not_reminded_of() -> None:
    factories.confirm(factories.service(), "b")

    assert reminded(LAST + DAY) == []


def test_a_renewal_is_reminded_of_three_days_before_it_is_due_and_the_day_after() -> None:
    number = issue_next_renewal(factories.service()).number

    assert reminded(DUE - 4 * DAY) == []
    assert reminded(DUE - 3 * DAY) == [f"reminder-{number}"]
    assert reminded(DUE) == [f"reminder-{number}"]
    assert reminded(DUE + DAY) == [f"reminder-{number}", f"overdue-{number}"]
    assert reminded(DUE + 30 * DAY) == [f"reminder-{number}", f"overdue-{number}"]


def test_a_renewal_issued_the_day_before_it_is_due_is_not_reminded_of_at_once() -> None:
    issue_next_renewal(factories.service(), DUE - DAY)

    assert reminded(DUE - DAY) == []


def test_days_on_which_nobody_worked_remind_of_what_is_overdue_alone() -> None:
    number = issue_next_renewal(factories.service()).number

    assert reminded(DUE + 10 * DAY) == [f"overdue-{number}"]


def test_what_is_paid_is_not_reminded_of() -> None:
    invoice = issue_next_renewal(factories.service())
    pay_in_full(invoice)

    assert reminded(DUE - DAY) == []
    assert reminded(DUE + DAY) == []


def test_a_change_whose_payment_is_being_verified_is_not_reminded_of() -> None:
    invoice = factories.invoice_for(factories.confirm(factories.service(), "b"))
    pending_payments.pay_with(invoice, FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))

    assert reminded(LAST) == []


@pytest.mark.parametrize("on", [DUE - DAY, DUE + DAY])
def test_what_is_being_verified_is_not_reminded_of(on: date) -> None:
    pending_payments.pay_with(
        issue_next_renewal(factories.service()), FakeProvider(ProviderResult(AttemptStatus.UNKNOWN))
    )

    assert reminded(on) == []


def test_what_was_settled_since_the_day_looked_is_left_alone() -> None:
    order = factories.confirm(factories.service(), "b")
    cancel_order(order.client_id, order.reference, ON, AT)
    invoice = issue_next_renewal(factories.service())
    pay_in_full(invoice)
    order_id, invoice_id = order.id, invoice.id

    with nothing_written():
        remind_of_order(order_id, AT)
        remind_of_renewal(invoice_id, AT)
        notify_overdue(invoice_id, AT)
