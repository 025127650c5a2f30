"""Provisioning: the service changes once the panel or staff report success; a refusal refunds as account credit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import Decision, When
from kajoom.domain.money import Money
from kajoom.domain.order import TRANSITIONS, OrderEvent, OrderStatus, ReviewReason
from kajoom.domain.refusal import BusinessError
from kajoom.gateways.panel_port import PackageChange, PanelAccount, PanelResult, PanelStatus
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.orders.provisioning import (
    mark_operational,
    mark_refused,
    package_change_of,
    record_panel_result,
    start_due_order,
)
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON
from tests.operations.ledger_checks import is_queued, movements_of, nothing_written

DONE = PanelResult(PanelStatus.DONE)


def order_paid_by_credit(row: Service, plan: str = "b", cycle: BillingCycle = MONTHLY, **more: Any) -> Order:
    """An order paid in full by account credit, so that it awaits provisioning."""
    factories.credit(row.client, 1_000_000)
    return factories.confirm(row, plan, cycle, **more)


def test_service_changes_when_the_panel_succeeds() -> None:
    row = factories.service()
    order = order_paid_by_credit(row)
    account = PanelAccount("", row.username, row.external_id)
    order_id, expected = order.id, PackageChange(f"provision-{order.reference}", account, "pkg_b")

    assert package_change_of(order_id) == expected
    assert not db.session().in_transaction()
    assert row.plan.code == "a"

    assert record_panel_result(order.id, DONE, AT)

    assert (row.plan.code, row.cycle, row.recurring_cents, row.quantity) == ("b", MONTHLY, 22_500, 1)
    assert (row.next_due_date, row.anchor_day, row.version) == (DUE, 1, 2)
    assert order.status is OrderStatus.COMPLETED
    assert is_queued("operational", order)
    assert package_change_of(order.id) is None


def test_repeated_panel_result_is_applied_once() -> None:
    order = order_paid_by_credit(factories.service())
    record_panel_result(order.id, DONE, AT)
    order_id = order.id

    with nothing_written():
        assert record_panel_result(order_id, DONE, AT)
        assert record_panel_result(order_id, PanelResult(PanelStatus.REFUSED, "too late"), AT)


@pytest.mark.parametrize("status", [PanelStatus.PENDING, PanelStatus.UNKNOWN])
def test_inconclusive_panel_result_must_be_retried(status: PanelStatus) -> None:
    order_id = order_paid_by_credit(factories.service()).id

    with nothing_written():
        assert not record_panel_result(order_id, PanelResult(status), AT)


def test_change_refused_by_the_panel_needs_review_and_keeps_its_payment() -> None:
    row = factories.service()
    order = order_paid_by_credit(row)

    assert record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota <b>too low</b>"), AT)

    assert (order.status, order.needs_person, order.review_reason, order.history[-1].note) == (
        OrderStatus.AWAITING_PROVISIONING,
        True,
        ReviewReason.PANEL_REFUSED,
        "quota <b>too low</b>",
    )
    assert package_change_of(order.id) is None
    assert is_queued("needs_review", order)
    assert row.plan.code == "a"
    assert balance_of(row.client_id, "CAD") == Money(1_000_000 - 4_312)


def test_staff_can_complete_a_change_the_panel_refused() -> None:
    row = factories.service()
    order = order_paid_by_credit(row)
    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota"), AT)

    mark_operational(order.reference, "anne", ON, AT)

    assert (order.status, row.plan.code) == (OrderStatus.COMPLETED, "b")
    assert [(step.event, step.actor) for step in order.history] == [
        (OrderEvent.PLACED, "client"),
        (OrderEvent.NEEDS_REVIEW, "panel"),
        (OrderEvent.PROVISIONED, "anne"),
    ]


def test_refused_change_returns_its_payment_once_as_credit() -> None:
    row = factories.service()
    order = order_paid_by_credit(row)

    mark_refused(order.reference, "no server left", "anne", ON, AT)
    with nothing_written(), pytest.raises(BusinessError):
        mark_refused("CH-2026-000001", "no server left", "anne", ON, AT)

    assert (order.status, order.staff_note, row.plan.code, row.version) == (
        OrderStatus.REFUSED,
        "no server left",
        "a",
        1,
    )
    assert balance_of(row.client_id, "CAD") == Money(1_000_000)
    assert movements_of(row.client_id)[0].reason is CreditReason.CHANGE_REFUSED
    assert is_queued("refused", order)


def test_refused_change_without_charge_returns_no_credit() -> None:
    row = factories.service()
    order = factories.confirm(row, "base", when=When.NOW)

    mark_refused(order.reference, "quota", "anne", ON, AT)

    assert movements_of(row.client_id) == []


def test_longer_cycle_sets_due_date_and_anchor_day() -> None:
    row = factories.service()

    record_panel_result(order_paid_by_credit(row, "b", ANNUALLY).id, DONE, AT)

    assert (row.cycle, row.recurring_cents, row.next_due_date, row.anchor_day) == (
        ANNUALLY,
        225_000,
        date(2027, 6, 16),
        16,
    )


def test_free_service_moved_to_a_paid_plan_gets_a_due_date() -> None:
    row = factories.service(recurring_cents=0, cycle=BillingCycle.FREE, next_due_date=None)

    record_panel_result(order_paid_by_credit(row, "a").id, DONE, AT)

    assert (row.next_due_date, row.anchor_day) == (date(2026, 7, 16), 16)


def test_service_moved_to_a_free_plan_loses_its_due_date() -> None:
    plan = factories.plan_row("base")
    next(price for price in plan.prices if price.cycle is MONTHLY).cents = 0
    factories.reload_catalogue()
    row = factories.service()
    order = factories.confirm(row, "base")

    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, DONE, AT)

    assert (row.next_due_date, row.recurring_cents) == (None, 0)


def test_due_date_moved_by_a_renewal_is_kept() -> None:
    row = factories.service()
    order = order_paid_by_credit(row)
    row.next_due_date = date(2026, 8, 1)
    db.session.commit()

    record_panel_result(order.id, DONE, AT)

    assert (row.plan.code, row.next_due_date) == ("b", date(2026, 8, 1))


EVENTS: dict[OrderEvent, Callable[[int, str], object]] = {
    OrderEvent.FELL_DUE: lambda order_id, _reference: start_due_order(order_id, ON, AT),
    OrderEvent.PROVISIONED: lambda order_id, _reference: record_panel_result(order_id, DONE, AT),
    OrderEvent.NEEDS_REVIEW: lambda order_id, _reference: record_panel_result(
        order_id, PanelResult(PanelStatus.REFUSED), AT
    ),
    OrderEvent.REFUSED: lambda _order_id, reference: mark_refused(reference, "no", "anne", ON, AT),
}


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("event", EVENTS)
def test_event_not_in_the_transition_table_writes_nothing(status: OrderStatus, event: OrderEvent) -> None:
    row = factories.service()
    factories.credit(row.client, 1_000_000)
    order = factories.confirm(row, "b")
    order.status = status
    if status is OrderStatus.SCHEDULED:
        order.decision = Decision.AT_NEXT_DUE
    db.session.commit()
    order_id, reference, expected = order.id, order.reference, TRANSITIONS.get((status, event))

    if expected is None:
        with nothing_written(), suppress(BusinessError):
            EVENTS[event](order_id, reference)
    else:
        EVENTS[event](order_id, reference)
        assert db.session.get_one(Order, order_id).status is expected


def test_missing_order_is_not_found() -> None:
    with nothing_written(), pytest.raises(LookupError):
        mark_operational("CH-2026-999999", "anne", ON, AT)
    with nothing_written(), pytest.raises(LookupError):
        record_panel_result(999_999, DONE, AT)
    with nothing_written():
        assert package_change_of(999_999) is None
