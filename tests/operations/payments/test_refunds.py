"""What a payment gave as credit goes back to where it came from: once, no more than came, and never by chance."""

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
from kajoom.models.credit import balance_of, movements_of
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
from tests.operations.ledger_checks import nothing_written, queued_emails
from tests.operations.pending_payments import (
    LATER,
    NoTransactionProvider,
    ProcessCrash,
    last_attempt,
    pay_with,
    unpaid_order,
)

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN
DONE = RefundStatus.DONE


class Till(NoTransactionProvider):
    """A provider that looks whether the database is being kept waiting while it gives money back."""

    def refund(self, refund: Refund) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().refund(refund)


class CrashingProvider(Till):
    """A provider whose answer never arrives, because the machine stops while it waits."""

    def refund(self, refund: Refund) -> ProviderResult:
        super().refund(refund)
        raise ProcessCrash


def refused_change(provider: NoTransactionProvider) -> Invoice:
    """An upgrade of 43.12 that was paid and could not be made: the money is account credit."""
    order, invoice = unpaid_order()
    pay_with(invoice, provider)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    return invoice


def sent(invoice: Invoice, provider: NoTransactionProvider) -> list[RefundResult]:
    return refund_invoice(invoice.number, {"fake": provider}, "staff:lea", AT)


def objection(invoice: Invoice, provider: NoTransactionProvider | None = None) -> StrEnum:
    """Why nothing is sent back; nothing is written then."""
    with nothing_written(), pytest.raises(BusinessError) as raised:
        refund_invoice(invoice.number, {"fake": provider} if provider else {}, "staff:lea", AT)
    return raised.value.code


def credit_of(invoice: Invoice) -> Money:
    return balance_of(invoice.client_id, "CAD")


def the_refund(invoice: Invoice) -> RefundAttempt:
    (attempt,) = refunds_of(invoice.id)
    return attempt


def test_the_payment_of_a_refused_change_goes_back_and_the_credit_with_it() -> None:
    till = Till()
    invoice = refused_change(till)
    assert credit_of(invoice) == Money(43_12)

    assert sent(invoice, till) == [RefundResult(Money(43_12), "fake", DONE, "")]

    assert credit_of(invoice) == Money(0)
    assert movements_of(invoice.client_id)[0].reason is CreditReason.REFUNDED
    ((refund, _),) = till.refunds.values()
    assert (refund.amount, refund.invoice) == (Money(43_12), invoice.number)
    assert refund.reference == till.ledger[last_attempt(invoice).key][1].reference
    assert the_refund(invoice).settled_at == AT
    assert "refunded" in queued_emails()


def test_money_is_sent_back_once() -> None:
    till = Till()
    invoice = refused_change(till)
    sent(invoice, till)
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND
    grant_credit(invoice.client.email, "100.00", "other", AT)
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND


def test_late_money_goes_back_and_what_paid_the_invoice_stays() -> None:
    till = Till(ProviderResult(REFUSED, reason="declined"))
    _, invoice = unpaid_order()
    pay_with(invoice, till)
    error = last_attempt(invoice).key
    pay_with(invoice, till)
    till.ledger[error] = till.ledger[last_attempt(invoice).key][0], ProviderResult(CAPTURED, reference="late")
    record_payment(error, ProviderResult(CAPTURED, reference="late"), LATER)
    assert credit_of(invoice) == Money(43_12)

    sent(invoice, till)

    ((refund, _),) = till.refunds.values()
    assert refund.reference == "late"
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND


def paid_twice(till: Till) -> Invoice:
    """An upgrade of 43.12 that was paid twice, the second time by "late" money, and could not be made."""
    order, invoice = unpaid_order()
    till.results.append(ProviderResult(REFUSED, reason="declined"))
    pay_with(invoice, till)
    refused = last_attempt(invoice).key
    pay_with(invoice, till)
    late = ProviderResult(CAPTURED, reference="late")
    till.ledger[refused] = till.ledger[last_attempt(invoice).key][0], late
    record_payment(refused, late, LATER)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    return invoice


