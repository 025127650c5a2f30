"""PayPal's webhooks: only what PayPal signed is stored, and money moves only after looking the payment up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.models.webhook_event import WebhookEvent
from tests.conftest import Browser, set_time
from tests.operations.ledger_checks import nothing_written, rows
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal
from tests.paypal.signing import SignedRequest, event, signer
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import order_status
from tests.web.pages import post, refusal_in
from tests.web.paypal_payer import order_to_approve, start_payment, with_paypal
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

__all__ = ["fake", "paypal", "paypal_client", "with_paypal"]

PATH = "/webhooks/paypal"


def send(client: Browser, message: SignedRequest) -> TestResponse:
    """Post a message as PayPal's servers do: without a cookie, an origin or a CSRF token."""
    return client.post(PATH, data=message.body, headers=message.headers)


# --- what is accepted ---


@pytest.mark.usefixtures("with_paypal")
def test_signed_message_is_stored(client: Browser, fake: FakePayPal) -> None:
    content = event("CUSTOMER.DISPUTE.CREATED", {"dispute_id": "PP-1"}, "WH-9")
    response = send(client, fake.webhook_sender.signed(content, NOON))
    assert (response.status_code, response.text) == (200, "")
    assert [(row.id, row.provider_ref) for row in rows(WebhookEvent)] == [("WH-9", "PP-1")]
    assert "Set-Cookie" not in response.headers


def test_webhook_is_not_found_without_paypal(client: Browser, fake: FakePayPal) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    with nothing_written():
        assert send(client, message).status_code == 404


@pytest.mark.usefixtures("with_paypal")
def test_forged_message_is_refused(client: Browser, fake: FakePayPal) -> None:
    content = event("PAYMENT.CAPTURE.COMPLETED", {"custom_id": "k1"})
    sender = fake.webhook_sender
    fake.certificates["CERT-bad"] = signer(issuer="Another authority").chain
    genuine = sender.signed(content, NOON)
    forgeries = [
        SignedRequest({}, genuine.body),
        SignedRequest(genuine.headers, genuine.body.replace(b"k1", b"k2")),
        sender.signed(content, NOON, cert_url=fake.certificate_url("CERT-bad")),
        sender.signed(content, NOON, cert_url="https://api.paypal.com.example.com/v1/notifications/certs/CERT-good"),
        sender.signed(content, NOON - timedelta(days=4)),
        SignedRequest({**genuine.headers, "Content-Type": "application/x-www-form-urlencoded"}, genuine.body),
    ]
    with nothing_written():
        assert [send(client, forgery).status_code for forgery in forgeries] == [400] * len(forgeries)


@pytest.mark.usefixtures("with_paypal")
def test_message_that_cannot_be_verified_now_is_answered_503_to_be_sent_again(
    app: Flask, client: Browser, fake: FakePayPal
) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    certificates = dict(fake.certificates)
    fake.certificates.clear()
    with nothing_written():
        assert send(client, message).status_code == 503
        fake.certificates.update(certificates)
        assert send(client, message).status_code == 503
    set_time(app, NOON + timedelta(minutes=1))
    assert send(client, message).status_code == 200


@pytest.mark.usefixtures("with_paypal")
@pytest.mark.parametrize("text", ["WH-\0", "WH-\ud800", "x" * 101, "", "é", ["WH-1"], {"id": 1}], ids=repr)
def test_signed_message_with_an_impossible_id_is_refused(client: Browser, fake: FakePayPal, text: Any) -> None:
    """PostgreSQL stores no NUL, and no database a lone surrogate."""
    for content in ({**event("ANY", {}), "id": text}, {**event("ANY", {}), "event_type": text}):
        message = fake.webhook_sender.signed(content, NOON)
        with nothing_written():
            assert send(client, message).status_code == 400


@pytest.mark.usefixtures("with_paypal")
@pytest.mark.parametrize("text", ["k\0", "k\ud800", "x" * 101, "é", ["k"], {"k": 1}], ids=repr)
def test_reference_of_another_application_of_the_seller_is_ignored(
    client: Browser, fake: FakePayPal, text: Any
) -> None:
    content = event("ANY", {"custom_id": text, "id": text})
    assert send(client, fake.webhook_sender.signed(content, NOON)).status_code == 200
    assert [(row.attempt_key, row.provider_ref) for row in rows(WebhookEvent)] == [("", "")]


