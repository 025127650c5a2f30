"""Concurrent billing, payment, cancellation or start of one change leaves one renewal, charge and due date."""

from __future__ import annotations

from collections import Counter
from datetime import date

from flask import Flask

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.payment import PaymentChoice
from kajoom.models.credit import balance_of
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Payment
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.provisioning import start_due_order
from kajoom.operations.payments.pay import pay
from tests import factories
from tests.factories import AT, DUE, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import rows
from tests.operations.parallel import THREADS, run_in_threads
from tests.operations.renewal_setup import pay_in_full, scheduled_change, valid_renewals


def test_concurrent_workers_bill_a_period_and_spend_credit_once(app: Flask) -> None:
    row = factories.service()
    factories.credit(row.client, 20_000)
    service_id, client_id = row.id, row.client_id

    results = run_in_threads(app, lambda _: "billed" if issue_renewal(service_id, ON, AT, DUE) else "nothing")

    [invoice] = rows(Invoice)
    assert results["billed"] == 1
    assert (invoice.credit_cents, invoice.status) == (17_246, InvoiceStatus.PAID)
    assert balance_of(client_id, "CAD") == Money(2_754)


def test_concurrent_payments_of_a_renewal_move_the_due_date_once(app: Flask) -> None:
    _, invoice = scheduled_change()
    invoice_id = invoice.id
    provider = FakeProvider()

    run_in_threads(app, lambda _: pay(invoice_id, {"fake": provider}, PaymentChoice("fake"), AT).status.value)

    assert len(rows(Payment)) == 1
    assert rows(Service)[0].next_due_date == date(2026, 8, 1)
    assert valid_renewals(rows(Order)[0]) == [("paid", 10_923, True)]


def test_concurrent_starts_of_a_change_queue_one_provisioning(app: Flask) -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    order_id = order.id

    run_in_threads(app, lambda _: str(start_due_order(order_id, DUE, AT)))

    assert Counter(message.kind for message in rows(Message))["provision"] == 1


def test_concurrent_cancellations_replace_the_renewal_once(app: Flask) -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    client_id, reference = order.client_id, order.reference

    results = run_in_threads(app, lambda _: cancel_order(client_id, reference, ON, AT).status.value)

    assert results == Counter({"cancelled": THREADS})
    assert valid_renewals(rows(Order)[0]) == [("open", 17_246, False)]
    assert balance_of(client_id, "CAD") == Money(0)