def amounts(till: Till) -> list[tuple[bool, Money]]:
    """What the provider was asked to send back, in order, and whether it was of the late payment."""
    return [(refund.reference == "late", refund.amount) for refund, _ in till.refunds.values()]


def test_two_payments_go_back_each_whole_the_latest_first() -> None:
    till = Till()
    invoice = paid_twice(till)
    assert credit_of(invoice) == Money(86_24)

    assert [each.amount for each in sent(invoice, till)] == [Money(43_12), Money(43_12)]

    assert amounts(till) == [(True, Money(43_12)), (False, Money(43_12))]
    assert credit_of(invoice) == Money(0)
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND


@pytest.mark.parametrize(
    ("spent", "parts"),
    [
        ("-40.00", [(True, Money(43_12)), (False, Money(3_12))]),
        ("-43.12", [(True, Money(43_12))]),  # just enough for one
        ("-50.00", [(True, Money(36_24))]),
    ],
)
def test_of_two_payments_only_the_credit_that_is_left_goes_back(spent: str, parts: list[tuple[bool, Money]]) -> None:
    till = Till()
    invoice = paid_twice(till)
    grant_credit(invoice.client.email, spent, "spent elsewhere", AT)

    sent(invoice, till)

    assert amounts(till) == parts
    assert credit_of(invoice) == Money(0)


def test_the_rest_of_a_payment_partly_sent_back_goes_before_the_earlier_payment() -> None:
    till = Till()
    invoice = paid_twice(till)
    grant_credit(invoice.client.email, "-50.00", "spent elsewhere", AT)
    sent(invoice, till)  # 36.24 of the late payment
    grant_credit(invoice.client.email, "10.00", "given again", AT)

    sent(invoice, till)

    assert amounts(till) == [(True, Money(36_24)), (True, Money(6_88)), (False, Money(3_12))]


def test_a_payment_that_was_refused_a_refund_is_tried_again_whole() -> None:
    till = Till()
    invoice = paid_twice(till)
    till.results.append(ProviderResult(REFUSED, reason="too_old"))

    assert [each.status for each in sent(invoice, till)] == [RefundStatus.REFUSED, DONE]
    assert credit_of(invoice) == Money(43_12)
    assert [(each.amount, each.status) for each in sent(invoice, till)] == [(Money(43_12), DONE)]


def test_a_payment_received_offline_is_left_to_staff_and_the_other_goes_back() -> None:
    till = Till()
    order, invoice = unpaid_order()
    pay_with(invoice, till)
    record_offline_payment(invoice.number, OfflinePayment("43.12", ON, AT, "CA1", "interac"), ON, "staff:lea", AT)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    assert credit_of(invoice) == Money(86_24)

    sent(invoice, till)

    ((refund, _),) = till.refunds.values()
    assert (refund.amount, credit_of(invoice)) == (Money(43_12), Money(43_12))
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND


def test_only_the_credit_that_is_left_goes_back() -> None:
    till = Till()
    invoice = refused_change(till)
    grant_credit(invoice.client.email, "-40.00", "spent elsewhere", AT)
    assert [each.amount for each in sent(invoice, till)] == [Money(3_12)]
    assert credit_of(invoice) == Money(0)


def test_nothing_is_refunded_once_the_credit_is_spent_even_where_the_provider_is_closed() -> None:
    invoice = refused_change(Till())
    grant_credit(invoice.client.email, "-43.12", "spent elsewhere", AT)

    assert objection(invoice) is StaffRefusal.NOTHING_TO_REFUND


def test_nothing_is_refunded_of_an_invoice_paid_with_credit_alone() -> None:
    row = factories.service()
    factories.credit(row.client, 100_00)
    order = factories.confirm(row)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    invoice = factories.invoice_for(order)
    assert credit_of(invoice) == Money(100_00)

    assert objection(invoice, Till()) is StaffRefusal.NOTHING_TO_REFUND


