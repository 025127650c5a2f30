"""A scheduled change begins on its day if it still fits, at the price that was agreed; else a person looks at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.service import ServiceStatus
from kajoom.gateways.ports import PanelResult, PanelStatus
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.orders.provisioning import record_panel_result, start_due_order
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY
from tests.operations.ledger_checks import is_queued, nothing_written

DONE = PanelResult(PanelStatus.DONE)


def rich(**more: Any) -> Service:
    """A service whose client's account credit pays each renewal as it is issued."""
    row = factories.service(**more)
    factories.credit(row.client, 1_000_000)
    return row


def test_a_scheduled_change_begins_on_its_day_and_not_before() -> None:
    row = rich()
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


def fuller(row: Service) -> None:
    row.usage = {"disk_mb": 5_001, "mailboxes": 1, "databases": 1}


def suspended(row: Service) -> None:
    row.status = ServiceStatus.SUSPENDED


def ending(row: Service) -> None:
    request = Cancellation(
        reference="RS-1",
        key="k",
        client_id=row.client_id,
        service_id=row.id,
        status=CancellationStatus.OPEN,
        when=CancellationWhen.PERIOD_END,
        effective_on=DUE,
        locale="fr",
        requested_at=AT,
    )
    db.session.add(request)


@pytest.mark.parametrize(
    ("happen", "reason"),
    [
        (fuller, ReviewReason.OVER_LIMITS),
        (suspended, ReviewReason.NOT_ACTIVE),
        (ending, ReviewReason.CANCELLATION_REQUESTED),
    ],
)
def test_a_scheduled_change_that_no_longer_fits_is_held_and_told(
    happen: Callable[[Service], None], reason: ReviewReason
) -> None:
    row = factories.service()
    order = factories.confirm(row, "base")
    happen(row)
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


def test_a_scheduled_change_whose_use_is_no_longer_known_goes_to_a_person() -> None:
    row = rich()
    order = factories.confirm(row, "base")
    row.usage = None
    db.session.commit()

    start_due_order(order.id, DUE, AT)

    assert (order.needs_person, order.delay) == (True, factories.DELAY)
    assert is_queued("person_on_it", order)
    assert not is_queued("provision", order)


def test_a_cycle_that_changes_on_its_day_asks_for_no_space_to_be_freed() -> None:
    row = rich(cycle=ANNUALLY, recurring_cents=150_000, usage={"disk_mb": 99_999})
    order = factories.confirm(row, "a", MONTHLY)

    start_due_order(order.id, DUE, AT)

    assert not order.needs_person
    assert is_queued("provision", order)


def test_the_price_in_force_is_the_one_frozen_in_the_order() -> None:
    row = rich()
    order = factories.confirm(row, "base")
    next(price for price in factories.plan_row("base").prices if price.cycle is MONTHLY).cents += 500
    factories.reload_catalogue()

    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, DONE, AT)

    assert row.recurring_cents == 9_500
