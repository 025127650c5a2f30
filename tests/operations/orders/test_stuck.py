"""A change that the panel has not made after an hour is reported once, still tried, and asked again by staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.task import TaskKind
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.task import Task, changes_without_job, open_tasks
from kajoom.operations.daily import run_day
from kajoom.operations.orders.provisioning import mark_operational, mark_refused, record_panel_result
from kajoom.operations.orders.stuck import report_stuck_changes, retry_change
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import is_queued, nothing_written

HOUR = timedelta(hours=1)
DONE = PanelResult(PanelStatus.DONE)


def change_at_panel() -> Order:
    """A change that costs nothing more: the panel is asked at once."""
    return factories.confirm(factories.service(recurring_cents=22_500), "b")


def kinds() -> list[tuple[TaskKind, str]]:
    """The kinds and reasons of the open tasks."""
    db.session.rollback()
    return [(task.kind, task.reason) for task in open_tasks()]


def test_change_is_reported_after_an_hour_to_staff_and_client() -> None:
    order = change_at_panel()

    with nothing_written():
        report_stuck_changes(AT + HOUR - timedelta(seconds=1))
    report_stuck_changes(AT + HOUR)

    [task] = open_tasks()
    assert (task.kind, task.order_id, task.service_id) == (TaskKind.STUCK, order.id, order.service_id)
    assert task.message_id == getattr(message_by_key(f"provision-{order.reference}"), "id", None)
    assert is_queued("change_late", order)
    with nothing_written():
        report_stuck_changes(AT + 5 * HOUR)


def test_change_that_a_person_makes_is_not_stuck() -> None:
    factories.confirm(factories.service(recurring_cents=35_000), "c")

    with nothing_written():
        report_stuck_changes(AT + 48 * HOUR)
    assert kinds() == [(TaskKind.CHANGE, "planned")]


def test_change_for_a_person_because_the_usage_is_unknown_says_so() -> None:
    factories.confirm(factories.service(recurring_cents=9_500, usage=None), "base")

    assert kinds() == [(TaskKind.CHANGE, "usage_unknown")]


def test_completion_by_the_panel_closes_the_task() -> None:
    order = change_at_panel()
    report_stuck_changes(AT + HOUR)

    record_panel_result(order.id, DONE, AT + 2 * HOUR)

    assert kinds() == []
    assert db.session.query(Task).one().closed_by == "panel"


def test_completion_and_refusal_by_staff_close_the_task() -> None:
    done, refused = (factories.confirm(factories.service(recurring_cents=35_000), "c") for _ in range(2))

    mark_operational(done.reference, "staff:ana", ON, AT)
    mark_refused(refused.reference, "no room", "staff:ana", ON, AT)

    assert kinds() == []
    assert [(task.closed_by, task.note) for task in db.session.query(Task).order_by(Task.id)] == [
        ("staff:ana", ""),
        ("staff:ana", "no room"),
    ]


def test_review_replaces_the_task_of_a_stuck_change() -> None:
    order = change_at_panel()
    report_stuck_changes(AT + HOUR)

    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota exceeded"), AT + 2 * HOUR)

    assert kinds() == [(TaskKind.CHANGE, "panel_refused")]


def test_panel_is_asked_again_for_a_refused_change() -> None:
    order = change_at_panel()
    refusal = PanelResult(PanelStatus.REFUSED, "quota exceeded")
    record_panel_result(order.id, refusal, AT)

    retry_change(order.reference, "staff:ana", AT + HOUR)

    assert kinds() == []
    order = db.session.get_one(Order, order.id)
    assert (order.needs_person, order.review_reason) == (False, None)
    message = message_by_key(f"provision-{order.reference}")
    assert message is not None
    assert (message.run_at, message.done_at, message.attempts) == (AT + HOUR, None, 0)
    record_panel_result(order.id, refusal, AT + HOUR)
    assert kinds() == [(TaskKind.CHANGE, "panel_refused")]


def test_change_that_is_stuck_again_after_a_retry_is_reported_again() -> None:
    order = change_at_panel()
    report_stuck_changes(AT + HOUR)
    retry_change(order.reference, "staff:ana", AT + 2 * HOUR)
    with nothing_written():
        report_stuck_changes(AT + 2 * HOUR)

    report_stuck_changes(AT + 3 * HOUR)

    assert kinds() == [(TaskKind.STUCK, "")]


def test_change_left_to_a_person_or_closed_is_not_asked_of_the_panel() -> None:
    by_hand = factories.confirm(factories.service(recurring_cents=35_000), "c")
    with pytest.raises(BusinessError) as error, nothing_written():
        retry_change(by_hand.reference, "staff:ana", AT)
    assert error.value.code is StaffRefusal.FOR_A_PERSON

    mark_operational(by_hand.reference, "staff:ana", ON, AT)
    assert by_hand.status is OrderStatus.COMPLETED
    with pytest.raises(BusinessError) as error:
        retry_change(by_hand.reference, "staff:ana", AT)
    assert error.value.code is Refusal.TOO_LATE
    with pytest.raises(LookupError):
        retry_change("CH-2000-000001", "staff:ana", AT)


def test_change_without_a_job_is_asked_of_the_panel_again_by_the_daily_run() -> None:
    order = change_at_panel()
    waiting = change_at_panel()
    by_hand = factories.confirm(factories.service(recurring_cents=35_000), "c")
    discarded = {"done_at": AT, "discarded_by": "staff:ana"}  # as an earlier version allowed
    db.session.execute(update(Message).where(Message.key == f"provision-{order.reference}").values(discarded))
    db.session.commit()
    assert changes_without_job() == [order.id]

    run_day(ON, AT + HOUR)

    message = message_by_key(f"provision-{order.reference}")
    assert message is not None
    assert (message.run_at, message.done_at) == (AT + HOUR, None)
    assert changes_without_job() == []
    with nothing_written():
        run_day(ON, AT + HOUR)
    report_stuck_changes(AT + 2 * HOUR)
    assert {task.order_id for task in open_tasks()} == {order.id, waiting.id, by_hand.id}
