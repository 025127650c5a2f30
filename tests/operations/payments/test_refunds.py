"""Refunds of payments that became credit: made once, at most what was received and what is left of the credit."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refund import RefundStatus
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import ProviderResult, Refund
from kajoom.models.credit import balance_of, newest_movement_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import message_by_key
from kajoom.models.refund import RefundAttempt, refunds_of
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.attempts import record_result as record_payment
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from kajoom.operations.payments.refunds import RefundResult, open_refund_of, record_refund_result, refund_invoice
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import movements_of, nothing_written, queued_emails
from tests.operations.pending_payments import (
    LATER,
    NoTransactionProvider,
    ProcessCrash,
    last_attempt,
    pay_with,
    unpaid_order,
)

pytestmark = pytest.mark.slow

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN
DONE = RefundStatus.DONE


class RefundingProvider(NoTransactionProvider):
    """A provider that fails the test when it refunds inside a database transaction."""

    def refund(self, refund: Refund) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().refund(refund)


class CrashingProvider(RefundingProvider):
    """A provider that refunds, after which the process stops before it reads the result."""

    def refund(self, refund: Refund) -> ProviderResult:
        super().refund(refund)
        raise ProcessCrash


def refused_change(provider: NoTransactionProvider) -> Invoice:
    """The invoice of an upgrade of 43.12 that was paid and then refused: the money is account credit."""
    order, invoice = unpaid_order()
    pay_with(invoice, provider)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    return invoice


def send_refund(invoice: Invoice, provider: NoTransactionProvider) -> list[RefundResult]:
    return refund_invoice(invoice.number, {"fake": provider}, "staff:lea", AT)


def refusal_of(invoice: Invoice, provider: NoTransactionProvider | None = None) -> StrEnum:
    """Why nothing is refunded; checks that nothing is written then."""
    with nothing_written(), pytest.raises(BusinessError) as raised:
        refund_invoice(invoice.number, {"fake": provider} if provider else {}, "staff:lea", AT)
    return raised.value.code


def credit_of(invoice: Invoice) -> Money:
    return balance_of(invoice.client_id, "CAD")


def the_refund(invoice: Invoice) -> RefundAttempt:
    (attempt,) = refunds_of(invoice.id)
    return attempt


def test_payment_of_a_refused_change_is_refunded_and_its_credit_taken_back() -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    assert credit_of(invoice) == Money(43_12)

    assert send_refund(invoice, provider) == [RefundResult(Money(43_12), "fake", DONE, "")]

    assert credit_of(invoice) == Money(0)
    assert movements_of(invoice.client_id)[0].reason is CreditReason.REFUNDED
    ((refund, _),) = provider.refunds.values()
    assert (refund.amount, refund.invoice) == (Money(43_12), invoice.number)
    assert refund.reference == provider.ledger[last_attempt(invoice).key][1].reference
    assert the_refund(invoice).settled_at == AT
    assert "refunded" in queued_emails()


def test_payment_is_refunded_once() -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    send_refund(invoice, provider)
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND
    grant_credit(invoice.client.email, "100.00", "other", AT)
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND


def test_refund_decided_from_outdated_figures_is_refused() -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    seen = newest_movement_of(invoice.client_id)
    grant_credit(invoice.client.email, "-40.00", "spent elsewhere", AT)
    with nothing_written(), pytest.raises(BusinessError) as raised:
        refund_invoice(invoice.number, {"fake": provider}, "staff:lea", AT, seen)
    assert raised.value.code is StaffRefusal.CHANGED_SINCE
    [result] = refund_invoice(
        invoice.number, {"fake": provider}, "staff:lea", AT, newest_movement_of(invoice.client_id)
    )
    assert result.amount == Money(3_12)


def test_late_payment_is_refunded_and_not_the_one_that_paid_the_invoice() -> None:
    provider = RefundingProvider(ProviderResult(REFUSED, reason="declined"))
    _, invoice = unpaid_order()
    pay_with(invoice, provider)
    error = last_attempt(invoice).key
    pay_with(invoice, provider)
    provider.ledger[error] = provider.ledger[last_attempt(invoice).key][0], ProviderResult(CAPTURED, reference="late")
    record_payment(error, ProviderResult(CAPTURED, reference="late"), LATER)
    assert credit_of(invoice) == Money(43_12)

    send_refund(invoice, provider)

    ((refund, _),) = provider.refunds.values()
    assert refund.reference == "late"
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND


def paid_twice(provider: RefundingProvider) -> Invoice:
    """The invoice of an upgrade of 43.12 that was paid twice, the second time by "late", and then refused."""
    order, invoice = unpaid_order()
    provider.results.append(ProviderResult(REFUSED, reason="declined"))
    pay_with(invoice, provider)
    refused = last_attempt(invoice).key
    pay_with(invoice, provider)
    late = ProviderResult(CAPTURED, reference="late")
    provider.ledger[refused] = provider.ledger[last_attempt(invoice).key][0], late
    record_payment(refused, late, LATER)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    return invoice


def amounts(provider: RefundingProvider) -> list[tuple[bool, Money]]:
    """The amounts that the provider refunded, in order, and whether each was of the payment "late"."""
    return [(refund.reference == "late", refund.amount) for refund, _ in provider.refunds.values()]


def test_two_payments_are_refunded_in_full_the_latest_first() -> None:
    provider = RefundingProvider()
    invoice = paid_twice(provider)
    assert credit_of(invoice) == Money(86_24)

    assert [each.amount for each in send_refund(invoice, provider)] == [Money(43_12), Money(43_12)]

    assert amounts(provider) == [(True, Money(43_12)), (False, Money(43_12))]
    assert credit_of(invoice) == Money(0)
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND


@pytest.mark.parametrize(
    ("spent", "parts"),
    [
        ("-40.00", [(True, Money(43_12)), (False, Money(3_12))]),
        ("-43.12", [(True, Money(43_12))]),  # just enough for one
        ("-50.00", [(True, Money(36_24))]),
    ],
)
def test_refund_of_two_payments_is_limited_to_the_credit_left(spent: str, parts: list[tuple[bool, Money]]) -> None:
    provider = RefundingProvider()
    invoice = paid_twice(provider)
    grant_credit(invoice.client.email, spent, "spent elsewhere", AT)

    send_refund(invoice, provider)

    assert amounts(provider) == parts
    assert credit_of(invoice) == Money(0)


def test_rest_of_a_partly_refunded_payment_is_refunded_before_the_earlier_payment() -> None:
    provider = RefundingProvider()
    invoice = paid_twice(provider)
    grant_credit(invoice.client.email, "-50.00", "spent elsewhere", AT)
    send_refund(invoice, provider)  # 36.24 of the late payment
    grant_credit(invoice.client.email, "10.00", "given again", AT)

    send_refund(invoice, provider)

    assert amounts(provider) == [(True, Money(36_24)), (True, Money(6_88)), (False, Money(3_12))]


def test_refused_refund_is_tried_again_in_full() -> None:
    provider = RefundingProvider()
    invoice = paid_twice(provider)
    provider.results.append(ProviderResult(REFUSED, reason="too_old"))

    assert [each.status for each in send_refund(invoice, provider)] == [RefundStatus.REFUSED, DONE]
    assert credit_of(invoice) == Money(43_12)
    assert [(each.amount, each.status) for each in send_refund(invoice, provider)] == [(Money(43_12), DONE)]


def test_offline_payment_is_left_to_staff_and_the_other_one_is_refunded() -> None:
    provider = RefundingProvider()
    order, invoice = unpaid_order()
    pay_with(invoice, provider)
    record_offline_payment(invoice.number, OfflinePayment("43.12", ON, AT, "CA1", "interac"), ON, "staff:lea", AT)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    assert credit_of(invoice) == Money(86_24)

    send_refund(invoice, provider)

    ((refund, _),) = provider.refunds.values()
    assert (refund.amount, credit_of(invoice)) == (Money(43_12), Money(43_12))
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND


def test_refund_is_limited_to_the_credit_left() -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    grant_credit(invoice.client.email, "-40.00", "spent elsewhere", AT)
    assert [each.amount for each in send_refund(invoice, provider)] == [Money(3_12)]
    assert credit_of(invoice) == Money(0)


def test_nothing_is_refunded_once_the_credit_is_spent_even_without_the_provider() -> None:
    invoice = refused_change(RefundingProvider())
    grant_credit(invoice.client.email, "-43.12", "spent elsewhere", AT)

    assert refusal_of(invoice) is StaffRefusal.NOTHING_TO_REFUND


def test_nothing_is_refunded_of_an_invoice_paid_with_credit_alone() -> None:
    row = factories.service()
    factories.credit(row.client, 100_00)
    order = factories.confirm(row)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    invoice = factories.invoice_for(order)
    assert credit_of(invoice) == Money(100_00)

    assert refusal_of(invoice, RefundingProvider()) is StaffRefusal.NOTHING_TO_REFUND


def test_credit_applied_to_the_invoice_stays_credit() -> None:
    row, provider = factories.service(), RefundingProvider()
    factories.credit(row.client, 10_00)
    order = factories.confirm(row)
    invoice = factories.invoice_for(order)
    pay_with(invoice, provider)  # 33.12 of 43.12
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)

    assert [each.amount for each in send_refund(invoice, provider)] == [Money(33_12)]
    assert credit_of(invoice) == Money(10_00)


def test_refused_refund_gives_the_credit_back_and_can_be_tried_again() -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    provider.results.append(ProviderResult(REFUSED, reason="too_old"))

    assert send_refund(invoice, provider) == [RefundResult(Money(43_12), "fake", RefundStatus.REFUSED, "too_old")]
    assert credit_of(invoice) == Money(43_12)

    assert [each.status for each in send_refund(invoice, provider)] == [DONE]
    assert credit_of(invoice) == Money(0)


@pytest.mark.parametrize("takes_money", [True, False])
def test_refund_without_an_answer_is_asked_again_and_made_once(takes_money: bool) -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    provider.results.append(ProviderResult(UNKNOWN))
    provider.takes_money = takes_money

    assert [each.status for each in send_refund(invoice, provider)] == [RefundStatus.UNKNOWN]
    assert credit_of(invoice) == Money(0)
    assert refusal_of(invoice, provider) is StaffRefusal.REFUND_UNDER_WAY
    key = the_refund(invoice).key
    message = message_by_key(f"refund-{key}")
    assert message is not None
    assert message.run_at == AT + timedelta(seconds=5)

    request = open_refund_of(key)
    assert request is not None
    assert record_refund_result(key, provider.refund(request[1]), LATER)
    assert open_refund_of(key) is None
    assert (len(provider.refunds), credit_of(invoice)) == (1, Money(0))


def test_crash_during_a_refund_loses_nothing() -> None:
    provider = CrashingProvider()
    invoice = refused_change(provider)
    with pytest.raises(ProcessCrash):
        send_refund(invoice, provider)

    assert (the_refund(invoice).status, credit_of(invoice)) == (RefundStatus.SENDING, Money(0))
    key = the_refund(invoice).key
    assert message_by_key(f"refund-{key}") is not None
    request = open_refund_of(key)
    assert request is not None
    assert record_refund_result(key, RefundingProvider.refund(provider, request[1]), LATER)
    assert len(provider.refunds) == 1


def test_second_result_of_a_refund_changes_nothing() -> None:
    provider = RefundingProvider()
    invoice = refused_change(provider)
    send_refund(invoice, provider)
    with nothing_written():
        assert record_refund_result(the_refund(invoice).key, ProviderResult(REFUSED), LATER)


def test_offline_payment_cannot_be_refunded_by_a_provider() -> None:
    order = factories.confirm(factories.service(payment_method="interac"))
    invoice = factories.invoice_for(order)
    record_offline_payment(invoice.number, OfflinePayment("43.12", ON, AT, "CA1"), ON, "staff:lea", AT)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    assert refusal_of(invoice, RefundingProvider()) is StaffRefusal.PAID_OFFLINE


def test_provider_that_is_not_configured_any_more_has_its_own_refusal() -> None:
    assert refusal_of(refused_change(RefundingProvider())) is StaffRefusal.PROVIDER_CLOSED


def test_payment_of_a_change_that_was_made_is_not_refunded() -> None:
    provider = RefundingProvider()
    _, invoice = unpaid_order()
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND
    pay_with(invoice, provider)
    assert refusal_of(invoice, provider) is StaffRefusal.NOTHING_TO_REFUND


def test_unknown_invoice_is_refused() -> None:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        refund_invoice("2026-9999", {}, "staff:lea", AT)
    assert raised.value.code is StaffRefusal.NO_INVOICE
