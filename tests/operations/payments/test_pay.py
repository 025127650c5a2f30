"""Paying an invoice: charged once, with no transaction open, and every amount received is recorded once."""

from __future__ import annotations

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ProviderResult
from kajoom.models.client import lock_client
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import Payment, payments_of
from kajoom.operations.orders.close import cancel_order, expire_order
from kajoom.operations.payments.attempts import record_result
from kajoom.operations.payments.pay import follow_up, pay
from kajoom.operations.payments.receipts import record_payment
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import movements_of, nothing_written, rows
from tests.operations.pending_payments import LATER, NoTransactionProvider, last_attempt, pay_with, unpaid_order

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN


def test_captured_payment_starts_the_change_and_leaves_the_service_unchanged() -> None:
    order, invoice = unpaid_order()

    assert pay_with(invoice, NoTransactionProvider()) is CAPTURED

    assert (invoice.status, invoice.balance, invoice.paid_cents) == (InvoiceStatus.PAID, Money(0), 4_312)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert (order.service.plan.code, order.service.version) == ("a", 1)
    assert [payment.amount for payment in payments_of(invoice.id)] == [Money(4_312)]
    assert message_by_key(f"provision-{order.reference}") is not None
    assert message_by_key(f"payment_received-{invoice.number}") is not None
    assert [step.event for step in order.history] == [OrderEvent.PLACED, OrderEvent.PAID]


def test_provider_is_charged_what_account_credit_left() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    invoice = invoice_of_order(factories.confirm(row, "b").id)
    assert invoice is not None
    provider = NoTransactionProvider()

    pay_with(invoice, provider)

    assert [(charge.amount, charge.invoice) for charge in provider.requests] == [(Money(3_312), invoice.number)]


def test_refused_payment_leaves_the_order_unpaid_and_can_be_tried_again() -> None:
    order, invoice = unpaid_order()
    provider = NoTransactionProvider(ProviderResult(REFUSED, reason="INSTRUMENT_DECLINED"))

    assert pay_with(invoice, provider) is REFUSED
    assert (order.status, invoice.status, order.service.version) == (
        OrderStatus.AWAITING_PAYMENT,
        InvoiceStatus.OPEN,
        1,
    )
    assert (last_attempt(invoice).reason, last_attempt(invoice).settled_at) == ("INSTRUMENT_DECLINED", AT)

    assert pay_with(invoice, provider) is CAPTURED
    assert len(payments_of(invoice.id)) == 1


def test_money_that_arrives_after_a_refusal_pays_the_open_invoice() -> None:
    order, invoice = unpaid_order()
    pay_with(invoice, NoTransactionProvider(ProviderResult(REFUSED)))

    assert record_result(last_attempt(invoice).key, ProviderResult(CAPTURED, reference="late"), LATER)

    assert (order.status, invoice.status) == (OrderStatus.AWAITING_PROVISIONING, InvoiceStatus.PAID)


def test_money_for_a_void_invoice_becomes_credit_with_an_email() -> None:
    order, invoice = unpaid_order()
    pay_with(invoice, NoTransactionProvider(ProviderResult(REFUSED)))
    cancel_order(order.client_id, order.reference, ON, AT)
    key = last_attempt(invoice).key

    assert record_result(key, ProviderResult(CAPTURED, reference="late"), LATER)
    with nothing_written():
        assert record_result(key, ProviderResult(CAPTURED, reference="late"), LATER)

    assert balance_of(order.client_id, "CAD") == Money(4_312)
    assert [entry.reason for entry in movements_of(order.client_id)] == [CreditReason.LATE_PAYMENT]
    assert message_by_key("payment_late-fake:late") is not None
    assert (order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)


def test_second_payment_of_an_invoice_becomes_credit() -> None:
    order, invoice = unpaid_order()
    provider = NoTransactionProvider(ProviderResult(REFUSED))
    pay_with(invoice, provider)
    first = last_attempt(invoice).key
    pay_with(invoice, provider)

    record_result(first, ProviderResult(CAPTURED, reference="late"), LATER)

    assert balance_of(order.client_id, "CAD") == Money(4_312)
    assert sum(payment.cents for payment in rows(Payment)) == 2 * 4_312


@transactional
def received(invoice_id: int, cents: int, reference: str) -> None:
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    record_payment(invoice, Money(cents), "transfer", reference, "staff", AT)


def test_invoice_is_paid_in_parts_and_the_excess_becomes_credit() -> None:
    order, invoice = unpaid_order()

    received(invoice.id, 4_000, "first")
    assert (invoice.balance, invoice.status, order.status) == (
        Money(312),
        InvoiceStatus.OPEN,
        OrderStatus.AWAITING_PAYMENT,
    )
    received(invoice.id, 1_000, "second")
    with nothing_written():
        received(invoice.id, 1_000, "second")

    assert (invoice.balance, invoice.status, order.status) == (
        Money(0),
        InvoiceStatus.PAID,
        OrderStatus.AWAITING_PROVISIONING,
    )
    assert balance_of(order.client_id, "CAD") == Money(688)


def test_partial_payment_becomes_credit_when_the_invoice_is_void() -> None:
    order, invoice = unpaid_order()
    received(invoice.id, 4_000, "first")

    cancel_order(order.client_id, order.reference, ON, AT)

    assert balance_of(order.client_id, "CAD") == Money(4_000)


def test_paid_invoice_is_not_charged_again() -> None:
    _, invoice = unpaid_order()
    provider = NoTransactionProvider()
    pay_with(invoice, provider)

    with nothing_written():
        assert pay_with(invoice, provider) is CAPTURED
    assert len(provider.requests) == 1


def test_void_invoice_cannot_be_paid() -> None:
    order, invoice = unpaid_order()
    cancel_order(order.client_id, order.reference, ON, AT)
    provider = NoTransactionProvider()

    with nothing_written(), pytest.raises(BusinessError) as error:
        pay_with(invoice, provider)

    assert error.value.code is Refusal.TOO_LATE
    assert provider.requests == []


def test_payment_by_a_method_that_is_not_offered_writes_nothing() -> None:
    invoice_id = unpaid_order()[1].id

    with nothing_written(), pytest.raises(KeyError):
        pay(invoice_id, {}, PaymentChoice("fake"), AT)


def test_order_with_an_unsettled_payment_is_neither_cancelled_nor_expired() -> None:
    order, invoice = unpaid_order()
    pay_with(invoice, NoTransactionProvider(ProviderResult(UNKNOWN)))

    with nothing_written(), pytest.raises(BusinessError) as error:
        cancel_order(order.client_id, order.reference, ON, AT)
    with nothing_written():
        expire_order(order.id, ON, AT)

    assert error.value.code is Refusal.PAYMENT_PENDING


def test_result_of_an_unknown_attempt_is_not_recorded() -> None:
    with nothing_written(), pytest.raises(LookupError):
        record_result("nobody", ProviderResult(CAPTURED), AT)
    with nothing_written():
        assert follow_up("nobody", {}, AT) is None


def test_free_service_changes_to_a_paid_plan_only_once_paid() -> None:
    row = factories.service(recurring_cents=0, cycle=BillingCycle.FREE, next_due_date=None)
    invoice = invoice_of_order(factories.confirm(row, "a").id)
    assert invoice is not None

    assert invoice.total == Money(17_246)  # 150.00 + GST 7.50 + QST 14.96
    pay_with(invoice, NoTransactionProvider())
    assert (row.cycle, row.next_due_date) == (BillingCycle.FREE, None)
