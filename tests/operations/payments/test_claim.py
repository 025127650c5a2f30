"""What may be captured is what the invoice still owes when the capture is claimed, whatever happened meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.credit import CreditEntry, balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, payments_of
from kajoom.models.saved_method import SavedMethod
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.close import cancel_order, expire_order
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.payments.pay import follow_up, pay, verify
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.pending_payments import LATER, NoTransactionProvider, last_attempt, pay_with, unpaid_order

CAPTURED, PENDING, REFUSED = AttemptStatus.CAPTURED, AttemptStatus.PENDING, AttemptStatus.REFUSED
TO_APPROVE = ProviderResult(PENDING, "ref", approve_url="https://paypal.example/approve")
Capture = Callable[[Invoice, NoTransactionProvider], object]


def receive(number: str, amount: str, reference: str = "CA123") -> None:
    """Record an Interac e-Transfer as staff do."""
    record_offline_payment(number, OfflinePayment(amount, ON, AT, reference, "interac"), ON, "staff:lea", LATER)


def payment_to_approve() -> tuple[Invoice, NoTransactionProvider]:
    """An invoice of 43.12 whose payment waits for approval, and its provider."""
    invoice, provider = unpaid_order()[1], NoTransactionProvider(TO_APPROVE)
    pay_with(invoice, provider)
    return invoice, provider


def approve(invoice: Invoice, provider: NoTransactionProvider) -> None:
    """The client approves the last attempt in the tab that was left open."""
    provider.approved.add(last_attempt(invoice).key)
    db.session.rollback()


def captured(provider: NoTransactionProvider) -> list[Money]:
    """The amounts that the provider captured."""
    return [charge.amount for charge, result in provider.ledger.values() if result.status is CAPTURED]


# Each way in which an approved payment is captured.
def returns(invoice: Invoice, provider: NoTransactionProvider) -> object:
    return verify(invoice.id, {"fake": provider}, LATER)


def is_looked_up(invoice: Invoice, provider: NoTransactionProvider) -> object:
    return follow_up(last_attempt(invoice).key, {"fake": provider}, LATER)


def is_announced(invoice: Invoice, provider: NoTransactionProvider) -> object:
    return follow_up(last_attempt(invoice).key, {"fake": provider}, LATER, again=True)


def presses_pay(invoice: Invoice, provider: NoTransactionProvider) -> object:
    return pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), LATER)


_CAPTURES = pytest.mark.parametrize("capture", [returns, is_looked_up, is_announced, presses_pay])


@_CAPTURES
def test_approval_of_an_invoice_that_was_paid_otherwise_captures_nothing(capture: Capture) -> None:
    invoice, provider = payment_to_approve()
    receive(invoice.number, "43.12")
    approve(invoice, provider)

    capture(invoice, provider)

    assert captured(provider) == []
    assert (last_attempt(invoice).status, invoice.status) == (REFUSED, InvoiceStatus.PAID)
    assert [payment.amount for payment in payments_of(invoice.id)] == [Money(43_12)]
    assert balance_of(invoice.client_id, "CAD") == Money(0)


@pytest.mark.parametrize("capture", [returns, is_looked_up, is_announced])
def test_approval_of_an_invoice_that_was_paid_in_part_captures_nothing(capture: Capture) -> None:
    invoice, provider = payment_to_approve()
    receive(invoice.number, "20.00")
    approve(invoice, provider)

    capture(invoice, provider)

    assert captured(provider) == []
    assert (last_attempt(invoice).status, last_attempt(invoice).reason) == (REFUSED, "invoice_changed")
    assert (invoice.status, invoice.balance) == (InvoiceStatus.OPEN, Money(23_12))


@pytest.mark.parametrize("is_approved", [False, True])
def test_next_payment_of_an_invoice_that_was_paid_in_part_asks_for_the_balance(is_approved: bool) -> None:
    invoice, provider = payment_to_approve()
    receive(invoice.number, "20.00")
    if is_approved:
        approve(invoice, provider)
    provider.results.append(TO_APPROVE)

    result = pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), LATER)

    assert result.approve_url
    assert [(each.status, each.amount) for each in rows(Attempt)] == [(REFUSED, Money(43_12)), (PENDING, Money(23_12))]
    approve(invoice, provider)
    verify(invoice.id, {"fake": provider}, LATER)
    assert captured(provider) == [Money(23_12)]
    assert (invoice.status, invoice.order and invoice.order.status) == (
        InvoiceStatus.PAID,
        OrderStatus.AWAITING_PROVISIONING,
    )


def test_next_payment_after_an_approval_was_set_aside_asks_for_the_balance() -> None:
    invoice, provider = payment_to_approve()
    receive(invoice.number, "20.00")
    approve(invoice, provider)
    verify(invoice.id, {"fake": provider}, LATER)

    assert pay_with(invoice, provider, LATER) is CAPTURED
    assert captured(provider) == [Money(23_12)]


def test_payment_of_an_invoice_that_is_paid_meanwhile_is_not_asked_again() -> None:
    invoice, provider = payment_to_approve()
    receive(invoice.number, "43.12")
    assert pay_with(invoice, provider, LATER) is CAPTURED
    assert captured(provider) == []
    assert len(rows(Attempt)) == 1


@_CAPTURES
def test_approval_of_a_void_invoice_captures_nothing(capture: Capture) -> None:
    """A client ends the service while the renewal waits for approval at the provider: the renewal is void."""
    service = factories.service()
    renewal = issue_renewal(service.id, ON, AT)
    assert renewal is not None
    provider = NoTransactionProvider(TO_APPROVE)
    pay_with(renewal, provider)
    request_cancellation(
        service.client_id, service.id, CancellationWhen.NOW, reason="", key="k", locale="fr", on=ON, at=AT
    )
    assert (renewal.status, renewal.period_start) == (InvoiceStatus.VOID, DUE)
    approve(renewal, provider)

    if capture is presses_pay:
        with pytest.raises(BusinessError) as error:
            capture(renewal, provider)
        assert error.value.code is Refusal.TOO_LATE
    else:
        capture(renewal, provider)

    assert captured(provider) == []
    assert last_attempt(renewal).status is REFUSED
    assert balance_of(renewal.client_id, "CAD") == Money(0)


def expires(invoice: Invoice) -> None:
    assert invoice.order is not None
    expire_order(invoice.order.id, ON + timedelta(days=8), LATER)


def is_cancelled(invoice: Invoice) -> None:
    assert invoice.order is not None
    cancel_order(invoice.client_id, invoice.order.reference, ON, LATER)


def is_ended_by_staff(invoice: Invoice) -> None:
    end_service_as_staff(invoice.service.external_id, "moved", "staff:lea", ON, LATER)


@pytest.mark.slow
@pytest.mark.parametrize("end", [expires, is_cancelled, is_ended_by_staff])
@pytest.mark.parametrize("capture", [returns, is_looked_up, is_announced])
def test_approval_left_open_neither_keeps_an_order_nor_captures_for_a_closed_one(
    end: Callable[[Invoice], None], capture: Capture
) -> None:
    invoice, provider = payment_to_approve()
    end(invoice)
    assert (invoice.order and invoice.order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)
    approve(invoice, provider)

    capture(invoice, provider)

    assert captured(provider) == []
    assert last_attempt(invoice).status is REFUSED
    assert balance_of(invoice.client_id, "CAD") == Money(0)


@pytest.mark.parametrize("end", [expires, is_cancelled])
def test_order_whose_capture_is_not_answered_is_not_closed(end: Callable[[Invoice], None]) -> None:
    _, invoice = unpaid_order()
    provider = NoTransactionProvider(TO_APPROVE, ProviderResult(AttemptStatus.UNKNOWN))
    pay_with(invoice, provider)
    approve(invoice, provider)
    verify(invoice.id, {"fake": provider}, LATER)
    with nothing_written(), suppress(BusinessError):
        end(invoice)
    assert invoice.status is InvoiceStatus.OPEN


def test_capture_is_claimed_and_refused_in_one_commit_each() -> None:
    """A second look at an attempt that was set aside does nothing."""
    invoice, provider = payment_to_approve()
    receive(invoice.number, "20.00")
    approve(invoice, provider)
    is_looked_up(invoice, provider)
    with nothing_written():
        for again in (returns, is_looked_up, is_announced):
            again(invoice, provider)
    assert captured(provider) == []


def test_saved_account_is_not_charged_for_an_invoice_paid_while_its_order_was_made() -> None:
    """Between the creation of the order at the provider and the claim of its capture staff record the money."""
    _, invoice = unpaid_order()
    number = invoice.number

    class Interrupted(NoTransactionProvider):
        def charge(self, charge: ChargeRequest) -> ProviderResult:
            receive(number, "43.12")
            return super().charge(charge)

    provider = Interrupted()
    provider.saved.add("account-1")
    account = SavedMethod(
        client_id=invoice.client_id, provider="fake", token="account-1", label="an account", saved_at=AT
    )
    db.session.add(account)
    db.session.commit()

    result = pay(invoice.id, {"fake": provider}, PaymentChoice("fake", saved=account.id), AT)

    assert (result.status, result.reason) == (REFUSED, "invoice_changed")
    assert captured(provider) == []
    assert (last_attempt(invoice).status, last_attempt(invoice).reason) == (REFUSED, "invoice_changed")
    assert balance_of(invoice.client_id, "CAD") == Money(0)


def test_money_recorded_while_a_capture_is_in_flight_makes_its_excess_account_credit() -> None:
    _, invoice = unpaid_order()
    number = invoice.number

    class Interrupted(NoTransactionProvider):
        def capture(self, charge: ChargeRequest) -> ProviderResult:
            receive(number, "20.00")
            return super().capture(charge)

    provider = Interrupted(TO_APPROVE)
    pay_with(invoice, provider)
    approve(invoice, provider)

    verify(invoice.id, {"fake": provider}, LATER)

    assert captured(provider) == [Money(43_12)]
    assert invoice.status is InvoiceStatus.PAID
    assert [(entry.reason, entry.cents) for entry in rows(CreditEntry)] == [(CreditReason.OVERPAID, 20_00)]


def test_capture_in_flight_is_not_set_aside_before_a_minute() -> None:
    """Its answer was lost and the provider may still carry it out, though a look-up says that it has not yet."""
    _, invoice = unpaid_order()
    provider = NoTransactionProvider(TO_APPROVE, ProviderResult(AttemptStatus.UNKNOWN), takes_money=False)
    pay_with(invoice, provider)
    approve(invoice, provider)
    verify(invoice.id, {"fake": provider}, LATER)
    receive(invoice.number, "20.00")

    with nothing_written(), pytest.raises(BusinessError) as error:
        verify(invoice.id, {"fake": provider}, LATER + timedelta(seconds=59))
    assert error.value.code is Refusal.PAYMENT_PENDING
    verify(invoice.id, {"fake": provider}, LATER + timedelta(minutes=1))

    assert captured(provider) == []
    assert last_attempt(invoice).reason == "invoice_changed"


@transactional
def correct_total(invoice: Invoice, cents: int) -> None:
    """Lower what an invoice owes by credit, as if it had been applied while the approval was open."""
    row = db.session.get_one(Invoice, invoice.id)
    row.credit_cents = cents


def test_approval_of_an_invoice_to_which_credit_was_applied_captures_nothing() -> None:
    invoice, provider = payment_to_approve()
    correct_total(invoice, 10_00)
    approve(invoice, provider)
    returns(invoice, provider)
    assert captured(provider) == []
    assert last_attempt(invoice).reason == "invoice_changed"
