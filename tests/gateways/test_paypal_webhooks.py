"""A message is PayPal's when its certificate, its signature and its date all say so; of any other nothing is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier, certificate_hosts, trusted_roots
from kajoom.gateways.ports import InvalidSignature, ProviderUnavailable, WebhookMessage
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, Signed, authority, event, signed, signer

__all__ = ["fake", "paypal", "paypal_client"]

AT = datetime(2026, 6, 16, 15, tzinfo=UTC)
CAPTURED = event(
    "PAYMENT.CAPTURE.COMPLETED",
    {"id": "CAPTURE1", "custom_id": "k1", "supplementary_data": {"related_ids": {"order_id": "ORDER1"}}},
    "WH-1",
)

Send = Callable[..., Signed]


@pytest.fixture
def send(fake: FakePayPal) -> Send:
    """A message signed at AT; what is forged is said by name."""

    def sent(at: datetime = AT, webhook_id: str = WEBHOOK_ID, **changed: str) -> Signed:
        return signed(CAPTURED, fake.certificate_url(), webhook_id, at, **changed)

    return sent


def read(paypal: PayPalProvider, message: Signed, at: datetime = AT) -> WebhookMessage:
    return paypal.verify_webhook(message.headers, message.body, at)


def test_a_message_of_paypals_is_read(paypal: PayPalProvider, send: Send) -> None:
    assert read(paypal, send()) == WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", "k1", "ORDER1")


@pytest.mark.parametrize(
    ("resource", "key", "ref"),
    [
        ({"id": "ORDER1", "purchase_units": [{"custom_id": "k1"}]}, "k1", "ORDER1"),
        ({"id": "REFUND1", "custom_id": "r1"}, "r1", "REFUND1"),
        ({"dispute_id": "PP-D-1"}, "", "PP-D-1"),
        ({}, "", ""),
    ],
)
def test_what_a_message_speaks_of_is_found_wherever_it_stands(
    paypal: PayPalProvider, fake: FakePayPal, resource: dict[str, object], key: str, ref: str
) -> None:
    message = signed(event("ANY", resource, "WH-2"), fake.certificate_url(), WEBHOOK_ID, AT)
    assert read(paypal, message) == WebhookMessage("WH-2", "ANY", key, ref)


def test_a_certificate_is_fetched_once(paypal: PayPalProvider, fake: FakePayPal, send: Send) -> None:
    read(paypal, send())
    fake.certificates.clear()
    assert read(paypal, send()).id == "WH-1"


@pytest.mark.parametrize(
    "age", [timedelta(minutes=-5), timedelta(), timedelta(days=3), timedelta(days=3, hours=1)], ids=str
)
def test_a_message_may_be_as_late_as_paypal_tries(paypal: PayPalProvider, send: Send, age: timedelta) -> None:
    assert read(paypal, send(), AT + age).id == "WH-1"


@pytest.mark.parametrize("age", [timedelta(minutes=-6), timedelta(days=3, hours=1, seconds=1)], ids=str)
def test_a_message_too_old_or_of_the_future_is_forged(paypal: PayPalProvider, send: Send, age: timedelta) -> None:
    with pytest.raises(InvalidSignature, match="too old"):
        read(paypal, send(), AT + age)


@pytest.mark.parametrize(
    "changed",
    [
        {"transmission_id": "another"},
        {"transmission_time": "2026-06-16T15:00:01Z"},
        {"transmission_time": "2026-06-16T15:00:00"},
        {"transmission_time": "yesterday"},
        {"transmission_time": ""},
        {"transmission_sig": "AAAA"},
        {"transmission_sig": "é"},
        {"transmission_sig": ""},
        {"auth_algo": "SHA1withRSA"},
        {"auth_algo": ""},
        {"cert_url": ""},
    ],
    ids=str,
)
def test_a_message_changed_in_any_part_is_forged(paypal: PayPalProvider, send: Send, changed: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        read(paypal, send(**changed))


def test_a_message_whose_body_was_changed_is_forged(paypal: PayPalProvider, send: Send) -> None:
    message = send()
    with pytest.raises(InvalidSignature, match="signature"):
        read(paypal, Signed(message.headers, message.body + b" "))


def test_a_message_for_another_webhook_is_forged(paypal: PayPalProvider, send: Send) -> None:
    with pytest.raises(InvalidSignature, match="signature"):
        read(paypal, send(webhook_id="ANOTHER"))


def test_a_message_without_headers_is_forged(paypal: PayPalProvider) -> None:
    with pytest.raises(InvalidSignature):
        paypal.verify_webhook({}, b"{}", AT)


@pytest.mark.parametrize(
    ("host", "issuer", "begin"),
    [
        ("www.example.com", "Authority of the tests", datetime(2020, 1, 1, tzinfo=UTC)),
        ("paypal.com.example.com", "Authority of the tests", datetime(2020, 1, 1, tzinfo=UTC)),
        ("messageverificationcerts.paypal.com", "Somebody else", datetime(2020, 1, 1, tzinfo=UTC)),
        ("messageverificationcerts.paypal.com", "Authority of the tests", AT + timedelta(days=1)),
    ],
    ids=["another host", "a host that looks like it", "another authority", "not valid yet"],
)
def test_a_certificate_that_is_not_paypals_is_refused(
    paypal: PayPalProvider, fake: FakePayPal, host: str, issuer: str, begin: datetime
) -> None:
    forger = signer(host, issuer, begin)
    fake.certificates["CERT-bad"] = forger.chain
    message = signed(CAPTURED, fake.certificate_url("CERT-bad"), WEBHOOK_ID, AT, by=forger)
    with pytest.raises(InvalidSignature, match="certificate is not PayPal's"):
        read(paypal, message)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/v1/notifications/certs/CERT-good",
        "https://api.paypal.com.example.com/v1/notifications/certs/CERT-good",
        "https://api.paypal.com@example.com/v1/notifications/certs/CERT-good",
        "http://api.paypal.com/v1/notifications/certs/CERT-good",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-good",
        "https://api.paypal.com/v1/notifications/certs/../../CERT-good",
        "https://api.paypal.com/v1/notifications/certs/CERT-good?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-good#x",
        "https://api.paypal.com/elsewhere",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-good",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
def test_nothing_is_fetched_from_where_paypal_keeps_no_certificate(send: Send, url: str) -> None:
    asked: list[str] = []

    def fetch(address: str) -> None:
        asked.append(address)

    reader = PayPalWebhookVerifier(WEBHOOK_ID, fetch, certificate_hosts("https://api-m.paypal.com"))
    with pytest.raises(InvalidSignature):
        reader.read(send(cert_url=url).headers, b"{}", AT)
    assert asked == []


def test_each_environment_has_its_own_certificates() -> None:
    assert certificate_hosts("https://api-m.paypal.com") == ("https://api.paypal.com", "https://api-m.paypal.com")
    sandbox = certificate_hosts("https://api-m.sandbox.paypal.com")
    assert sandbox == ("https://api.sandbox.paypal.com", "https://api-m.sandbox.paypal.com")
    assert certificate_hosts("http://127.0.0.1:9000") == ("http://127.0.0.1:9000",)
    assert certificate_hosts("https://notpaypal.com") == ("https://notpaypal.com",)


def test_a_certificate_that_cannot_be_had_is_no_forgery(paypal: PayPalProvider, fake: FakePayPal, send: Send) -> None:
    fake.certificates.clear()
    with pytest.raises(ProviderUnavailable):
        read(paypal, send())


def test_what_is_no_certificate_is_refused(paypal: PayPalProvider, fake: FakePayPal, send: Send) -> None:
    fake.certificates["CERT-good"] = b"<html>"
    with pytest.raises(InvalidSignature, match="no certificate"):
        read(paypal, send())


@pytest.mark.parametrize(
    "content",
    [{}, {"id": "WH-1", "event_type": "ANY"}, {"id": "WH-1", "event_type": "ANY", "resource": "text"}, ["WH-1"]],
    ids=str,
)
def test_a_message_of_no_known_form_is_refused(paypal: PayPalProvider, fake: FakePayPal, content: Any) -> None:
    with pytest.raises(InvalidSignature, match="no known form"):
        read(paypal, signed(content, fake.certificate_url(), WEBHOOK_ID, AT))


def test_without_a_webhook_no_message_is_believed(paypal_client: PayPalClient, send: Send) -> None:
    with pytest.raises(InvalidSignature, match="no webhook"):
        read(PayPalProvider(paypal_client), send())


def test_the_authorities_of_this_machine_are_trusted_and_ours_is_not(
    paypal_client: PayPalClient, fake: FakePayPal, send: Send
) -> None:
    assert trusted_roots()
    reader = PayPalWebhookVerifier(WEBHOOK_ID, paypal_client.fetch, certificate_hosts(fake.address))
    message = send()
    with pytest.raises(InvalidSignature, match="certificate is not PayPal's"):
        reader.read(message.headers, message.body, AT)


def test_a_host_may_name_the_authorities_to_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = authority(OURS).certificate
    kept = tmp_path / "authority.pem"
    kept.write_bytes(named.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(kept))
    assert trusted_roots() == [named]
