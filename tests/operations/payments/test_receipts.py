"""Recording offline payments: once each, applied to the invoice, the excess becoming account credit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.service import ServiceStatus
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import payments_of
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments.receipts import OfflinePayment, Receipt, record_offline_payment
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import movements_of, nothing_written, queued_emails

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)
# 75.00 for 15 days of 30: 37.50, GST 1.88, QST 3.74.
PAYMENT = OfflinePayment("43.12", date(2026, 6, 15), NOON, "CA123", "interac")
ZERO = Money(0)


def unpaid_invoice(method: str = "interac") -> Invoice:
    """The invoice of an upgrade that awaits payment."""
    return factories.invoice_for(factories.confirm(factories.service(payment_method=method)))


def record(invoice: Invoice, **offline_payment: object) -> Receipt:
    return record_offline_payment(invoice.number, replace(PAYMENT, **offline_payment), ON, "staff:lea", AT)  # type: ignore[arg-type]


def refusal_of(invoice: Invoice, **offline_payment: object) -> BusinessError:
    """Why a payment is not recorded; checks that nothing is written then."""
    with nothing_written(), pytest.raises(BusinessError) as raised:
        record(invoice, **offline_payment)
    return raised.value


def test_full_amount_pays_the_invoice_and_starts_the_change() -> None:
    invoice = unpaid_invoice()

    assert record(invoice) == Receipt(Money(43_12), ZERO, ZERO, is_new=True)

    assert (invoice.status, invoice.balance) == (InvoiceStatus.PAID, ZERO)
    assert invoice.order is not None
    assert invoice.order.status is OrderStatus.AWAITING_PROVISIONING
    (payment,) = payments_of(invoice.id)
    assert (payment.reference, payment.provider, payment.actor) == ("interac:CA123", "interac", "staff:lea")
    assert payment.received_at == NOON
    assert message_by_key(f"provision-{invoice.order.reference}") is not None


def test_partial_payment_leaves_a_balance_that_a_second_one_pays() -> None:
    invoice = unpaid_invoice()

    assert record(invoice, amount="40") == Receipt(Money(40_00), ZERO, Money(3_12), is_new=True)
    assert (invoice.status, invoice.balance) == (InvoiceStatus.OPEN, Money(3_12))
    assert invoice.order is not None
    status_after_part = invoice.order.status
    assert "payment_partial" in queued_emails()

    assert record(invoice, amount="3.12", reference="CA124").balance == ZERO
    assert (status_after_part, invoice.order.status) == (
        OrderStatus.AWAITING_PAYMENT,
        OrderStatus.AWAITING_PROVISIONING,
    )


def test_excess_becomes_credit_with_emails_to_client_and_staff() -> None:
    invoice = unpaid_invoice()

    assert record(invoice, amount="50.00") == Receipt(Money(43_12), Money(6_88), ZERO, is_new=True)

    assert balance_of(invoice.client_id, "CAD") == Money(6_88)
    assert [entry.reason for entry in movements_of(invoice.client_id)] == [CreditReason.OVERPAID]
    assert {"payment_late", "staff_notice"} <= queued_emails()


def test_money_for_a_void_invoice_becomes_credit_with_emails_to_client_and_staff() -> None:
    invoice = unpaid_invoice()
    assert invoice.order is not None
    cancel_order(invoice.client_id, invoice.order.reference, ON, AT)

    assert record(invoice) == Receipt(ZERO, Money(43_12), ZERO, is_new=True)

    assert invoice.status is InvoiceStatus.VOID
    assert [entry.reason for entry in movements_of(invoice.client_id)] == [CreditReason.LATE_PAYMENT]
    assert {"payment_late", "staff_notice"} <= queued_emails()


def test_partial_payment_becomes_credit_when_the_change_is_cancelled() -> None:
    invoice = unpaid_invoice()
    record(invoice, amount="40.00")
    assert invoice.order is not None

    cancel_order(invoice.client_id, invoice.order.reference, ON, AT)

    assert balance_of(invoice.client_id, "CAD") == Money(40_00)


@pytest.mark.parametrize("reference", ["CA123", " ca123 ", "Ca123"])
def test_same_reference_is_recorded_once(reference: str) -> None:
    invoice = unpaid_invoice()
    record(invoice, amount="40.00")

    with nothing_written():
        assert record(invoice, amount="40.00", reference=reference) == Receipt(ZERO, ZERO, Money(3_12), False)


def test_reference_of_another_payment_is_refused() -> None:
    first, second = unpaid_invoice(), unpaid_invoice()
    record(first)
    error = refusal_of(second)
    assert error.code is StaffRefusal.REFERENCE_USED
    assert error.details["number"] == first.number
    assert refusal_of(first, amount="3.00").code is StaffRefusal.REFERENCE_USED


def test_paid_renewal_advances_the_due_date() -> None:
    row = factories.service(payment_method="cheque")
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is not None

    record(invoice, amount="172.46", method="")  # 150.00, GST 7.50, QST 14.96

    assert invoice.status is InvoiceStatus.PAID
    assert row.next_due_date == date(2026, 8, 1)
    assert row.status is ServiceStatus.ACTIVE
    assert [payment.provider for payment in payments_of(invoice.id)] == ["cheque"]


@pytest.mark.parametrize(
    ("offline_payment", "reason"),
    [
        ({"amount": "0"}, StaffRefusal.NOT_AN_AMOUNT),
        ({"amount": "-5.00"}, StaffRefusal.NOT_AN_AMOUNT),
        ({"amount": "41,72"}, StaffRefusal.NOT_AN_AMOUNT),
        ({"amount": "41.725"}, StaffRefusal.NOT_AN_AMOUNT),
        ({"on": date(2026, 6, 17)}, StaffRefusal.NOT_YET),
        ({"reference": "  "}, StaffRefusal.NO_REFERENCE),
        ({"reference": "x" * 101}, StaffRefusal.NO_REFERENCE),
        ({"reference": "a\x00b"}, StaffRefusal.NO_REFERENCE),
        ({"method": "credit"}, StaffRefusal.NO_METHOD),
        ({"method": "gold"}, StaffRefusal.NO_METHOD),
    ],
)
def test_invalid_payment_is_refused_with_its_reason(offline_payment: dict[str, object], reason: StaffRefusal) -> None:
    assert refusal_of(unpaid_invoice(), **offline_payment).code is reason


def test_method_must_be_given_for_a_service_paid_by_a_provider() -> None:
    invoice = unpaid_invoice("paypal")
    assert refusal_of(invoice, method="").code is StaffRefusal.NO_METHOD
    assert record(invoice, method="bank_transfer").is_new


@pytest.mark.parametrize("method", ["paypal", "card", "interac", "cheque", "bank_transfer"])
def test_payment_by_any_method_of_the_registry_may_be_recorded(method: str) -> None:
    invoice = unpaid_invoice("paypal")
    assert record(invoice, method=method).is_new
    assert invoice.status is InvoiceStatus.PAID
    assert [payment.provider for payment in payments_of(invoice.id)] == [method]


def test_unknown_invoice_is_refused() -> None:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        record_offline_payment("2026-9999", PAYMENT, ON, "staff:lea", AT)
    assert raised.value.code is StaffRefusal.NO_INVOICE
    db.session.rollback()
