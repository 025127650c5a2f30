"""Concurrent requests for one change make one order, one invoice, one charge and one credit movement."""

from __future__ import annotations

import pytest
from flask import Flask

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.money import Money
from kajoom.domain.payment import PaymentChoice
from kajoom.models.cancellation import Cancellation
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.outbox import lease_next
from kajoom.operations.payments.pay import pay
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import movements_of, rows
from tests.operations.orders.order_setup import place_upgrade
from tests.operations.parallel import THREADS, run_in_threads

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("one_key", [True, False], ids=["one key", "a key for each"])
def test_concurrent_confirmations_of_one_service_make_one_order(app: Flask, one_key: bool) -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    client_id, service_id, digest = row.client_id, row.id, factories.price(row, "b").digest

    def confirm(number: int) -> str:
        return place_upgrade(client_id, service_id, digest, "form" if one_key else f"form-{number}").reference

    results = run_in_threads(app, confirm)

    assert results == ({"CH-2026-000001": 20} if one_key else {"CH-2026-000001": 1, "change_under_way": 19})
    assert len(rows(Order)) == len(rows(Invoice)) == 1
    assert [entry.cents for entry in movements_of(client_id)] == [-1_000, 1_000]
    assert [message.kind for message in rows(Message)] == ["email"]


def test_concurrent_orders_get_consecutive_numbers(app: Flask) -> None:
    services = [(row.client_id, row.id) for row in (factories.service() for _ in range(THREADS))]
    digest = factories.price(factories.service(), "b").digest

    def confirm(number: int) -> str:
        client_id, service_id = services[number]
        return place_upgrade(client_id, service_id, digest, f"form-{number}").reference

    results = run_in_threads(app, confirm)

    assert sorted(results) == [f"CH-2026-{number:06d}" for number in range(1, 21)]
    assert sorted(invoice.number for invoice in rows(Invoice)) == [f"2026-{number:04d}" for number in range(1, 21)]


def test_concurrent_orders_of_one_client_spend_credit_once(app: Flask) -> None:
    client = factories.client()
    factories.credit(client, 5_000)
    services = [row.id for row in (factories.service(client) for _ in range(THREADS))]
    client_id, digest = client.id, factories.price(factories.service(client), "b").digest

    def confirm(number: int) -> str:
        place_upgrade(client_id, services[number], digest, f"form-{number}")
        return "placed"

    results = run_in_threads(app, confirm)

    assert results == {"placed": 1, "quote_changed": 19}  # the other quotes included credit that is spent
    assert balance_of(client_id, "CAD") == Money(5_000 - 4_312)


def test_concurrent_payments_of_one_invoice_charge_once(app: Flask) -> None:
    invoice = factories.invoice_for(factories.confirm(factories.service(), "b"))
    invoice_id, provider = invoice.id, FakeProvider()

    results = run_in_threads(app, lambda _: pay(invoice_id, {"fake": provider}, PaymentChoice("fake"), AT).status.value)

    assert set(results) <= {"captured", "payment_pending"}
    assert results["captured"] >= 1
    assert len(provider.ledger) == len(rows(Attempt)) == len(rows(Payment)) == 1


def test_order_paid_and_cancelled_at_once_ends_in_one_state(app: Flask) -> None:
    order = factories.confirm(factories.service(), "b")
    invoice = factories.invoice_for(order)
    client_id, reference, invoice_id, provider = order.client_id, order.reference, invoice.id, FakeProvider()

    def pay_or_cancel(number: int) -> str:
        if number % 2:
            return pay(invoice_id, {"fake": provider}, PaymentChoice("fake"), AT).status.value
        return cancel_order(client_id, reference, ON, AT).status.value

    run_in_threads(app, pay_or_cancel)

    [order] = rows(Order)
    assert len(rows(Payment)) == (0 if order.status == "cancelled" else 1)
    assert balance_of(client_id, "CAD") == Money(0)


def test_concurrent_cancellation_requests_make_one(app: Flask) -> None:
    row = factories.service()
    client_id, service_id, when = row.client_id, row.id, CancellationWhen.PERIOD_END

    def request(number: int) -> str:
        key = f"form-{number % 2}"
        return request_cancellation(
            client_id, service_id, when, reason="", key=key, locale="fr", on=ON, at=AT
        ).reference

    assert run_in_threads(app, request) == {"RS-2026-000001": 10, "cancellation_requested": 10}
    assert len(rows(Cancellation)) == 1


def test_concurrent_workers_lease_each_message_once(app: Flask) -> None:
    for number in range(THREADS):
        db.session.add(Message(kind="email", key=f"m{number}", ids={}, run_at=AT))
    db.session.commit()

    def lease(_number: int) -> str:
        message = lease_next(AT)
        assert message is not None
        return message.key

    assert set(run_in_threads(app, lease).values()) == {1}
