"""An announcement is kept once and makes the house ask; by itself it moves no money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import InvalidSignature, ProviderResult, ProviderUnavailable, WebhookMessage
from kajoom.models import webhook_event as kept
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments.pay import follow_up, give_up
from kajoom.operations.payments.webhooks import WebhookOutcome, receive_webhook
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.pending_payments import LATER, last_attempt, pay_with, unpaid_order

PENDING, REFUSED, UNKNOWN = AttemptStatus.PENDING, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN
TO_APPROVE = ProviderResult(PENDING, "ref", approve_url="https://paypal.example/approve")


class WebhookVerifier(FakeProvider):
    """A provider whose messages say what the test wants said."""

    def __init__(self, *results: ProviderResult) -> None:
        super().__init__(*results)
        self.says: WebhookMessage | Exception = InvalidSignature("nothing said")

    def verify_webhook(self, _headers: Mapping[str, str], _body: bytes, _at: datetime) -> WebhookMessage:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def heard(provider: WebhookVerifier, at: datetime = AT) -> WebhookOutcome:
    return receive_webhook(provider, {}, b"", at)


def settles() -> list[Message]:
    """The messages that have an attempt asked about because of an announcement."""
    return [each for each in rows(Message) if each.kind == "settle" and "again" in each.ids]


@pytest.mark.parametrize(
    ("error", "hearing"),
    [
        (InvalidSignature("no"), WebhookOutcome.INVALID_SIGNATURE),
        (ProviderUnavailable("no"), WebhookOutcome.UNVERIFIED),
    ],
)
def test_what_is_not_known_to_be_the_providers_writes_nothing(error: Exception, hearing: WebhookOutcome) -> None:
    provider = WebhookVerifier()
    provider.says = error
    with nothing_written():
        assert heard(provider) is hearing


@pytest.mark.parametrize("by", ["key", "name"])
def test_an_announcement_has_its_attempt_asked_about_at_once(by: str) -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    key = last_attempt(invoice).key
    provider.says = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", *((key, "") if by == "key" else ("", "ref")))

    assert heard(provider, LATER) is WebhookOutcome.RECEIVED

    [message] = settles()
    assert (message.ids, message.run_at) == ({"attempt": key, "again": True}, LATER)
    [row] = rows(kept.WebhookEvent)
    assert (row.id, row.provider, row.kind, row.received_at) == ("WH-1", "fake", "CHECKOUT.ORDER.APPROVED", LATER)
    assert last_attempt(invoice).status is PENDING


def test_an_announcement_heard_again_changes_nothing() -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    provider.says = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", last_attempt(invoice).key)
    heard(provider)

    with nothing_written():
        assert heard(provider, LATER) is WebhookOutcome.RECEIVED


def test_an_announcement_heard_twice_at_once_is_kept_once(app: Flask) -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    together = Barrier(2)
    told: list[WebhookOutcome] = []

    class Simultaneous(WebhookVerifier):
        def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
            together.wait(10)
            return super().verify_webhook(headers, body, at)

    simultaneous = Simultaneous()
    simultaneous.says = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", last_attempt(invoice).key)
    db.session.rollback()  # what is read here must not keep the others waiting

    def hear_it() -> None:
        with app.app_context():
            told.append(heard(simultaneous))

    threads = [Thread(target=hear_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == [WebhookOutcome.RECEIVED] * 2
    assert len(rows(kept.WebhookEvent)) == len(settles()) == 1


@pytest.mark.parametrize("key", ["nobody", ""])
def test_an_announcement_about_nothing_of_ours_is_kept(key: str) -> None:
    provider = WebhookVerifier()
    provider.says = WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", key, "unknown")
    assert heard(provider) is WebhookOutcome.RECEIVED
    assert len(rows(kept.WebhookEvent)) == 1
    assert settles() == []


def test_an_announcement_about_money_already_received_asks_nothing() -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier()
    pay_with(invoice, provider)
    provider.says = WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", last_attempt(invoice).key)
    heard(provider)
    assert settles() == []


def test_an_announcement_of_one_provider_is_not_about_anothers_attempt() -> None:
    _, invoice = unpaid_order()
    pay_with(invoice, FakeProvider(TO_APPROVE))

    class Other(WebhookVerifier):
        code = "other"

    provider = Other()
    provider.says = WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", last_attempt(invoice).key)
    heard(provider)
    assert settles() == []


def test_an_announcement_about_what_was_given_up_asks_without_taking() -> None:
    order, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    give_up(invoice.id, {"fake": provider}, AT)
    cancel_order(order.client_id, order.reference, ON, AT)
    key = last_attempt(invoice).key
    provider.says = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", key)

    heard(provider)

    assert len(settles()) == 1
    provider.approved.add(key)
    with nothing_written():
        assert follow_up(key, {"fake": provider}, LATER, again=True) is None
    assert [result.status for _, result in provider.ledger.values()] == [PENDING]


def test_refunds_and_disputes_are_kept_for_staff_and_nothing_else_is() -> None:
    provider = WebhookVerifier()
    kinds = ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.CREATED"]
    for number, kind in enumerate([*kinds, "PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"]):
        provider.says = WebhookMessage(f"WH-{number}", kind)
        heard(provider, AT + timedelta(minutes=number))
    assert [each.kind for each in kept.webhook_events_for_staff()] == kinds[::-1]
