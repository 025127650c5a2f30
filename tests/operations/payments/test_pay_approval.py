"""Payments that the client approves at the provider: resumed, abandoned, or captured once by whoever looks first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, PaymentProvider, ProviderResult
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import Attempt, payments_of
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments.attempts import record_result
from kajoom.operations.payments.pay import follow_up, give_up, pay, verify
from tests.factories import AT, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.pending_payments import (
    LATER,
    NoTransactionProvider,
    ProcessCrash,
    first_charge,
    last_attempt,
    pay_with,
    settle_as_worker,
    unpaid_order,
)

CAPTURED, PENDING, REFUSED, UNKNOWN = (
    AttemptStatus.CAPTURED,
    AttemptStatus.PENDING,
    AttemptStatus.REFUSED,
    AttemptStatus.UNKNOWN,
)
URL = "https://paypal.example/approve"
TO_APPROVE = ProviderResult(PENDING, "ref", approve_url=URL)
BACK = "https://clients.example.com/orders/CH/payment/return"


def payment_to_approve() -> tuple[Invoice, NoTransactionProvider]:
    """An invoice whose payment waits for approval, and its provider."""
    _, invoice = unpaid_order()
    provider = NoTransactionProvider(TO_APPROVE)
    assert pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), AT, BACK).approve_url == URL
    return invoice, provider


def test_payment_to_approve_is_pending_with_its_approval_and_return_addresses() -> None:
    invoice, provider = payment_to_approve()
    attempt = last_attempt(invoice)
    assert first_charge(provider).return_url == attempt.return_url == BACK
    assert (attempt.status, attempt.approve_url, attempt.provider_ref) == (PENDING, URL, "ref")
    assert invoice.status is InvoiceStatus.OPEN


def test_worker_looks_a_payment_to_approve_up_after_a_minute() -> None:
    invoice, _ = payment_to_approve()
    message = message_by_key(f"settle-{last_attempt(invoice).key}")
    assert message is not None
    assert message.run_at == AT + timedelta(minutes=1)


def test_second_payment_returns_the_same_approval_address() -> None:
    invoice, provider = payment_to_approve()
    with nothing_written():
        assert pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), LATER).approve_url == URL
    assert len(provider.ledger) == 1


def test_approved_payment_is_captured_when_the_client_returns() -> None:
    invoice, provider = payment_to_approve()
    provider.approved.add(last_attempt(invoice).key)

    result = verify(invoice.id, {"fake": provider}, LATER)

    assert result is not None
    assert result.status is CAPTURED
    assert (invoice.status, last_attempt(invoice).approve_url) == (InvoiceStatus.PAID, "")
    assert len(payments_of(invoice.id)) == 1
    with nothing_written():
        assert verify(invoice.id, {"fake": provider}, LATER) is None


def test_approved_payment_is_captured_by_the_worker_if_the_client_does_not_return() -> None:
    invoice, provider = payment_to_approve()
    assert not settle_as_worker(invoice, provider)
    provider.approved.add(last_attempt(invoice).key)
    assert settle_as_worker(invoice, provider)
    assert invoice.status is InvoiceStatus.PAID


def test_return_without_approval_writes_nothing() -> None:
    invoice, provider = payment_to_approve()
    with nothing_written():
        assert verify(invoice.id, {"fake": provider}, LATER) == TO_APPROVE


def test_payment_by_another_method_abandons_the_first_which_is_never_captured() -> None:
    invoice, provider = payment_to_approve()
    first, other = last_attempt(invoice).key, NoTransactionProvider()
    both = {"fake": provider, "other": other}

    assert pay(invoice.id, both, PaymentChoice("other"), LATER).status is CAPTURED

    assert [(each.status, each.reason) for each in rows(Attempt)] == [(REFUSED, "given_up"), (CAPTURED, "")]
    provider.approved.add(first)  # in the tab that was left open
    assert settle_as_worker(invoice, provider)
    assert [key for key, (_, result) in provider.ledger.items() if result.status is CAPTURED] == []


def test_payment_by_another_method_charges_nothing_when_the_first_had_succeeded() -> None:
    invoice, provider = payment_to_approve()
    provider.approved.add(last_attempt(invoice).key)
    db.session.rollback()
    provider.capture(first_charge(provider))  # by another process, whose answer was lost
    other = NoTransactionProvider()

    assert pay(invoice.id, {"fake": provider, "other": other}, PaymentChoice("other"), LATER).status is CAPTURED
    assert other.requests == []
    assert len(payments_of(invoice.id)) == 1


def test_cancelled_order_has_its_payment_abandoned_first() -> None:
    order, invoice = unpaid_order()
    provider = NoTransactionProvider(TO_APPROVE)
    pay_with(invoice, provider)

    give_up(invoice.id, {"fake": provider}, LATER)
    cancel_order(order.client_id, order.reference, ON, LATER)

    assert (order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)
    assert (last_attempt(invoice).status, last_attempt(invoice).reason) == (REFUSED, "given_up")
    with nothing_written():
        give_up(invoice.id, {"fake": provider}, LATER)


class InterruptedCapture(NoTransactionProvider):
    """A provider during whose capture the client does something else."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(TO_APPROVE)
        self.meanwhile = meanwhile

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        with nothing_written(), pytest.raises(BusinessError) as error:
            self.meanwhile()
        assert error.value.code is Refusal.PAYMENT_PENDING
        return super().capture(charge)


