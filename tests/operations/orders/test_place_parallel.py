"""Twenty confirmations at the same moment are one order, one invoice, one charge and one movement of credit."""

from __future__ import annotations

import pytest
from flask import Flask

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.money import Money
from kajoom.domain.payment import PaymentChoice
from kajoom.models.cancellation import Cancellation
from kajoom.models.credit import balance_of, movements_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.place import Confirmation, place_order
from kajoom.operations.orders.quotes import Choice
from kajoom.operations.outbox import lease_next
from kajoom.operations.payments.pay import pay
from tests import factories
from tests.factories import AT, MONTHLY, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import rows
from tests.operations.parallel import THREADS, run_in_threads


@pytest.mark.parametrize("one_key", [True, False], ids=["one key", "twenty keys"])
def test_twenty_confirmations_of_one_service_are_one_order(app: Flask, one_key: bool) -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    client_id, service_id, digest = row.client_id, row.id, factories.price(row, "b").digest

    def confirm(number: int) -> str:
        seen = Confirmation(digest, "form" if one_key else f"form-{number}")
        choice = Choice("b", MONTHLY)
        return place_order(client_id, service_id, choice, seen, locale="fr", on=ON, at=AT, days_to_pay=7).reference

    results = run_in_threads(app, confirm)

    assert results == ({"CH-2026-000001": 20} if one_key else {"CH-2026-000001": 1, "change_under_way": 19})
    assert len(rows(Order)) == len(rows(Invoice)) == 1
    assert [entry.cents for entry in movements_of(client_id)] == [-1_000, 1_000]
    assert [message.kind for message in rows(Message)] == ["email"]


def test_twenty_clients_who_order_first_in_a_year_get_twenty_numbers_without_a_gap(app: Flask) -> None:
    services = [(row.client_id, row.id) for row in (factories.service() for _ in range(THREADS))]
    digest = factories.price(factories.service(), "b").digest

    def confirm(number: int) -> str:
        client_id, service_id = services[number]
        seen, choice = Confirmation(digest, f"form-{number}"), Choice("b", MONTHLY)
        return place_order(client_id, service_id, choice, seen, locale="fr", on=ON, at=AT, days_to_pay=7).reference

    results = run_in_threads(app, confirm)

    assert sorted(results) == [f"CH-2026-{number:06d}" for number in range(1, 21)]
    assert sorted(invoice.number for invoice in rows(Invoice)) == [f"2026-{number:04d}" for number in range(1, 21)]


def test_credit_is_spent_once_by_two_services_that_change_together(app: Flask) -> None:
    holder = factories.client()
    factories.credit(holder, 5_000)
    services = [row.id for row in (factories.service(holder) for _ in range(THREADS))]
    client_id, digest = holder.id, factories.price(factories.service(holder), "b").digest

    def confirm(number: int) -> str:
        seen, choice = Confirmation(digest, f"form-{number}"), Choice("b", MONTHLY)
        place_order(client_id, services[number], choice, seen, locale="fr", on=ON, at=AT, days_to_pay=7)
        return "placed"

    results = run_in_threads(app, confirm)

    assert results == {"placed": 1, "quote_changed": 19}  # the others' figures counted on credit that is gone
    assert balance_of(client_id, "CAD") == Money(5_000 - 4_312)


def test_twenty_presses_of_the_pay_button_charge_once(app: Flask) -> None:
    invoice = invoice_of_order(factories.confirm(factories.service(), "b").id)
    assert invoice is not None
    invoice_id, provider = invoice.id, FakeProvider()

    results = run_in_threads(app, lambda _: pay(invoice_id, {"null": provider}, PaymentChoice("null"), AT).status.value)

    assert set(results) <= {"captured", "payment_pending"}
    assert results["captured"] >= 1
    assert len(provider.ledger) == len(rows(Attempt)) == len(rows(Payment)) == 1


def test_an_order_is_paid_or_cancelled_and_never_both(app: Flask) -> None:
    order = factories.confirm(factories.service(), "b")
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    client_id, reference, invoice_id, provider = order.client_id, order.reference, invoice.id, FakeProvider()

    def act(number: int) -> str:
        if number % 2:
            return pay(invoice_id, {"null": provider}, PaymentChoice("null"), AT).status.value
        return cancel_order(client_id, reference, ON, AT).status.value

    run_in_threads(app, act)

    [order] = rows(Order)
    assert len(rows(Payment)) == (0 if order.status == "cancelled" else 1)
    assert balance_of(client_id, "CAD") == Money(0)


def test_twenty_requests_to_end_a_service_are_one(app: Flask) -> None:
    row = factories.service()
    client_id, service_id, when = row.client_id, row.id, CancellationWhen.PERIOD_END

    def send(number: int) -> str:
        key = f"form-{number % 2}"
        return request_cancellation(
            client_id, service_id, when, reason="", key=key, locale="fr", on=ON, at=AT
        ).reference

    assert run_in_threads(app, send) == {"RS-2026-000001": 10, "cancellation_requested": 10}
    assert len(rows(Cancellation)) == 1


def test_twenty_workers_take_twenty_messages_once_each(app: Flask) -> None:
    for number in range(THREADS):
        db.session.add(Message(kind="email", key=f"m{number}", ids={}, run_at=AT))
    db.session.commit()

    def one(_number: int) -> str:
        message = lease_next(AT)
        assert message is not None
        return message.key

    assert set(run_in_threads(app, one).values()) == {1}
