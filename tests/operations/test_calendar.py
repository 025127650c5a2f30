"""A day does what is due on it, and done again it does no more."""

from __future__ import annotations

from datetime import timedelta

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.models.outbox import Message
from kajoom.operations.calendar import announce_day, run_day
from kajoom.operations.cancellation import request_cancellation
from tests.operations import cast
from tests.operations.cast import AT, DUE, ON
from tests.operations.ledger import nothing_written, rows


def test_a_day_on_which_nothing_is_due_writes_nothing() -> None:
    cast.confirm(cast.service(), "b")
    cast.confirm(cast.service(), "base")

    with nothing_written():
        run_day(ON, AT)


def test_an_unpaid_order_may_be_paid_on_its_last_day_and_expires_the_day_after() -> None:
    order = cast.confirm(cast.service(), "b")
    last = ON + timedelta(days=7)

    with nothing_written():
        run_day(last, AT)
    run_day(last + timedelta(days=1), AT)

    assert order.status is OrderStatus.CANCELLED


def test_the_due_date_starts_what_was_scheduled_and_ends_what_was_cancelled() -> None:
    changing, ending = cast.service(), cast.service()
    order = cast.confirm(changing, "base")
    when = CancellationWhen.PERIOD_END
    request_cancellation(ending.client_id, ending.id, when, reason="", key="k", locale="fr", on=ON, at=AT)

    with nothing_written():
        run_day(DUE - timedelta(days=1), AT)
    run_day(DUE, AT)
    with nothing_written():
        run_day(DUE, AT)

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert ending.status is ServiceStatus.CANCELLED


def test_days_on_which_nobody_worked_are_made_up_for() -> None:
    order = cast.confirm(cast.service(), "base")

    run_day(DUE + timedelta(days=3), AT)

    assert order.status is OrderStatus.AWAITING_PROVISIONING


def test_a_day_is_announced_once() -> None:
    announce_day(ON, AT)
    with nothing_written():
        announce_day(ON, AT + timedelta(hours=1))
    announce_day(ON + timedelta(days=1), AT)

    assert [message.ids["on"] for message in rows(Message)] == ["2026-06-16", "2026-06-17"]
