"""Receiving webhooks: each message is stored once and has its payment looked up; by itself it moves no money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.ports import InvalidSignature, ProviderResult, ProviderUnavailable, WebhookMessage
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.webhook_event import WebhookEvent, webhook_events_for_staff
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
    """A provider whose webhook messages are set by the test."""

    def __init__(self, *results: ProviderResult) -> None:
        super().__init__(*results)
        self.message: WebhookMessage | Exception = InvalidSignature("no message")

    def verify_webhook(self, _headers: Mapping[str, str], _body: bytes, _at: datetime) -> WebhookMessage:
        if isinstance(self.message, Exception):
            raise self.message
        return self.message


def receive(provider: WebhookVerifier, at: datetime = AT) -> WebhookOutcome:
    return receive_webhook(provider, {}, b"", at)


def look_up_messages() -> list[Message]:
    """The outbox messages that look an attempt up because of a webhook."""
    return [each for each in rows(Message) if each.kind == "settle" and "again" in each.ids]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InvalidSignature("no"), WebhookOutcome.INVALID_SIGNATURE),
        (ProviderUnavailable("no"), WebhookOutcome.UNVERIFIED),
    ],
)
def test_unverified_message_writes_nothing(error: Exception, outcome: WebhookOutcome) -> None:
    provider = WebhookVerifier()
    provider.message = error
    with nothing_written():
        assert receive(provider) is outcome


@pytest.mark.parametrize("by", ["key", "name"])
def test_message_has_its_attempt_looked_up_at_once(by: str) -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    key = last_attempt(invoice).key
    provider.message = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", *((key, "") if by == "key" else ("", "ref")))

    assert receive(provider, LATER) is WebhookOutcome.RECEIVED

    [message] = look_up_messages()
    assert (message.ids, message.run_at) == ({"attempt": key, "again": True}, LATER)
    [row] = rows(WebhookEvent)
    assert (row.id, row.provider, row.kind, row.received_at) == ("WH-1", "fake", "CHECKOUT.ORDER.APPROVED", LATER)
    assert last_attempt(invoice).status is PENDING


def test_message_received_again_changes_nothing() -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    provider.message = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", last_attempt(invoice).key)
    receive(provider)

    with nothing_written():
        assert receive(provider, LATER) is WebhookOutcome.RECEIVED


def test_message_received_twice_at_once_is_stored_once(app: Flask) -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    together = Barrier(2)
    outcomes: list[WebhookOutcome] = []

    class Simultaneous(WebhookVerifier):
        def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
            together.wait(10)
            return super().verify_webhook(headers, body, at)

    simultaneous = Simultaneous()
    simultaneous.message = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", last_attempt(invoice).key)
    db.session.rollback()  # what is read here must not keep the others waiting

    def hear_it() -> None:
        with app.app_context():
            outcomes.append(receive(simultaneous))

    threads = [Thread(target=hear_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == [WebhookOutcome.RECEIVED] * 2
    assert len(rows(WebhookEvent)) == len(look_up_messages()) == 1


@pytest.mark.parametrize("key", ["nobody", ""])
def test_message_about_an_unknown_payment_is_stored(key: str) -> None:
    provider = WebhookVerifier()
    provider.message = WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", key, "unknown")
    assert receive(provider) is WebhookOutcome.RECEIVED
    assert len(rows(WebhookEvent)) == 1
    assert look_up_messages() == []


def test_message_about_a_captured_payment_looks_nothing_up() -> None:
    _, invoice = unpaid_order()
    provider = WebhookVerifier()
    pay_with(invoice, provider)
    provider.message = WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", last_attempt(invoice).key)
    receive(provider)
    assert look_up_messages() == []


def test_message_is_matched_to_attempts_of_its_own_provider_only() -> None:
    _, invoice = unpaid_order()
    pay_with(invoice, FakeProvider(TO_APPROVE))

    class Other(WebhookVerifier):
        code = "other"

    provider = Other()
    provider.message = WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", last_attempt(invoice).key)
    receive(provider)
    assert look_up_messages() == []


def test_message_about_an_abandoned_attempt_is_looked_up_without_capturing() -> None:
    order, invoice = unpaid_order()
    provider = WebhookVerifier(TO_APPROVE)
    pay_with(invoice, provider)
    give_up(invoice.id, {"fake": provider}, AT)
    cancel_order(order.client_id, order.reference, ON, AT)
    key = last_attempt(invoice).key
    provider.message = WebhookMessage("WH-1", "CHECKOUT.ORDER.APPROVED", key)

    receive(provider)

    assert len(look_up_messages()) == 1
    provider.approved.add(key)
    with nothing_written():
        assert follow_up(key, {"fake": provider}, LATER, again=True) is None
    assert [result.status for _, result in provider.ledger.values()] == [PENDING]


def test_refunds_and_disputes_are_listed_for_staff() -> None:
    provider = WebhookVerifier()
    kinds = ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.CREATED"]
    for number, kind in enumerate([*kinds, "PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"]):
        provider.message = WebhookMessage(f"WH-{number}", kind)
        receive(provider, AT + timedelta(minutes=number))
    assert [each.kind for each in webhook_events_for_staff()] == kinds[::-1]
