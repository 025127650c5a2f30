"""The end of a service: one operation closes what is open on it, whoever ends it, and nothing goes on afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.decision import When
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.payment import PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.task import TaskKind
from kajoom.models.cancellation import Cancellation
from kajoom.models.client import lock_client
from kajoom.models.credit import balance_of
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.service import Service
from kajoom.models.task import open_tasks
from kajoom.operations.daily import bill_day
from kajoom.operations.orders.cancellation import carry_out_cancellation, request_cancellation
from kajoom.operations.orders.end_service import End, end_service, end_service_as_staff
from kajoom.operations.orders.provisioning import mark_operational, package_change_of
from kajoom.operations.payments.pay import pay
from kajoom.operations.tasks import open_task
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, DUE, ON
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import nothing_written, queued_emails, rows
from tests.operations.renewal_setup import issue_next_renewal, pay_in_full, record_transfer, scheduled_change

STAFF = "staff:anna"


@transactional
def end(service_id: int, client_id: int, on: date, **more: Any) -> None:
    lock_client(client_id)
    service = db.session.get_one(Service, service_id)
    end_service(service, End(ServiceStatus.TERMINATED, on, more.pop("actor", STAFF), **more), on, AT)


def end_now(row: Service, on: date = ON, **more: Any) -> None:
    """End a service as staff do."""
    end(row.id, row.client_id, on, **more)
    db.session.refresh(row)


def credit_of(row: Service) -> Money:
    return balance_of(row.client_id, row.currency)


def email_ids(row: Service) -> dict[str, Any]:
    message = message_by_key(f"service_ended-{row.id}")
    assert message is not None
    return message.ids


def test_end_opens_a_task_for_staff_and_writes_to_the_client() -> None:
    row = factories.service()
    end_now(row, reason="Compte abandonné.")

    assert (row.status, row.ended_on, row.end_reason) == (ServiceStatus.TERMINATED, ON, "Compte abandonné.")
    assert [(task.kind, task.service_id, task.reason) for task in open_tasks()] == [(TaskKind.END, row.id, "staff")]
    assert queued_emails() == {"service_ended", "staff_task"}


def test_suspension_of_a_service_that_ends_is_not_to_be_lifted_any_more() -> None:
    row = factories.service(status=ServiceStatus.SUSPENDED)
    transactional(open_task)(TaskKind.UNSUSPEND, "unsuspend-1", AT, service_id=row.id)

    end_now(row)

    assert [task.kind for task in open_tasks()] == [TaskKind.END]


def test_service_that_has_ended_is_not_ended_twice() -> None:
    row = factories.service()
    end_now(row)

    with nothing_written():
        end(row.id, row.client_id, DUE, reason="again")


def test_open_renewal_of_a_later_period_is_void_and_gives_back_what_was_received() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    record_transfer(invoice.id, 5000, "T1")
    end_now(row)

    assert (invoice.status, invoice.balance, credit_of(row)) == (InvoiceStatus.VOID, Money(0), Money(5000))
    assert email_ids(row)["invoices"] == [invoice.id]


def test_paid_renewal_of_a_later_period_becomes_credit() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    pay_in_full(invoice)
    assert row.next_due_date == date(2026, 8, 1)
    end_now(row)

    [note] = rows(CreditNote)
    assert (note.reason, note.invoice_id, note.total_cents) == ("service_ended", invoice.id, -invoice.total_cents)
    assert (invoice.status, credit_of(row)) == (InvoiceStatus.PAID, invoice.total)
    assert row.next_due_date == DUE
    assert email_ids(row)["invoices"] == [invoice.id]


def test_renewal_of_a_period_that_has_begun_stays_owed_without_reminders() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    number = invoice.number
    end_now(row, DUE + timedelta(days=1))
    bill_day(DUE + timedelta(days=10), AT, 14)

    assert invoice.status is InvoiceStatus.OPEN
    assert invoice.balance == invoice.total
    assert message_by_key(f"overdue-{number}") is None


def test_unpaid_change_is_cancelled_and_its_invoice_void() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    invoice = factories.invoice_for(order)
    end_now(row)

    assert (order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)
    assert (order.history[-1].event, order.history[-1].actor) == (OrderEvent.CANCELLED, STAFF)
    assert email_ids(row)["order"] == order.id
    with nothing_written(), pytest.raises(BusinessError) as error:
        pay(invoice.id, {"fake": FakeProvider()}, PaymentChoice("fake"), AT)
    assert error.value.code is Refusal.TOO_LATE


def test_paid_change_is_refused_and_its_money_is_credit() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    reference, order_id = order.reference, order.id
    pending_payments.pay_with(factories.invoice_for(order), FakeProvider())
    end_now(row)

    assert order.status is OrderStatus.REFUSED
    assert credit_of(row) == order.total
    assert row.plan.code == "a"
    assert "refused" not in queued_emails()
    assert package_change_of(order_id) is None
    with nothing_written(), pytest.raises(BusinessError) as error:
        mark_operational(reference, STAFF, ON, AT)
    assert error.value.code is Refusal.TOO_LATE


def test_scheduled_change_is_cancelled_with_its_paid_renewal() -> None:
    order, invoice = scheduled_change("base")
    row = order.service
    pay_in_full(invoice)
    end_now(row)
    bill_day(DUE, AT, 14)

    assert (order.status, row.plan.code) == (OrderStatus.CANCELLED, "a")
    assert credit_of(row) == invoice.total


def test_money_that_arrives_after_the_end_becomes_credit() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    end_now(row)
    record_transfer(invoice.id, invoice.total_cents, "LATE")

    assert credit_of(row) == invoice.total
    assert row.next_due_date == DUE
    assert "payment_late" in queued_emails()


@pytest.mark.slow
def test_nothing_is_billed_or_reminded_after_the_end() -> None:
    row = factories.service()
    issue_next_renewal(row)
    factories.confirm(factories.service(row.client), "b", when=When.RENEWAL)
    end_now(row)
    before = {message.key for message in rows(Message)}
    for days in range(60):
        bill_day(ON + timedelta(days=days), AT, 14)

    later = [message.ids for message in rows(Message) if message.key not in before]
    assert not [ids for ids in later if ids.get("service") == row.id]
    assert row.status is ServiceStatus.TERMINATED


def test_open_cancellation_request_is_done_with_the_service() -> None:
    row = factories.service()
    request = request_cancellation(
        row.client_id, row.id, CancellationWhen.PERIOD_END, reason="", key="k", locale="fr", on=ON, at=AT
    )
    request_id = request.id
    end_now(row)
    carry_out_cancellation(request_id, DUE, AT)

    assert db.session.get_one(Cancellation, request_id).status is CancellationStatus.DONE
    assert (row.status, row.ended_on) == (ServiceStatus.TERMINATED, ON)
    assert [task.cancellation_id for task in open_tasks()] == [request_id]


def test_calendar_ends_a_service_as_of_the_day_of_the_request_even_if_it_is_late() -> None:
    row = factories.service()
    request = request_cancellation(
        row.client_id, row.id, CancellationWhen.PERIOD_END, reason="", key="k", locale="fr", on=ON, at=AT
    )
    carry_out_cancellation(request.id, DUE + timedelta(days=5), AT)

    assert (row.status, row.ended_on) == (ServiceStatus.CANCELLED, DUE)
    assert email_ids(row)["request"] == request.id
    assert [(task.kind, task.reason) for task in open_tasks()] == [(TaskKind.END, "calendar")]


def test_staff_end_a_service_by_its_id_or_its_domain() -> None:
    first, second = factories.service(label="exemple.ca"), factories.service(label="autre.ca")
    end_service_as_staff("exemple.ca", "Fraude.", STAFF, ON, AT)
    end_service_as_staff(second.external_id, "Fraude.", STAFF, ON, AT)

    assert {row.status for row in (first, second)} == {ServiceStatus.TERMINATED}


def test_staff_are_told_when_a_name_fits_no_service_several_or_an_ended_one() -> None:
    first, second = factories.service(label="exemple.ca"), factories.service(label="exemple.ca")
    end_now(first)
    known = sorted([first.external_id, second.external_id])

    for name, code, details in (
        ("absent.ca", StaffRefusal.NO_SERVICE, {"name": "absent.ca"}),
        ("exemple.ca", StaffRefusal.SEVERAL_SERVICES, {"name": "exemple.ca", "known": known}),
        (first.external_id, StaffRefusal.SERVICE_ENDED, {"name": first.external_id}),
    ):
        with nothing_written(), pytest.raises(BusinessError) as error:
            end_service_as_staff(name, "Fraude.", STAFF, ON, AT)
        assert (error.value.code, error.value.details) == (code, details)
