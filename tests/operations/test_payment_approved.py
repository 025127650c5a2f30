"""A payment that is approved elsewhere: offered again, given up for good, or finished by whoever asks first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import Refusal, Refused
from kajoom.gateways.ports import Answer, PaymentProvider
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import Attempt, payments_of
from kajoom.operations.order import cancel_order
from kajoom.operations.payment import give_up, pay, record, verify
from tests.operations.cast import AT, ON
from tests.operations.ledger import nothing_written, rows
from tests.operations.till import LATER, Watched, last_attempt, ordered, paid, settled_by_worker

CAPTURED, PENDING, REFUSED, UNKNOWN = (
    AttemptStatus.CAPTURED,
    AttemptStatus.PENDING,
    AttemptStatus.REFUSED,
    AttemptStatus.UNKNOWN,
)
URL = "https://paypal.example/approve"
TO_APPROVE = Answer(PENDING, "ref", approve_url=URL)
BACK = "https://clients.example.com/orders/CH/payment/return"


def led_away() -> tuple[Invoice, Watched]:
    """An invoice whose client was led to approve its payment."""
    _, invoice = ordered()
    provider = Watched(TO_APPROVE)
    assert pay(invoice.id, {"null": provider}, "null", AT, BACK).approve_url == URL
    return invoice, provider


def test_a_client_is_led_away_and_told_where_to_come_back() -> None:
    invoice, provider = led_away()
    attempt = last_attempt(invoice)
    assert provider.asked[0].return_url == attempt.return_url == BACK
    assert (attempt.status, attempt.approve_url, attempt.provider_ref) == (PENDING, URL, "ref")
    assert invoice.status is InvoiceStatus.OPEN


def test_the_worker_asks_after_a_minute_and_not_while_the_client_reads() -> None:
    invoice, _ = led_away()
    message = message_by_key(f"settle-{last_attempt(invoice).key}")
    assert message is not None
    assert message.run_at == AT + timedelta(minutes=1)


def test_what_waits_for_approval_is_offered_again() -> None:
    invoice, provider = led_away()
    with nothing_written():
        assert pay(invoice.id, {"null": provider}, "null", LATER).approve_url == URL
    assert len(provider.ledger) == 1


def test_what_was_approved_is_finished_by_the_client_who_returns() -> None:
    invoice, provider = led_away()
    provider.approved.add(last_attempt(invoice).key)

    answer = verify(invoice.id, {"null": provider}, LATER)

    assert answer is not None
    assert answer.status is CAPTURED
    assert (invoice.status, last_attempt(invoice).approve_url) == (InvoiceStatus.PAID, "")
    assert len(payments_of(invoice.id)) == 1
    with nothing_written():
        assert verify(invoice.id, {"null": provider}, LATER) is None


def test_what_was_approved_is_finished_by_the_worker_for_who_closed_the_tab() -> None:
    invoice, provider = led_away()
    assert not settled_by_worker(invoice, provider)
    provider.approved.add(last_attempt(invoice).key)
    assert settled_by_worker(invoice, provider)
    assert invoice.status is InvoiceStatus.PAID


def test_a_client_who_returns_without_approving_is_led_nowhere_and_nothing_is_written() -> None:
    invoice, provider = led_away()
    with nothing_written():
        assert verify(invoice.id, {"null": provider}, LATER) == TO_APPROVE


def test_another_method_gives_up_the_first_which_is_never_captured() -> None:
    invoice, provider = led_away()
    first, other = last_attempt(invoice).key, Watched()
    both = {"null": provider, "other": other}

    assert pay(invoice.id, both, "other", LATER).status is CAPTURED

    assert [(each.status, each.reason) for each in rows(Attempt)] == [(REFUSED, "given_up"), (CAPTURED, "")]
    provider.approved.add(first)  # in the tab that was left open
    assert settled_by_worker(invoice, provider)
    assert [key for key, (_, answer) in provider.ledger.items() if answer.status is CAPTURED] == []


def test_another_method_takes_nothing_when_the_first_had_succeeded() -> None:
    invoice, provider = led_away()
    provider.approved.add(last_attempt(invoice).key)
    db.session.rollback()
    provider.look_up(provider.asked[0])  # captured, and the answer lost
    other = Watched()

    assert pay(invoice.id, {"null": provider, "other": other}, "other", LATER).status is CAPTURED
    assert other.asked == []
    assert len(payments_of(invoice.id)) == 1


def test_a_cancelled_change_gives_its_payment_up_first() -> None:
    order, invoice = ordered()
    provider = Watched(TO_APPROVE)
    paid(invoice, provider)

    give_up(invoice.id, {"null": provider}, LATER)
    cancel_order(order.client_id, order.reference, ON, LATER)

    assert (order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)
    assert (last_attempt(invoice).status, last_attempt(invoice).reason) == (REFUSED, "given_up")
    with nothing_written():
        give_up(invoice.id, {"null": provider}, LATER)


def test_a_payment_that_nobody_knows_of_cannot_be_given_up() -> None:
    _, invoice = ordered()
    provider = Watched(Answer(UNKNOWN))
    paid(invoice, provider)
    provider.ledger[last_attempt(invoice).key] = (provider.asked[0], Answer(UNKNOWN))

    with pytest.raises(Refused) as refused:
        give_up(invoice.id, {"null": provider}, LATER)

    assert refused.value.reason is Refusal.PAYMENT_PENDING
    assert last_attempt(invoice).status is UNKNOWN


def test_money_taken_while_it_was_given_up_is_not_lost() -> None:
    """Another process had captured between the question and the giving up."""
    invoice, provider = led_away()
    give_up(invoice.id, {"null": provider}, LATER)
    assert record(last_attempt(invoice).key, Answer(CAPTURED, "ref", "taken"), LATER)
    assert invoice.status is InvoiceStatus.PAID


def pay_by_the_other(invoice_id: int, providers: dict[str, PaymentProvider], at: datetime) -> Answer:
    return pay(invoice_id, providers, "other", at)


@pytest.mark.parametrize("deed", [pay_by_the_other, verify, give_up])
def test_a_provider_no_longer_configured_leaves_its_payment_to_be_verified(deed: Callable[..., Answer | None]) -> None:
    invoice, _ = led_away()
    other = Watched()
    with nothing_written(), pytest.raises(Refused) as refused:
        deed(invoice.id, {"other": other}, LATER)
    assert refused.value.reason is Refusal.PAYMENT_PENDING
    assert other.asked == []