@pytest.mark.parametrize("action", ["cancelling", "another method", "the worker", "the client's other tab"])
def test_payment_in_flight_is_neither_abandoned_nor_captured_twice(action: str) -> None:
    """The worker captures an approved payment while the client does something else in another tab."""
    _, invoice = unpaid_order()
    number, other = invoice.id, NoTransactionProvider()
    actions: dict[str, Callable[[], object]] = {
        "cancelling": lambda: give_up(number, both, LATER),
        "another method": lambda: pay(number, both, PaymentChoice("other"), LATER),
        "the worker": lambda: follow_up(key, both, LATER),
        "the client's other tab": lambda: verify(number, both, LATER),
    }
    provider = InterruptedCapture(actions[action])
    both = {"fake": provider, "other": other}
    pay_with(invoice, provider)
    key = last_attempt(invoice).key
    provider.approved.add(key)

    assert follow_up(key, both, LATER) is None

    assert other.requests == []
    assert [(each.status, each.amount) for each in rows(Attempt)] == [(CAPTURED, invoice.total)]
    assert len(payments_of(invoice.id)) == 1


class OvertakenLookUp(NoTransactionProvider):
    """A provider during whose look-up another process finishes the charge."""

    def __init__(self) -> None:
        super().__init__(TO_APPROVE)
        self.meanwhile: Callable[[], object] | None = None

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        result = super().look_up(charge)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return result


def test_capture_without_an_answer_is_looked_up_at_once_and_not_abandoned_for_a_minute() -> None:
    """The provider may still carry the capture out, though a look-up says that it has not yet."""
    _, invoice = unpaid_order()
    number = invoice.id
    provider = NoTransactionProvider(
        TO_APPROVE, ProviderResult(UNKNOWN), ProviderResult(PENDING, "ref"), takes_money=False
    )
    pay_with(invoice, provider)
    provider.approved.add(last_attempt(invoice).key)

    for expected in (UNKNOWN, PENDING):
        result = verify(number, {"fake": provider}, LATER)
        assert result is not None
        assert result.status is expected
        with nothing_written(), pytest.raises(BusinessError):
            give_up(number, {"fake": provider}, LATER + timedelta(seconds=59))
    give_up(number, {"fake": provider}, LATER + timedelta(minutes=1))
    assert last_attempt(invoice).reason == "given_up"


def test_payment_abandoned_during_a_look_up_is_not_captured() -> None:
    """The client cancels between the worker's look-up and its capture."""
    _, invoice = unpaid_order()
    provider = OvertakenLookUp()
    pay_with(invoice, provider)
    key, number = last_attempt(invoice).key, invoice.id
    provider.approved.add(key)
    provider.meanwhile = lambda: give_up(number, {"fake": provider}, LATER)

    with pytest.raises(BusinessError):
        follow_up(key, {"fake": provider}, LATER)

    assert (last_attempt(invoice).status, last_attempt(invoice).reason) == (REFUSED, "given_up")
    assert [result.status for _, result in provider.ledger.values()] == [PENDING]


def test_late_look_up_does_not_overwrite_a_capture_in_flight() -> None:
    """One process looked up before the client approved, and records after another has claimed the capture and died."""
    _, invoice = unpaid_order()
    provider = OvertakenLookUp()
    pay_with(invoice, provider)
    key, number = last_attempt(invoice).key, invoice.id

    class Dying(NoTransactionProvider):
        def look_up(self, charge: ChargeRequest) -> ProviderResult:
            return ProviderResult(PENDING, "ref", approval="approved")

        def capture(self, charge: ChargeRequest) -> ProviderResult:
            raise ProcessCrash

    def die() -> None:
        with pytest.raises(ProcessCrash):
            follow_up(key, {"fake": Dying()}, LATER)

    provider.meanwhile = die
    follow_up(key, {"fake": provider}, LATER)

    assert (last_attempt(invoice).status, last_attempt(invoice).approve_url) == (AttemptStatus.SENDING, "")
    with pytest.raises(BusinessError):
        give_up(number, {"fake": provider}, LATER + timedelta(seconds=59))
    message = message_by_key(f"settle-{key}")
    assert message is not None
    assert message.run_at <= LATER + timedelta(minutes=1)
    give_up(number, {"fake": provider}, LATER + timedelta(minutes=1))
    assert last_attempt(invoice).reason == "given_up"


def test_payment_whose_outcome_is_unknown_cannot_be_abandoned() -> None:
    _, invoice = unpaid_order()
    provider = NoTransactionProvider(ProviderResult(UNKNOWN))
    pay_with(invoice, provider)
    provider.ledger[last_attempt(invoice).key] = (first_charge(provider), ProviderResult(UNKNOWN))

    with pytest.raises(BusinessError) as error:
        give_up(invoice.id, {"fake": provider}, LATER)

    assert error.value.code is Refusal.PAYMENT_PENDING
    assert last_attempt(invoice).status is UNKNOWN


def test_money_captured_while_the_attempt_was_abandoned_is_recorded() -> None:
    """Another process had captured between the look-up and the abandonment."""
    invoice, provider = payment_to_approve()
    give_up(invoice.id, {"fake": provider}, LATER)
    assert record_result(last_attempt(invoice).key, ProviderResult(CAPTURED, "ref", "taken"), LATER)
    assert invoice.status is InvoiceStatus.PAID


def pay_by_the_other(invoice_id: int, providers: dict[str, PaymentProvider], at: datetime) -> ProviderResult:
    return pay(invoice_id, providers, PaymentChoice("other"), at)


@pytest.mark.parametrize("action", [pay_by_the_other, verify, give_up])
def test_payment_of_a_provider_that_is_not_configured_any_more_stays_pending(
    action: Callable[..., ProviderResult | None],
) -> None:
    invoice, _ = payment_to_approve()
    other = NoTransactionProvider()
    with nothing_written(), pytest.raises(BusinessError) as error:
        action(invoice.id, {"other": other}, LATER)
    assert error.value.code is Refusal.PAYMENT_PENDING
    assert other.requests == []
