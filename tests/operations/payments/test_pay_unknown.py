"""Payments whose answer was lost: unknown rather than failed, and looked up before anything else is attempted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import Attempt, payments_of
from kajoom.operations.payments.attempts import record_result
from kajoom.operations.payments.pay import pay
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.pending_payments import (
    LATER,
    CrashingProvider,
    NoTransactionProvider,
    ProcessCrash,
    first_charge,
    last_attempt,
    pay_with,
    settle_as_worker,
    unpaid_order,
)

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN


def test_lost_answer_is_unknown_and_is_looked_up_within_seconds() -> None:
    order, invoice = unpaid_order()

    assert pay_with(invoice, NoTransactionProvider(ProviderResult(UNKNOWN))) is UNKNOWN

    attempt = last_attempt(invoice)
    message = message_by_key(f"settle-{attempt.key}")
    assert (attempt.status, attempt.settled_at) == (UNKNOWN, None)
    assert message is not None
    assert message.run_at == AT + timedelta(seconds=5)
    assert order.status is OrderStatus.AWAITING_PAYMENT


def test_money_taken_without_an_answer_is_found_before_another_attempt() -> None:
    order, invoice = unpaid_order()
    provider = NoTransactionProvider(ProviderResult(UNKNOWN), takes_money=True)
    pay_with(invoice, provider)

    assert pay_with(invoice, provider, LATER) is CAPTURED

    assert len({charge.key for charge in provider.requests}) == 1
    assert len(payments_of(invoice.id)) == 1
    assert order.status is OrderStatus.AWAITING_PROVISIONING


def test_payment_that_never_arrived_is_attempted_again() -> None:
    _, invoice = unpaid_order()
    provider = NoTransactionProvider(ProviderResult(UNKNOWN), takes_money=False)
    pay_with(invoice, provider)

    assert pay_with(invoice, provider, LATER) is CAPTURED

    assert [attempt.status for attempt in rows(Attempt)] == [REFUSED, CAPTURED]
    assert len(provider.ledger) == 1


def test_no_other_method_is_charged_while_the_outcome_is_unknown() -> None:
    _, invoice = unpaid_order()
    lost, other = NoTransactionProvider(ProviderResult(UNKNOWN)), NoTransactionProvider()
    pay_with(invoice, lost)
    lost.ledger[last_attempt(invoice).key] = (first_charge(lost), ProviderResult(UNKNOWN))

    with pytest.raises(BusinessError) as error:
        pay(invoice.id, {"fake": lost, "other": other}, PaymentChoice("other"), LATER)

    assert error.value.code is Refusal.PAYMENT_PENDING
    assert other.requests == []


def test_attempt_in_flight_is_not_taken_for_one_the_provider_never_received() -> None:
    _, invoice = unpaid_order()

    class Slow(NoTransactionProvider):
        def charge(self, charge: ChargeRequest) -> ProviderResult:
            with pytest.raises(BusinessError) as error:  # the client pays again before the provider received it
                pay_with(invoice, self)
            assert error.value.code is Refusal.PAYMENT_PENDING
            return super().charge(charge)

    provider = Slow()

    assert pay_with(invoice, provider) is CAPTURED
    assert len(provider.ledger) == 1


def test_worker_settles_an_unknown_payment() -> None:
    order, invoice = unpaid_order()
    provider = NoTransactionProvider(ProviderResult(UNKNOWN))
    pay_with(invoice, provider)

    assert settle_as_worker(invoice, provider)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    with nothing_written():
        assert settle_as_worker(invoice, provider)


def test_crash_after_the_attempt_is_committed_leaves_a_message_that_settles_it() -> None:
    order, invoice = unpaid_order()
    provider = CrashingProvider()

    with pytest.raises(ProcessCrash):
        pay_with(invoice, provider)

    attempt = last_attempt(invoice)
    message = message_by_key(f"settle-{attempt.key}")
    assert message is not None
    assert (attempt.status, message.run_at) == (AttemptStatus.SENDING, AT + timedelta(minutes=1))
    assert settle_as_worker(invoice, provider)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert len(payments_of(invoice.id)) == 1


def test_result_after_the_attempt_is_refused_changes_nothing() -> None:
    _, invoice = unpaid_order()
    pay_with(invoice, NoTransactionProvider(ProviderResult(UNKNOWN), takes_money=False))
    key = last_attempt(invoice).key
    record_result(key, ProviderResult(REFUSED, reason="not_found"), LATER)

    with nothing_written():
        assert record_result(key, ProviderResult(UNKNOWN), LATER)
        assert record_result(key, ProviderResult(AttemptStatus.PENDING), LATER)
        assert record_result(key, ProviderResult(REFUSED), LATER)


@pytest.mark.parametrize("result", [status for status in AttemptStatus if status is not AttemptStatus.SENDING])
def test_result_after_the_attempt_is_captured_changes_nothing(result: AttemptStatus) -> None:
    _, invoice = unpaid_order()
    pay_with(invoice, NoTransactionProvider())

    with nothing_written():
        assert record_result(last_attempt(invoice).key, ProviderResult(result, reference="another"), LATER)
