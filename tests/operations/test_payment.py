"""Money is asked for once, with no transaction open, and whatever arrives is found again: never lost, never doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import Refusal, Refused
from kajoom.gateways.null import NullProvider
from kajoom.gateways.ports import Answer, Charge
from kajoom.models.client import lock_client
from kajoom.models.credit import CreditReason, balance_of, movements_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import Attempt, Payment, last_attempt_of, payments_of
from kajoom.operations.deed import deed
from kajoom.operations.order import cancel_order, expire_order
from kajoom.operations.payment import charge_of, pay, receive, record
from tests.operations import cast
from tests.operations.cast import AT
from tests.operations.ledger import nothing_written, rows

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN
LATER = AT + timedelta(minutes=2)


class PoweredOff(BaseException):
    """The machine stops between two lines."""


class Watched(NullProvider):
    """A provider that looks whether the database is being kept waiting for it."""

    def charge(self, charge: Charge) -> Answer:
        assert not db.session().in_transaction()
        return super().charge(charge)

    def look_up(self, charge: Charge) -> Answer:
        assert not db.session().in_transaction()
        return super().look_up(charge)


class Broken(Watched):
    """A provider whose answer never arrives, because the machine stops while it waits."""

    def charge(self, charge: Charge) -> Answer:
        super().charge(charge)
        raise PoweredOff


def ordered() -> tuple[Order, Invoice]:
    order = cast.confirm(cast.service(), "b")
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    return order, invoice


def paid(invoice: Invoice, provider: NullProvider, at: object = None) -> AttemptStatus:
    return pay(invoice.id, {"null": provider}, "null", AT if at is None else LATER)


def last_attempt(invoice: Invoice) -> Attempt:
    attempt = last_attempt_of(invoice.id)
    assert attempt is not None
    return attempt


def settled_by_worker(invoice: Invoice, provider: NullProvider) -> bool:
    charge = charge_of(last_attempt(invoice).key)
    return charge is None or record(charge.key, provider.look_up(charge), LATER)


def test_money_captured_sets_the_change_going_and_leaves_the_service_as_it_is() -> None:
    order, invoice = ordered()

    assert paid(invoice, Watched()) is CAPTURED

    assert (invoice.status, invoice.balance, invoice.paid_cents) == (InvoiceStatus.PAID, Money(0), 4_312)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert (order.service.plan.code, order.service.version) == ("a", 1)
    assert [payment.amount for payment in payments_of(invoice.id)] == [Money(4_312)]
    assert message_by_key(f"provision-{order.reference}") is not None
    assert message_by_key(f"payment_received-{invoice.number}") is not None
    assert [step.event for step in order.history] == [OrderEvent.PLACED, OrderEvent.PAID]


def test_the_provider_is_asked_for_what_credit_left() -> None:
    row = cast.service()
    cast.credit(row.client, 1_000)
    invoice = invoice_of_order(cast.confirm(row, "b").id)
    assert invoice is not None
    provider = Watched()

    paid(invoice, provider)

    assert [(charge.amount, charge.invoice) for charge in provider.asked] == [(Money(3_312), invoice.number)]


def test_a_refusal_leaves_the_order_as_it_was_and_another_try_may_succeed() -> None:
    order, invoice = ordered()
    provider = Watched(Answer(REFUSED, reason="INSTRUMENT_DECLINED"))

    assert paid(invoice, provider) is REFUSED
    assert (order.status, invoice.status, order.service.version) == (
        OrderStatus.AWAITING_PAYMENT,
        InvoiceStatus.OPEN,
        1,
    )
    assert (last_attempt(invoice).reason, last_attempt(invoice).settled_at) == ("INSTRUMENT_DECLINED", AT)

    assert paid(invoice, provider) is CAPTURED
    assert len(payments_of(invoice.id)) == 1


def test_a_lost_answer_is_unknown_never_failed_and_is_asked_for_in_seconds() -> None:
    order, invoice = ordered()

    assert paid(invoice, Watched(Answer(UNKNOWN))) is UNKNOWN

    attempt = last_attempt(invoice)
    message = message_by_key(f"settle-{attempt.key}")
    assert (attempt.status, attempt.settled_at) == (UNKNOWN, None)
    assert message is not None
    assert message.run_at == AT + timedelta(seconds=5)
    assert order.status is OrderStatus.AWAITING_PAYMENT


def test_a_lost_answer_whose_money_was_taken_is_found_before_another_try() -> None:
    order, invoice = ordered()
    provider = Watched(Answer(UNKNOWN), takes_money=True)
    paid(invoice, provider)

    assert paid(invoice, provider, LATER) is CAPTURED

    assert len({charge.key for charge in provider.asked}) == 1
    assert len(payments_of(invoice.id)) == 1
    assert order.status is OrderStatus.AWAITING_PROVISIONING


def test_a_lost_answer_whose_money_was_not_taken_is_tried_anew() -> None:
    _, invoice = ordered()
    provider = Watched(Answer(UNKNOWN), takes_money=False)
    paid(invoice, provider)

    assert paid(invoice, provider, LATER) is CAPTURED

    assert [attempt.status for attempt in rows(Attempt)] == [REFUSED, CAPTURED]
    assert len(provider.ledger) == 1


def test_while_nobody_knows_no_other_method_may_be_tried() -> None:
    _, invoice = ordered()
    lost, other = Watched(Answer(UNKNOWN)), Watched()
    paid(invoice, lost)
    lost.ledger[last_attempt(invoice).key] = (lost.asked[0], Answer(UNKNOWN))

    with pytest.raises(Refused) as refused:
        pay(invoice.id, {"null": lost, "other": other}, "other", LATER)

    assert refused.value.reason is Refusal.PAYMENT_PENDING
    assert other.asked == []


def test_a_try_on_its_way_is_not_mistaken_for_one_that_was_never_seen() -> None:
    _, invoice = ordered()

    class Slow(Watched):
        def charge(self, charge: Charge) -> Answer:
            with pytest.raises(Refused) as refused:  # the client presses again before the provider has heard of it
                paid(invoice, self)
            assert refused.value.reason is Refusal.PAYMENT_PENDING
            return super().charge(charge)

    provider = Slow()

    assert paid(invoice, provider) is CAPTURED
    assert len(provider.ledger) == 1


def test_the_worker_settles_what_was_unknown() -> None:
    order, invoice = ordered()
    provider = Watched(Answer(UNKNOWN))
    paid(invoice, provider)

    assert settled_by_worker(invoice, provider)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    with nothing_written():
        assert settled_by_worker(invoice, provider)


def test_a_crash_after_the_attempts_commit_leaves_a_message_that_settles_it() -> None:
    order, invoice = ordered()
    provider = Broken()

    with pytest.raises(PoweredOff):
        paid(invoice, provider)

    attempt = last_attempt(invoice)
    message = message_by_key(f"settle-{attempt.key}")
    assert message is not None
    assert (attempt.status, message.run_at) == (AttemptStatus.SENDING, AT + timedelta(minutes=1))
    assert settled_by_worker(invoice, provider)
    assert order.status is OrderStatus.AWAITING_PROVISIONING
    assert len(payments_of(invoice.id)) == 1


def test_an_answer_after_the_workers_own_adds_nothing() -> None:
    _, invoice = ordered()
    paid(invoice, Watched(Answer(UNKNOWN), takes_money=False))
    key = last_attempt(invoice).key
    record(key, Answer(REFUSED, reason="not_found"), LATER)

    with nothing_written():
        assert record(key, Answer(UNKNOWN), LATER)
        assert record(key, Answer(AttemptStatus.PENDING), LATER)
        assert record(key, Answer(REFUSED), LATER)


@pytest.mark.parametrize("answer", [status for status in AttemptStatus if status is not AttemptStatus.SENDING])
def test_nothing_said_after_the_money_came_changes_anything(answer: AttemptStatus) -> None:
    _, invoice = ordered()
    paid(invoice, Watched())

    with nothing_written():
        assert record(last_attempt(invoice).key, Answer(answer, reference="another"), LATER)


def test_money_that_comes_after_a_refusal_pays_the_invoice_that_still_waits() -> None:
    order, invoice = ordered()
    paid(invoice, Watched(Answer(REFUSED)))

    assert record(last_attempt(invoice).key, Answer(CAPTURED, reference="late"), LATER)

    assert (order.status, invoice.status) == (OrderStatus.AWAITING_PROVISIONING, InvoiceStatus.PAID)


def test_money_for_a_void_invoice_becomes_credit_and_is_told() -> None:
    order, invoice = ordered()
    paid(invoice, Watched(Answer(REFUSED)))
    cancel_order(order.client_id, order.reference, AT)
    key = last_attempt(invoice).key

    assert record(key, Answer(CAPTURED, reference="late"), LATER)
    with nothing_written():
        assert record(key, Answer(CAPTURED, reference="late"), LATER)

    assert balance_of(order.client_id, "CAD") == Money(4_312)
    assert [entry.reason for entry in movements_of(order.client_id)] == [CreditReason.LATE_PAYMENT]
    assert message_by_key("payment_late-null:late") is not None
    assert (order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)


def test_money_that_comes_twice_from_two_tries_is_credit_the_second_time() -> None:
    order, invoice = ordered()
    provider = Watched(Answer(REFUSED))
    paid(invoice, provider)
    first = last_attempt(invoice).key
    paid(invoice, provider)

    record(first, Answer(CAPTURED, reference="late"), LATER)

    assert balance_of(order.client_id, "CAD") == Money(4_312)
    assert sum(payment.cents for payment in rows(Payment)) == 2 * 4_312


@deed
def received(invoice_id: int, cents: int, reference: str) -> None:
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    receive(invoice, Money(cents), "transfer", reference, "staff", AT)


def test_an_invoice_paid_in_parts_is_paid_with_the_last_and_the_excess_is_credit() -> None:
    order, invoice = ordered()

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


def test_what_was_put_to_an_invoice_comes_back_when_it_is_void() -> None:
    order, invoice = ordered()
    received(invoice.id, 4_000, "first")

    cancel_order(order.client_id, order.reference, AT)

    assert balance_of(order.client_id, "CAD") == Money(4_000)


def test_an_invoice_already_paid_is_not_charged_again() -> None:
    _, invoice = ordered()
    provider = Watched()
    paid(invoice, provider)

    with nothing_written():
        assert paid(invoice, provider) is CAPTURED
    assert len(provider.asked) == 1


def test_a_void_invoice_can_no_longer_be_paid() -> None:
    order, invoice = ordered()
    cancel_order(order.client_id, order.reference, AT)
    provider = Watched()

    with nothing_written(), pytest.raises(Refused) as refused:
        paid(invoice, provider)

    assert refused.value.reason is Refusal.TOO_LATE
    assert provider.asked == []


def test_a_method_that_is_not_offered_writes_nothing() -> None:
    invoice_id = ordered()[1].id

    with nothing_written(), pytest.raises(KeyError):
        pay(invoice_id, {}, "null", AT)


def test_an_order_whose_payment_is_being_verified_is_neither_cancelled_nor_expired() -> None:
    order, invoice = ordered()
    paid(invoice, Watched(Answer(UNKNOWN)))

    with nothing_written(), pytest.raises(Refused) as refused:
        cancel_order(order.client_id, order.reference, AT)
    with nothing_written():
        expire_order(order.id, AT)

    assert refused.value.reason is Refusal.PAYMENT_PENDING


def test_an_attempt_that_nobody_made_is_not_recorded() -> None:
    with nothing_written(), pytest.raises(LookupError):
        record("nobody", Answer(CAPTURED), AT)
    with nothing_written():
        assert charge_of("nobody") is None


def test_a_free_service_that_becomes_paid_is_paid_first() -> None:
    row = cast.service(recurring_cents=0, cycle=BillingCycle.FREE, next_due_date=None)
    invoice = invoice_of_order(cast.confirm(row, "a").id)
    assert invoice is not None

    assert invoice.total == Money(17_246)  # 150.00 + GST 7.50 + QST 14.96
    paid(invoice, Watched())
    assert (row.cycle, row.next_due_date) == (BillingCycle.FREE, None)
