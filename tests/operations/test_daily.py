"""A day does what is due on it, and done again it does no more; what goes wrong in it costs the others nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.daily import Item, bill_day, enqueue_day, enqueue_renewal_batch, run_day, run_item
from kajoom.operations.orders.cancellation import request_cancellation, withdraw_cancellation
from tests import factories
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.renewal_setup import copy_service, issue_next_renewal, pay_in_full

FORTNIGHT = 14


def test_a_day_on_which_nothing_is_due_writes_nothing() -> None:
    factories.confirm(factories.service(), "b")
    factories.confirm(factories.service(), "base")

    with nothing_written():
        run_day(ON, AT)


def test_an_unpaid_order_may_be_paid_on_its_last_day_and_expires_the_day_after() -> None:
    order = factories.confirm(factories.service(), "b")
    last = ON + timedelta(days=7)

    run_day(last, AT)
    status_on_last_day = order.status
    run_day(last + timedelta(days=1), AT)

    assert (status_on_last_day, order.status) == (OrderStatus.AWAITING_PAYMENT, OrderStatus.CANCELLED)


def test_the_due_date_starts_what_was_scheduled_and_ends_what_was_cancelled() -> None:
    changing, ending = factories.service(), factories.service()
    factories.credit(changing.client, 10_923)
    order = factories.confirm(changing, "base")
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
    row = factories.service()
    factories.credit(row.client, 10_923)
    order = factories.confirm(row, "base")

    bill_day(DUE + timedelta(days=3), AT, FORTNIGHT)

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert [invoice.due_on for invoice in rows(Invoice)] == [DUE + timedelta(days=3)]


def billed(on: date, days: int = FORTNIGHT) -> list[date | None]:
    """The periods that stand billed once a day is done."""
    bill_day(on, AT, days)
    return [invoice.period_start for invoice in rows(Invoice) if invoice.status is not InvoiceStatus.VOID]


def test_a_renewal_is_issued_the_given_days_before_it_is_due_and_not_sooner() -> None:
    factories.service()

    assert billed(DUE - timedelta(days=FORTNIGHT + 1)) == []
    assert billed(DUE - timedelta(days=FORTNIGHT)) == [DUE]


def test_with_no_days_ahead_a_renewal_is_issued_on_its_day() -> None:
    factories.service()

    assert billed(DUE - timedelta(days=1), 0) == []
    assert billed(DUE, 0) == [DUE]


@pytest.mark.parametrize("on", [DUE - timedelta(days=400), ON, DUE, DUE + timedelta(days=400)])
def test_a_day_gone_by_or_to_come_done_twice_does_no_more(on: date) -> None:
    factories.service()
    factories.confirm(factories.service(), "b")
    factories.confirm(factories.service(), "base")
    bill_day(on, AT, FORTNIGHT)

    with nothing_written():
        bill_day(on, AT, FORTNIGHT)


@pytest.mark.slow
def test_a_year_of_days_bills_twelve_months_once_each() -> None:
    row = factories.service()
    for days in range(365):
        bill_day(ON + timedelta(days=days), AT, FORTNIGHT)
        for invoice in rows(Invoice):
            if invoice.status is InvoiceStatus.OPEN:
                pay_in_full(invoice)

    assert [invoice.period_start for invoice in rows(Invoice)] == [
        date(2026 + (5 + n) // 12, (5 + n) % 12 + 1, 1) for n in range(1, 13)
    ]
    assert row.next_due_date == date(2027, 7, 1)


def test_what_is_unpaid_is_not_billed_for_the_next_period() -> None:
    factories.service()

    assert billed(DUE) == [DUE]
    assert billed(DUE + timedelta(days=60)) == [DUE]


def test_a_change_that_expires_unpaid_lets_the_same_day_bill_its_service() -> None:
    factories.confirm(factories.service(), "b")
    last = ON + timedelta(days=7)

    assert [start for start in billed(last) if start] == []
    assert DUE in billed(last + timedelta(days=1))


def test_a_requested_end_is_billed_again_the_day_after_it_is_taken_back() -> None:
    row = factories.service()
    issue_next_renewal(row)
    when = CancellationWhen.PERIOD_END
    request = request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)
    assert billed(ON + timedelta(days=1)) == []
    withdraw_cancellation(row.client_id, request.reference, AT)

    assert billed(ON + timedelta(days=2)) == [DUE]


def broken(row: Service) -> None:
    """A service due at the end of time: its next period has no end to be billed until."""
    row.next_due_date, row.anchor_day = date(9999, 12, 1), 1
    db.session.commit()


def test_one_thing_that_goes_wrong_costs_the_others_nothing_and_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, _, _ = factories.service(), factories.service(), factories.service()
    broken(first)
    first_id = first.id

    bill_day(date(9999, 12, 1), AT, 0)

    assert len(rows(Invoice)) == 2
    [aside] = [message for message in rows(Message) if message.kind == "item"]
    assert (aside.ids["what"], aside.ids["row"], aside.ids["on"]) == ("renew", first_id, "9999-12-01")
    assert "renew" in caplog.text
    with nothing_written(), pytest.raises(OverflowError):
        run_item(Item("renew", first_id), date(9999, 12, 1), AT)
    with nothing_written():
        bill_day(date(9999, 12, 1), AT, 0)


def test_a_thing_set_aside_is_done_once_it_can_be() -> None:
    row = factories.service()

    run_item(Item("renew", row.id, DUE), ON, AT)

    assert len(rows(Invoice)) == 1


def test_a_thing_set_aside_is_left_once_another_has_done_it() -> None:
    row = factories.service()
    factories.credit(row.client, 100_000)
    issue_next_renewal(row)
    service_id = row.id

    with nothing_written():
        run_item(Item("renew", service_id, DUE), ON, AT)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements made inside."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        made.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield made
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.slow
def test_two_thousand_services_are_billed_in_one_run_with_a_few_statements_each() -> None:
    copy_service(factories.service(), 1_999)

    with counted() as statements:
        bill_day(ON, AT, 15)

    invoices = rows(Invoice)
    assert len(invoices) == len({invoice.service_id for invoice in invoices}) == 2_000
    assert [int(invoice.number[5:]) for invoice in invoices] == list(range(1, 2_001))
    assert len(statements) <= 2_000 * 15


def test_a_day_is_announced_once() -> None:
    enqueue_day(ON, AT)
    with nothing_written():
        enqueue_day(ON, AT + timedelta(hours=1))
    enqueue_day(ON + timedelta(days=1), AT)

    assert [message.ids["on"] for message in rows(Message) if message.kind == "day"] == ["2026-06-16", "2026-06-17"]


def test_the_batches_of_a_day_are_announced_once_each() -> None:
    enqueue_renewal_batch(ON, AT)
    with nothing_written():
        enqueue_renewal_batch(ON, AT + timedelta(hours=1))

    assert [message.key for message in rows(Message)] == ["renewals-2026-06-16"]
