"""A scheduled change starts on its day at the ordered price if it is still possible; otherwise it needs review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.service import ServiceStatus
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.orders.provisioning import record_panel_result, start_due_order
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY
from tests.operations.ledger_checks import is_queued, nothing_written
from tests.operations.orders.order_setup import insert_cancellation

DONE = PanelResult(PanelStatus.DONE)


def service_with_credit(**more: Any) -> Service:
    """A service of a client whose account credit pays every renewal."""
    row = factories.service(**more)
    factories.credit(row.client, 1_000_000)
    return row


def test_scheduled_change_starts_on_its_day_and_not_before() -> None:
    row = service_with_credit()
    order = factories.confirm(row, "base")
    order_id = order.id

    with nothing_written():
        start_due_order(order_id, DUE - timedelta(days=1), AT)
    start_due_order(order_id, DUE, AT)
    with nothing_written():
        start_due_order(order_id, DUE, AT)

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert is_queued("provision", order)
    record_panel_result(order_id, DONE, AT)
    assert (row.plan.code, row.next_due_date) == ("base", date(2026, 8, 1))


def exceed_limits(row: Service) -> None:
    row.usage = {"disk_mb": 5_001, "mailboxes": 1, "databases": 1}


def suspend(row: Service) -> None:
    row.status = ServiceStatus.SUSPENDED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (exceed_limits, ReviewReason.OVER_LIMITS),
        (suspend, ReviewReason.NOT_ACTIVE),
        (insert_cancellation, ReviewReason.CANCELLATION_REQUESTED),
    ],
)
def test_scheduled_change_that_is_no_longer_possible_needs_review(
    change: Callable[[Service], object], reason: ReviewReason
) -> None:
    row = factories.service()
    order = factories.confirm(row, "base")
    change(row)
    db.session.commit()

    start_due_order(order.id, DUE, AT)

    assert (order.status, order.needs_person, order.review_reason) == (
        OrderStatus.AWAITING_PROVISIONING,
        True,
        reason,
    )
    assert is_queued("needs_review", order)
    assert not is_queued("provision", order)
    assert row.plan.code == "a"


def test_scheduled_change_with_unknown_usage_needs_a_person() -> None:
    row = service_with_credit()
    order = factories.confirm(row, "base")
    row.usage = None
    db.session.commit()

    start_due_order(order.id, DUE, AT)

    assert (order.needs_person, order.delay) == (True, factories.DELAY)
    assert is_queued("person_on_it", order)
    assert not is_queued("provision", order)


def test_scheduled_change_of_cycle_alone_ignores_usage() -> None:
    row = service_with_credit(cycle=ANNUALLY, recurring_cents=150_000, usage={"disk_mb": 99_999})
    order = factories.confirm(row, "a", MONTHLY)

    start_due_order(order.id, DUE, AT)

    assert not order.needs_person
    assert is_queued("provision", order)


def test_scheduled_change_applies_the_price_of_the_order() -> None:
    row = service_with_credit()
    order = factories.confirm(row, "base")
    next(price for price in factories.plan_row("base").prices if price.cycle is MONTHLY).cents += 500
    factories.reload_catalogue()

    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, DONE, AT)

    assert row.recurring_cents == 9_500
