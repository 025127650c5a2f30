"""The payment method of a change: it decides until when the change can be paid, and must be fast enough for it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import When
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.daily import run_day
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import is_queued, nothing_written


def refusal_of(row: Service, method: str, on: date) -> Refusal:
    digest = factories.price(row, on=on).digest
    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, on=on, digest=digest, method=method)
    assert isinstance(error.value.code, Refusal)
    return error.value.code


@pytest.mark.parametrize(
    ("method", "last_day"),
    [("", 23), ("paypal", 23), ("interac", 23), ("bank_transfer", 25), ("cheque", 30)],
)
def test_change_can_be_paid_until_the_money_of_its_method_has_arrived(method: str, last_day: int) -> None:
    order = factories.confirm(factories.service(), method=method)

    assert (order.payment_method, order.expires_on) == (method, date(2026, 6, last_day))
    assert factories.invoice_for(order).due_on == order.expires_on


def test_change_without_a_due_date_can_be_paid_by_any_method() -> None:
    row = factories.service(recurring_cents=0, cycle=BillingCycle.FREE, next_due_date=None)

    assert factories.confirm(row, "a", method="cheque").expires_on == ON + timedelta(days=14)


@pytest.mark.parametrize(("method", "days"), [("cheque", 10), ("bank_transfer", 5), ("interac", 2)])
def test_method_whose_money_arrives_on_the_due_date_is_refused(method: str, days: int) -> None:
    row = factories.service()

    assert refusal_of(row, method, DUE - timedelta(days=days)) is Refusal.METHOD_TOO_SLOW
    day_before = DUE - timedelta(days=days + 1)
    assert factories.confirm(row, on=day_before, method=method).expires_on == DUE - timedelta(days=1)


def test_unknown_method_is_refused() -> None:
    assert refusal_of(factories.service(), "gold", ON) is Refusal.UNREADABLE


def test_method_is_not_kept_where_nothing_is_due() -> None:
    order = factories.confirm(factories.service(), when=When.RENEWAL, method="cheque")

    assert (order.payment_method, order.expires_on) == ("", None)


def test_slow_method_is_accepted_where_nothing_is_due() -> None:
    row = factories.service()

    assert factories.confirm(row, "base", on=DUE - timedelta(days=1), method="cheque").expires_on is None


def test_reminder_and_expiry_follow_the_method() -> None:
    order: Order = factories.confirm(factories.service(), method="cheque")
    for day in range(17, 28):
        run_day(date(2026, 6, day), AT)
    assert not is_queued("reminder", order)

    run_day(date(2026, 6, 28), AT)
    assert is_queued("reminder", order)
    run_day(date(2026, 6, 30), AT)
    assert not is_queued("expired", order)
    run_day(DUE, AT)
    assert is_queued("expired", order)


def test_change_cancelled_and_confirmed_again_may_have_another_method() -> None:
    row = factories.service()
    first = factories.confirm(row, method="cheque")
    cancel_order(row.client_id, first.reference, ON, AT)

    assert factories.confirm(row, method="paypal").expires_on == date(2026, 6, 23)
