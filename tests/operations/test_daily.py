"""The daily run: it does what is due, once; an item that fails does not stop the others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

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
from tests.conftest import Statements
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.renewal_setup import copy_service, issue_next_renewal, pay_in_full

DAYS_AHEAD = 14


def test_run_with_nothing_due_writes_nothing() -> None:
    factories.confirm(factories.service(), "b")
    factories.confirm(factories.service(), "base")

    with nothing_written():
        run_day(ON, AT)


def test_unpaid_order_expires_the_day_after_its_last_day() -> None:
    order = factories.confirm(factories.service(), "b")
    last = ON + timedelta(days=7)

    run_day(last, AT)
    status_on_last_day = order.status
    run_day(last + timedelta(days=1), AT)

    assert (status_on_last_day, order.status) == (OrderStatus.AWAITING_PAYMENT, OrderStatus.CANCELLED)


def test_due_date_starts_scheduled_changes_and_ends_cancelled_services() -> None:
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


def test_run_makes_up_for_missed_days() -> None:
    row = factories.service()
    factories.credit(row.client, 10_923)
    order = factories.confirm(row, "base")

    bill_day(DUE + timedelta(days=3), AT, DAYS_AHEAD)

    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert [invoice.due_on for invoice in rows(Invoice)] == [DUE + timedelta(days=3)]


def periods_billed_after_run(on: date, days: int = DAYS_AHEAD) -> list[date | None]:
    """Do the billing of a day; the first days of the periods billed so far, void invoices left out."""
    bill_day(on, AT, days)
    return [invoice.period_start for invoice in rows(Invoice) if invoice.status is not InvoiceStatus.VOID]


def test_renewal_is_issued_the_configured_days_before_it_is_due() -> None:
    factories.service()

    assert periods_billed_after_run(DUE - timedelta(days=DAYS_AHEAD + 1)) == []
    assert periods_billed_after_run(DUE - timedelta(days=DAYS_AHEAD)) == [DUE]


def test_renewal_is_issued_on_its_due_date_with_zero_days_ahead() -> None:
    factories.service()

    assert periods_billed_after_run(DUE - timedelta(days=1), 0) == []
    assert periods_billed_after_run(DUE, 0) == [DUE]


@pytest.mark.parametrize("on", [DUE - timedelta(days=400), ON, DUE, DUE + timedelta(days=400)])
def test_run_repeated_for_any_day_writes_nothing(on: date) -> None:
    factories.service()
    factories.confirm(factories.service(), "b")
    factories.confirm(factories.service(), "base")
    bill_day(on, AT, DAYS_AHEAD)

    with nothing_written():
        bill_day(on, AT, DAYS_AHEAD)


@pytest.mark.slow
def test_a_year_of_daily_runs_bills_each_month_once() -> None:
    row = factories.service()
    for days in range(365):
        bill_day(ON + timedelta(days=days), AT, DAYS_AHEAD)
        for invoice in rows(Invoice):
            if invoice.status is InvoiceStatus.OPEN:
                pay_in_full(invoice)

    assert [invoice.period_start for invoice in rows(Invoice)] == [
        date(2026 + (5 + n) // 12, (5 + n) % 12 + 1, 1) for n in range(1, 13)
    ]
    assert row.next_due_date == date(2027, 7, 1)


def test_unpaid_service_is_not_billed_for_the_next_period() -> None:
    factories.service()

    assert periods_billed_after_run(DUE) == [DUE]
    assert periods_billed_after_run(DUE + timedelta(days=60)) == [DUE]


def test_service_is_renewed_the_day_its_unpaid_change_expires() -> None:
    factories.confirm(factories.service(), "b")
    last = ON + timedelta(days=7)

    assert [start for start in periods_billed_after_run(last) if start] == []
    assert DUE in periods_billed_after_run(last + timedelta(days=1))


def test_service_is_renewed_after_its_cancellation_is_withdrawn() -> None:
    row = factories.service()
    issue_next_renewal(row)
    when = CancellationWhen.PERIOD_END
    request = request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)
    assert periods_billed_after_run(ON + timedelta(days=1)) == []
    withdraw_cancellation(row.client_id, request.reference, AT)

    assert periods_billed_after_run(ON + timedelta(days=2)) == [DUE]


def break_renewal(row: Service) -> None:
    """Make a service due in the last month that a date can hold: computing the end of the period overflows."""
    row.next_due_date, row.anchor_day = date(9999, 12, 1), 1
    db.session.commit()


def test_failed_item_does_not_stop_the_others_and_is_retried_apart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, _, _ = factories.service(), factories.service(), factories.service()
    break_renewal(first)
    first_id = first.id

    bill_day(date(9999, 12, 1), AT, 0)

    assert len(rows(Invoice)) == 2
    [retry] = [message for message in rows(Message) if message.kind == "item"]
    assert (retry.ids["what"], retry.ids["row"], retry.ids["on"]) == ("renew", first_id, "9999-12-01")
    assert "renew" in caplog.text
    with nothing_written(), pytest.raises(OverflowError):
        run_item(Item("renew", first_id), date(9999, 12, 1), AT)
    with nothing_written():
        bill_day(date(9999, 12, 1), AT, 0)


def test_retried_item_is_done_once_possible() -> None:
    row = factories.service()

    run_item(Item("renew", row.id, DUE), ON, AT)

    assert len(rows(Invoice)) == 1


def test_retried_item_does_nothing_if_already_done() -> None:
    row = factories.service()
    factories.credit(row.client, 100_000)
    issue_next_renewal(row)
    service_id = row.id

    with nothing_written():
        run_item(Item("renew", service_id, DUE), ON, AT)


@pytest.mark.slow
def test_two_thousand_services_are_billed_with_reads_for_ten_at_a_time(statements: Statements) -> None:
    """Each has its invoice and its act; what is read, the numbers and the e-mails are one statement for ten."""
    copy_service(factories.service(), 1_999)

    with statements() as executed:
        bill_day(ON, AT, 15)

    invoices = rows(Invoice)
    assert len(invoices) == len({invoice.service_id for invoice in invoices}) == 2_000
    assert [int(invoice.number[5:]) for invoice in invoices] == list(range(1, 2_001))
    reads = [each for each in executed if each.startswith("SELECT")]
    assert len(reads) <= 2_000 / 10 * 5
    assert len(executed) <= 2_000 * 2.8


def test_day_is_queued_once() -> None:
    enqueue_day(ON, AT)
    with nothing_written():
        enqueue_day(ON, AT + timedelta(hours=1))
    enqueue_day(ON + timedelta(days=1), AT)

    assert [message.ids["on"] for message in rows(Message) if message.kind == "day"] == ["2026-06-16", "2026-06-17"]


def test_renewal_batch_is_queued_once() -> None:
    enqueue_renewal_batch(ON, AT)
    with nothing_written():
        enqueue_renewal_batch(ON, AT + timedelta(hours=1))

    assert [message.key for message in rows(Message)] == ["renewals-2026-06-16"]