def test_credit_that_was_put_to_the_invoice_stays_credit() -> None:
    row, till = factories.service(), Till()
    factories.credit(row.client, 10_00)
    order = factories.confirm(row)
    invoice = factories.invoice_for(order)
    pay_with(invoice, till)  # 33.12 of 43.12
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)

    assert [each.amount for each in sent(invoice, till)] == [Money(33_12)]
    assert credit_of(invoice) == Money(10_00)


def test_a_refusal_gives_the_credit_back_and_another_try_may_succeed() -> None:
    till = Till()
    invoice = refused_change(till)
    till.results.append(ProviderResult(REFUSED, reason="too_old"))

    assert sent(invoice, till) == [RefundResult(Money(43_12), "fake", RefundStatus.REFUSED, "too_old")]
    assert credit_of(invoice) == Money(43_12)

    assert [each.status for each in sent(invoice, till)] == [DONE]
    assert credit_of(invoice) == Money(0)


@pytest.mark.parametrize("moved", [True, False])
def test_a_lost_answer_is_asked_for_again_and_gives_back_once(moved: bool) -> None:
    till = Till()
    invoice = refused_change(till)
    till.results.append(ProviderResult(UNKNOWN))
    till.takes_money = moved

    assert [each.status for each in sent(invoice, till)] == [RefundStatus.UNKNOWN]
    assert credit_of(invoice) == Money(0)
    assert objection(invoice, till) is StaffRefusal.REFUND_UNDER_WAY
    key = the_refund(invoice).key
    message = message_by_key(f"refund-{key}")
    assert message is not None
    assert message.run_at == AT + timedelta(seconds=5)

    asked = open_refund_of(key)
    assert asked is not None
    assert record_refund_result(key, till.refund(asked[1]), LATER)
    assert open_refund_of(key) is None
    assert (len(till.refunds), credit_of(invoice)) == (1, Money(0))


def test_a_machine_that_stops_while_it_waits_loses_nothing() -> None:
    till = CrashingProvider()
    invoice = refused_change(till)
    with pytest.raises(ProcessCrash):
        sent(invoice, till)

    assert (the_refund(invoice).status, credit_of(invoice)) == (RefundStatus.SENDING, Money(0))
    key = the_refund(invoice).key
    assert message_by_key(f"refund-{key}") is not None
    asked = open_refund_of(key)
    assert asked is not None
    assert record_refund_result(key, Till.refund(till, asked[1]), LATER)
    assert len(till.refunds) == 1


def test_an_answer_heard_twice_counts_once() -> None:
    till = Till()
    invoice = refused_change(till)
    sent(invoice, till)
    with nothing_written():
        assert record_refund_result(the_refund(invoice).key, ProviderResult(REFUSED), LATER)


def test_what_no_provider_carried_is_sent_back_by_hand() -> None:
    order = factories.confirm(factories.service(payment_method="interac"))
    invoice = factories.invoice_for(order)
    record_offline_payment(invoice.number, OfflinePayment("43.12", ON, AT, "CA1"), ON, "staff:lea", AT)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    assert objection(invoice, Till()) is StaffRefusal.PAID_OFFLINE


def test_a_provider_that_is_closed_is_told_apart() -> None:
    assert objection(refused_change(Till())) is StaffRefusal.PROVIDER_CLOSED


def test_a_payment_that_bought_what_it_was_for_stays() -> None:
    till = Till()
    _, invoice = unpaid_order()
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND
    pay_with(invoice, till)
    assert objection(invoice, till) is StaffRefusal.NOTHING_TO_REFUND


def test_an_invoice_that_is_not_there_is_said_so() -> None:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        refund_invoice("2026-9999", {}, "staff:lea", AT)
    assert raised.value.code is StaffRefusal.NO_INVOICE
