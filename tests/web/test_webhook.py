"""What PayPal tells us is answered at once; only what it signed is kept, and only asking again moves money."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.models.webhook_event import WebhookEvent
from tests.conftest import Browser
from tests.operations.ledger_checks import nothing_written, rows
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal
from tests.paypal.signing import SignedRequest, event, signer
from tests.web.conftest import NOON, Address
from tests.web.paypal_payer import awaited, begun, offered, posted, status_of
from tests.worker_runs import drain

__all__ = ["fake", "offered", "paypal", "paypal_client"]

PATH = "/webhooks/paypal"


def sent(client: Browser, message: SignedRequest, path: str = PATH) -> TestResponse:
    """What PayPal's servers post: no cookie, no origin, no token."""
    return client.post(path, data=message.body, headers=message.headers)


def test_without_paypal_nobody_listens(client: Browser, fake: FakePayPal) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    with nothing_written():
        assert sent(client, message).status_code == 404


@pytest.mark.usefixtures("offered")
def test_a_message_signed_by_paypal_is_kept_and_answered_with_nothing(client: Browser, fake: FakePayPal) -> None:
    result = sent(
        client, fake.webhook_sender.signed(event("CUSTOMER.DISPUTE.CREATED", {"dispute_id": "PP-1"}, "WH-9"), NOON)
    )
    assert (result.status_code, result.text) == (200, "")
    assert [(row.id, row.provider_ref) for row in rows(WebhookEvent)] == [("WH-9", "PP-1")]
    assert "Set-Cookie" not in result.headers


@pytest.mark.usefixtures("offered")
def test_a_forgery_is_refused_and_leaves_nothing(client: Browser, fake: FakePayPal) -> None:
    content = event("PAYMENT.CAPTURE.COMPLETED", {"custom_id": "k1"})
    courier = fake.webhook_sender
    forger = signer(issuer="Another authority")
    fake.certificates["CERT-bad"] = forger.chain
    true = courier.signed(content, NOON)
    forgeries = [
        SignedRequest({}, true.body),
        SignedRequest(true.headers, true.body.replace(b"k1", b"k2")),
        courier.signed(content, NOON, cert_url=fake.certificate_url("CERT-bad")),
        courier.signed(content, NOON, cert_url="https://api.paypal.com.example.com/v1/notifications/certs/CERT-good"),
        courier.signed(content, NOON - timedelta(days=4)),
        SignedRequest({**true.headers, "Content-Type": "application/x-www-form-urlencoded"}, true.body),
    ]
    with nothing_written():
        assert [sent(client, forgery).status_code for forgery in forgeries] == [400] * len(forgeries)


@pytest.mark.usefixtures("offered")
def test_a_message_that_cannot_be_verified_now_is_asked_for_again(client: Browser, fake: FakePayPal) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    published = dict(fake.certificates)
    fake.certificates.clear()
    with nothing_written():
        assert sent(client, message).status_code == 503
    fake.certificates.update(published)
    assert sent(client, message).status_code == 200


@pytest.mark.usefixtures("offered")
def test_no_browser_posts_a_message(client: Browser, fake: FakePayPal) -> None:
    message = fake.webhook_sender.signed(event("ANY", {}), NOON)
    with nothing_written():
        led = SignedRequest(
            {**message.headers, "Origin": "https://example.com", "Sec-Fetch-Site": "cross-site"}, message.body
        )
        assert sent(client, led).status_code == 403
        assert client.get(PATH).status_code == 405


def test_an_approval_announced_is_carried_out_for_who_closed_the_tab(
    client: Browser, french: Browser, fake: FakePayPal, offered: Flask, address: Address
) -> None:
    order = begun(french, address("hosting"))
    fake.ledger.approve(awaited(fake))
    [approved] = fake.webhook_sender.events()
    fake.webhook_sender.events()

    for _ in range(2):
        assert sent(client, fake.webhook_sender.signed(approved, NOON)).status_code == 200
    assert not fake.ledger.captures
    drain(offered.extensions["kajoom"], NOON)

    assert status_of(order) == "completed"
    assert len(fake.ledger.captures) == len(rows(WebhookEvent)) == 1


def test_an_announcement_that_came_first_or_late_or_twice_adds_nothing(
    client: Browser, french: Browser, fake: FakePayPal, offered: Flask, address: Address
) -> None:
    """The capture is announced before the approval, and both again an hour later."""
    order = begun(french, address("hosting"))
    fake.ledger.approve(awaited(fake))
    posted(french, f"/orders/{order}/payment", verify="1")
    told = sorted(fake.webhook_sender.events(), key=lambda each: str(each["event_type"]), reverse=True)
    assert [each["event_type"] for each in told] == ["PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"]
    drain(offered.extensions["kajoom"], NOON)

    for content in told * 2:
        assert sent(client, fake.webhook_sender.signed(content, NOON - timedelta(hours=1))).status_code == 200
    drain(offered.extensions["kajoom"], NOON)

    assert status_of(order) == "completed"
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"41.72"}


def test_a_capture_announced_for_what_never_captured_is_not_believed(
    client: Browser, french: Browser, fake: FakePayPal, offered: Flask, address: Address
) -> None:
    """Signed by PayPal, and still only a reason to look: the order itself says that nothing was taken."""
    order = begun(french, address("hosting"))
    unit = fake.ledger.order(awaited(fake))["purchase_units"][0]
    claim = event("PAYMENT.CAPTURE.COMPLETED", {"id": "C", "custom_id": unit["custom_id"], "amount": unit["amount"]})

    assert sent(client, fake.webhook_sender.signed(claim, NOON)).status_code == 200
    drain(offered.extensions["kajoom"], NOON)

    assert status_of(order) == "awaiting_payment"


def test_a_pending_capture_is_finished_when_it_is_announced(
    client: Browser,
    french: Browser,
    fake: FakePayPal,
    offered: Flask,
    address: Address,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake.ledger.capture_status = "PENDING"
    order = begun(french, address("hosting"))
    fake.ledger.approve(awaited(fake))
    page = posted(french, f"/orders/{order}/payment", verify="1")
    assert 'data-refusal="payment_pending"' in page.text
    fake.webhook_sender.events()

    later = NOON + timedelta(days=2)
    monkeypatch.setattr(offered.extensions["clock"], "now", lambda: later)
    [capture] = fake.ledger.captures
    fake.ledger.set_capture_status(capture, "COMPLETED")
    for content in fake.webhook_sender.events():
        assert sent(client, fake.webhook_sender.signed(content, later)).status_code == 200
    drain(offered.extensions["kajoom"], later)

    assert status_of(order) == "completed"


def test_a_house_without_a_webhook_believes_no_message(
    client: Browser, fake: FakePayPal, paypal_client: PayPalClient, offered: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors = offered.extensions["kajoom"]
    deaf = replace(doors, payments={"paypal": PayPalProvider(paypal_client)})
    monkeypatch.setitem(offered.extensions, "kajoom", deaf)
    with nothing_written():
        assert sent(client, fake.webhook_sender.signed(event("ANY", {}), NOON)).status_code == 400
