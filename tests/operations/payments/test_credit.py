"""Paying an invoice from the client's account credit."""

from __future__ import annotations

import pytest

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ProviderResult
from kajoom.models.credit import balance_of
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments.credit import pay_with_credit
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import nothing_written
from tests.operations.pending_payments import pay_with, unpaid_order


def test_credit_pays_a_part_of_an_invoice_then_the_rest() -> None:
    order, invoice = unpaid_order()  # 43.12
    grant_credit(order.client.email, "40.00", "Panne", AT)
    assert pay_with_credit(invoice.id, AT) == Money(40_00)
    assert (invoice.status, invoice.balance) == (InvoiceStatus.OPEN, Money(3_12))

    grant_credit(order.client.email, "10.00", "Panne", AT)
    assert pay_with_credit(invoice.id, AT) == Money(3_12)

    assert (invoice.status, order.status) == (InvoiceStatus.PAID, OrderStatus.AWAITING_PROVISIONING)
    assert balance_of(order.client_id, "CAD") == Money(6_88)
    with nothing_written():
        assert pay_with_credit(invoice.id, AT) == Money(0)


def test_credit_applied_to_an_invoice_comes_back_when_it_is_void() -> None:
    order, invoice = unpaid_order()
    grant_credit(order.client.email, "40.00", "Panne", AT)
    pay_with_credit(invoice.id, AT)

    cancel_order(order.client_id, order.reference, ON, AT)

    assert balance_of(order.client_id, "CAD") == Money(40_00)


def test_credit_is_not_applied_while_a_payment_attempt_is_open() -> None:
    order, invoice = unpaid_order()
    grant_credit(order.client.email, "50.00", "Panne", AT)
    pay_with(invoice, FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))
    with nothing_written(), pytest.raises(BusinessError) as raised:
        pay_with_credit(invoice.id, AT)
    assert raised.value.code is Refusal.PAYMENT_PENDING


def test_client_without_credit_cannot_pay_with_it() -> None:
    _, invoice = unpaid_order()
    with nothing_written(), pytest.raises(BusinessError) as raised:
        pay_with_credit(invoice.id, AT)
    assert raised.value.code is Refusal.TOO_LATE
