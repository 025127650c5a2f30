"""Before a change is asked of the panel, what it shows of the account decides: go on, or hand it to a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kajoom.domain.decision import When
from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.gateways.panel_port import AccountStatus, PanelReading, PanelResult, PanelStatus
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.models.service import Service
from kajoom.models.task import Task, open_tasks
from kajoom.operations.orders.provisioning import package_change_of, record_panel_result, start_due_order
from kajoom.operations.orders.readings import changes_over_limits, may_change, resume_change
from kajoom.operations.orders.stuck import retry_change
from kajoom.operations.orders.usage import store_measures
from tests import factories
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import is_queued, nothing_written

HOUR = timedelta(hours=1)
DONE = PanelResult(PanelStatus.DONE)
LOW = {"disk_mb": 1_000, "mailboxes": 3, "databases": 1}


def reading(package: str = "pkg_a", status: AccountStatus = AccountStatus.ACTIVE, **usage: int | None) -> PanelReading:
    return PanelReading(status, package, usage)


def downgrade_now(**more: Any) -> Order:
    """A move to a lower plan that is made at once, and costs nothing."""
    return factories.confirm(factories.service(**more), "base", when=When.NOW)


def reviewed(order: Order) -> tuple[OrderStatus, bool, ReviewReason | None]:
    db.session.rollback()
    order = db.session.get_one(Order, order.id)
    return order.status, order.needs_person, order.review_reason


def for_a_person(reason: ReviewReason | None) -> tuple[OrderStatus, bool, ReviewReason | None]:
    return OrderStatus.AWAITING_PROVISIONING, True, reason


def test_change_goes_on_at_the_limits_and_its_usage_is_stored() -> None:
    order = downgrade_now()

    assert may_change(order.id, reading(disk_mb=5_000, mailboxes=10, databases=2), AT)

    row = db.session.get_one(Service, order.service_id)
    assert row.measured_usage == {"disk_mb": 5_000, "mailboxes": 10, "databases": 2}
    assert (row.measured_at, row.usage) == (AT, LOW)
    assert reviewed(order) == (OrderStatus.AWAITING_PROVISIONING, False, None)


@pytest.mark.parametrize("package", ["", "pkg_a", "pkg_base"])
def test_package_that_is_unknown_old_or_new_is_expected(package: str) -> None:
    order_id = downgrade_now().id

    with nothing_written():
        assert may_change(order_id, reading(package), AT)


def test_panel_that_cannot_be_read_is_believed() -> None:
    order_id = downgrade_now().id

    with nothing_written():
        assert may_change(order_id, PanelReading(AccountStatus.UNKNOWN, is_supported=False), AT)


@pytest.mark.parametrize(
    ("shown", "reason", "note"),
    [
        (reading("gold"), ReviewReason.PACKAGE_CHANGED, "gold"),
        (reading(status=AccountStatus.MISSING), ReviewReason.ACCOUNT_MISSING, "account_missing"),
        (reading(disk_mb=5_001), ReviewReason.OVER_LIMITS, "over_limits"),
    ],
)
def test_change_that_the_account_does_not_allow_goes_to_a_person(
    shown: PanelReading, reason: ReviewReason, note: str
) -> None:
    order = downgrade_now()
    order_id = order.id

    assert not may_change(order_id, shown, AT)

    assert reviewed(order) == for_a_person(reason)
    order = db.session.get_one(Order, order_id)
    assert order.history[-1].note == note
    assert order.service.plan.code == "a"
    [task] = open_tasks()
    assert (task.order_id, task.reason) == (order_id, reason)
    assert is_queued("needs_review", order)
    with nothing_written():
        assert not may_change(order_id, shown, AT + HOUR)


def test_staff_who_saw_another_package_have_the_panel_asked_all_the_same() -> None:
    order = downgrade_now()
    may_change(order.id, reading("gold"), AT)
    retry_change(order.reference, "staff:ana", AT + HOUR)

    assert may_change(order.id, reading("gold"), AT + HOUR)

    assert not may_change(order.id, reading("silver"), AT + HOUR)
    assert reviewed(order) == for_a_person(ReviewReason.PACKAGE_CHANGED)


def test_package_of_an_earlier_change_here_is_expected() -> None:
    row = factories.service(recurring_cents=22_500)
    record_panel_result(factories.confirm(row, "b").id, DONE, AT)
    db.session.rollback()
    later = factories.confirm(db.session.get_one(Service, row.id), "base", when=When.NOW)

    assert may_change(later.id, reading("pkg_a"), AT)  # a person made the last change, and the panel was not told


def test_client_is_written_to_again_when_the_usage_is_what_holds_the_change() -> None:
    order = downgrade_now()
    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "busy"), AT)
    retry_change(order.reference, "staff:ana", AT + HOUR)

    may_change(order.id, reading(disk_mb=9_000), AT + HOUR)

    keys = [f"needs_review-{order.reference}", f"needs_review-{order.reference}-over_limits"]
    assert all(message_by_key(key) for key in keys)
    assert [task.reason for task in db.session.query(Task).order_by(Task.id)] == ["panel_refused", "over_limits"]


def test_usage_that_is_not_known_any_more_goes_to_a_person() -> None:
    row = factories.service()
    order = factories.confirm(row, "base", when=When.NOW)
    row.usage = None
    db.session.commit()

    assert not may_change(order.id, reading(disk_mb=100), AT)  # mailboxes and databases are not known

    db.session.rollback()
    order = db.session.get_one(Order, order.id)
    assert (order.needs_person, order.review_reason, order.delay) == (True, None, factories.DELAY)
    assert is_queued("person_on_it", order)
    assert [task.reason for task in open_tasks()] == ["usage_unknown"]


def test_measured_excess_is_measured_again_on_the_day_of_a_scheduled_change() -> None:
    row = factories.service(measured_usage={"disk_mb": 4_000}, measured_at=AT)
    factories.credit(row.client, 1_000_000)
    order = factories.confirm(row, "base")
    row.measured_usage, row.measured_at = {"disk_mb": 9_000}, AT + (DUE - ON)
    db.session.commit()

    start_due_order(order.id, DUE, AT + (DUE - ON))

    assert package_change_of(order.id) is not None
    assert may_change(order.id, reading(disk_mb=5_000), AT + (DUE - ON) + HOUR)  # some was deleted meanwhile


def test_scheduled_change_over_the_limits_on_its_day_bills_the_current_plan() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000_000)
    order = factories.confirm(row, "base")
    day = AT + (DUE - ON)
    start_due_order(order.id, DUE, day)
    renewals = db.session.query(Invoice).order_by(Invoice.id)
    assert [invoice.subtotal_cents for invoice in renewals] == [9_500]

    assert not may_change(order.id, reading(disk_mb=5_001), day + HOUR)

    assert reviewed(order) == for_a_person(ReviewReason.OVER_LIMITS)
    assert [(invoice.subtotal_cents, invoice.replaced_on) for invoice in renewals] == [(9_500, DUE), (15_000, None)]
    assert db.session.get_one(Service, row.id).plan.code == "a"
    order_id = order.id
    with nothing_written():
        resume_change(order_id, day + HOUR)  # that is for staff: the current price is billed


def test_change_over_the_limits_goes_on_once_a_measure_fits() -> None:
    order = downgrade_now()
    order_id = order.id
    may_change(order_id, reading(disk_mb=9_000), AT)
    service_id = db.session.get_one(Order, order_id).service_id
    assert changes_over_limits([service_id, service_id + 1]) == [order_id]
    with nothing_written():
        resume_change(order_id, AT + HOUR)

    store_measures({service_id: {"disk_mb": 5_000}}, AT + HOUR)
    resume_change(order_id, AT + HOUR)

    assert reviewed(order) == (OrderStatus.AWAITING_PROVISIONING, False, None)
    assert open_tasks() == []
    message = message_by_key(f"provision-{db.session.get_one(Order, order_id).reference}")
    assert message is not None
    assert (message.run_at, message.done_at) == (AT + HOUR, None)
    assert changes_over_limits([service_id]) == []
