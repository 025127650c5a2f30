"""A service at 0.00 that has a due date: its date moves on by itself, and an upgrade is charged for the days left."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.quote import Decision, When
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.provisioning import mark_operational
from kajoom.operations.orders.quotes import Quotes
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON


def free_service(due: date = date(2026, 3, 1)) -> Service:
    """A monthly service at 0.00 whose stored date, by default, is three months old."""
    return factories.service(plan="base", recurring_cents=0, next_due_date=due, anchor_day=due.day)


def complete(row: Service, plan: str, *choice: object) -> None:
    """Order a change and complete it as staff do, as if it were paid and its day had come."""
    order = factories.confirm(row, plan, *choice)  # type: ignore[arg-type]
    order.status = OrderStatus.AWAITING_PROVISIONING
    db.session.commit()
    mark_operational(order.reference, "staff:lea", ON, AT)


def test_upgrade_is_charged_for_the_days_left_and_keeps_the_due_date() -> None:
    row = free_service(DUE)
    quote = factories.price(row, "a")

    assert (quote.decision, quote.subtotal, quote.next_due) == (Decision.NOW, Money(7_500), DUE)
    complete(row, "a")
    assert (row.next_due_date, row.anchor_day, row.recurring_cents) == (DUE, 1, 15_000)


def test_stored_date_that_is_past_has_moved_on_in_snapshot_price_and_order() -> None:
    row = free_service()

    assert factories.snapshot(row).due == DUE
    assert Quotes(factories.snapshot(row)).blocked_reason is None
    assert row.due_on(ON) == DUE
    assert factories.price(row, "a").subtotal == Money(7_500)
    order = factories.confirm(row, "a")
    assert (order.due_before, order.due_after, order.expires_on) == (DUE, DUE, ON + timedelta(days=7))
    assert row.next_due_date == DUE


def test_first_renewal_after_an_upgrade_begins_on_the_date_that_had_moved_on() -> None:
    row = free_service()
    complete(row, "a")

    invoice = issue_renewal(row.id, ON, AT)

    assert invoice is not None
    assert (invoice.period_start, invoice.subtotal_cents) == (DUE, 15_000)


def test_change_on_the_due_date_goes_with_the_renewal() -> None:
    row = free_service(date(2026, 4, 16))

    order = factories.confirm(row, "a")

    assert (order.decision, order.effective_on) == (Decision.WITH_RENEWAL, ON)
    assert row.next_due_date == ON
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is None  # the order has billed it
    assert factories.snapshot(row).unpaid_renewal is not None


def test_longer_cycle_begins_today() -> None:
    row = free_service()
    complete(row, "a", ANNUALLY)

    assert (row.next_due_date, row.anchor_day) == (date(2027, 6, 16), 16)


def test_period_end_of_a_cancellation_is_the_date_that_has_moved_on() -> None:
    row = free_service()
    when = CancellationWhen.PERIOD_END
    request = request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)

    assert request.effective_on == DUE


@pytest.mark.parametrize(("old_cents", "due"), [(0, DUE), (15_000, None)])
def test_plan_at_no_price_keeps_its_due_date_and_one_that_becomes_free_has_none(
    old_cents: int, due: date | None
) -> None:
    for price in factories.plan_row("b").prices:
        price.cents = 0
    factories.reload_catalogue()
    row = factories.service(recurring_cents=old_cents)

    complete(row, "b", MONTHLY, None if due else When.RENEWAL)

    assert (row.recurring_cents, row.next_due_date) == (0, due)