@pytest.mark.usefixtures("with_paypal")
@pytest.mark.parametrize("body", [b"[" * 60_000, b"\xff", b'{"id": ' + b"9" * 5000 + b"}", b""], ids=len)
def test_unreadable_body_is_refused(client: Browser, fake: FakePayPal, body: bytes) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    with nothing_written():
        assert send(client, SignedRequest(message.headers, body)).status_code == 400


@pytest.mark.usefixtures("with_paypal")
def test_body_over_64_kib_is_refused(client: Browser, fake: FakePayPal, caplog: pytest.LogCaptureFixture) -> None:
    message = fake.webhook_sender.signed(event("ANY", {"summary": "x" * 64 * 1024}), NOON)
    with nothing_written():
        assert send(client, message).status_code == 413
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.usefixtures("with_paypal")
def test_message_posted_by_a_browser_is_refused(client: Browser, fake: FakePayPal) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    headers = {**message.headers, "Origin": "https://example.com", "Sec-Fetch-Site": "cross-site"}
    with nothing_written():
        assert send(client, SignedRequest(headers, message.body)).status_code == 403
        assert client.get(PATH).status_code == 405


def test_message_is_refused_without_a_webhook_id(
    client: Browser, fake: FakePayPal, paypal_client: PayPalClient, with_paypal: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateways = with_paypal.extensions["kajoom"]
    without_verifier = replace(gateways, payments={"paypal": PayPalProvider(paypal_client)})
    monkeypatch.setitem(with_paypal.extensions, "kajoom", without_verifier)
    with nothing_written():
        assert send(client, fake.webhook_sender.signed(event("ANY", {}), NOON)).status_code == 400


# --- what it has looked up ---


def test_announced_approval_is_captured_for_a_client_who_closed_the_tab(
    client: Browser, french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    fake.ledger.approve(order_to_approve(fake))
    [approved] = fake.webhook_sender.events()
    fake.webhook_sender.events()

    for _ in range(2):
        assert send(client, fake.webhook_sender.signed(approved, NOON)).status_code == 200
    assert not fake.ledger.captures
    drain(with_paypal.extensions["kajoom"], NOON)

    assert order_status(order) == "completed"
    assert len(fake.ledger.captures) == len(rows(WebhookEvent)) == 1


def test_messages_in_the_wrong_order_late_or_twice_capture_nothing_more(
    client: Browser, french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    """The capture is announced before the approval, and both again an hour later."""
    order = start_payment(french, address("hosting"))
    fake.ledger.approve(order_to_approve(fake))
    post(french, f"/orders/{order}/payment", verify="1")
    events = sorted(fake.webhook_sender.events(), key=lambda each: str(each["event_type"]), reverse=True)
    assert [each["event_type"] for each in events] == ["PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"]
    drain(with_paypal.extensions["kajoom"], NOON)

    for content in events * 2:
        assert send(client, fake.webhook_sender.signed(content, NOON - timedelta(hours=1))).status_code == 200
    drain(with_paypal.extensions["kajoom"], NOON)

    assert order_status(order) == "completed"
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"41.72"}


def test_announced_capture_that_the_look_up_does_not_confirm_pays_nothing(
    client: Browser, french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    unit = fake.ledger.order(order_to_approve(fake))["purchase_units"][0]
    capture = {"id": "C", "custom_id": unit["custom_id"], "amount": unit["amount"]}

    message = fake.webhook_sender.signed(event("PAYMENT.CAPTURE.COMPLETED", capture), NOON)
    assert send(client, message).status_code == 200
    drain(with_paypal.extensions["kajoom"], NOON)

    assert order_status(order) == "awaiting_payment"


def test_pending_capture_pays_the_order_once_it_is_announced_as_completed(
    client: Browser, french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    fake.ledger.capture_status = "PENDING"
    order = start_payment(french, address("hosting"))
    fake.ledger.approve(order_to_approve(fake))
    page = post(french, f"/orders/{order}/payment", verify="1")
    assert refusal_in(page.text) == "payment_pending"
    fake.webhook_sender.events()

    later = NOON + timedelta(days=2)
    set_time(with_paypal, later)
    [capture] = fake.ledger.captures
    fake.ledger.set_capture_status(capture, "COMPLETED")
    for content in fake.webhook_sender.events():
        assert send(client, fake.webhook_sender.signed(content, later)).status_code == 200
    drain(with_paypal.extensions["kajoom"], later)

    assert order_status(order) == "completed"
