"""Verification of PayPal webhook requests: certificate, signature and date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kajoom.gateways.paypal.certificates import certificate_hosts, trusted_roots
from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier
from kajoom.gateways.ports import InvalidSignature, ProviderUnavailable, WebhookMessage
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, SignedRequest, authority, event, signed, signer

__all__ = ["fake", "paypal", "paypal_client"]

AT = datetime(2026, 6, 16, 15, tzinfo=UTC)
CAPTURED = event(
    "PAYMENT.CAPTURE.COMPLETED",
    {"id": "CAPTURE1", "custom_id": "k1", "supplementary_data": {"related_ids": {"order_id": "ORDER1"}}},
    "WH-1",
)

Send = Callable[..., SignedRequest]


@pytest.fixture
def send(fake: FakePayPal) -> Send:
    """Return a function that signs a request at AT; keyword arguments replace headers afterwards."""

    def sent(at: datetime = AT, webhook_id: str = WEBHOOK_ID, **headers: str) -> SignedRequest:
        return signed(CAPTURED, fake.certificate_url(), webhook_id, at, changed=headers)

    return sent


def verify(paypal: PayPalProvider, message: SignedRequest, at: datetime = AT) -> WebhookMessage:
    return paypal.verify_webhook(message.headers, message.body, at)


def test_valid_request_returns_its_event(paypal: PayPalProvider, send: Send) -> None:
    assert verify(paypal, send()) == WebhookMessage("WH-1", "PAYMENT.CAPTURE.COMPLETED", "k1", "ORDER1")


@pytest.mark.parametrize(
    ("resource", "key", "ref"),
    [
        ({"id": "ORDER1", "purchase_units": [{"custom_id": "k1"}]}, "k1", "ORDER1"),
        ({"id": "REFUND1", "custom_id": "r1"}, "r1", "REFUND1"),
        ({"dispute_id": "PP-D-1"}, "", "PP-D-1"),
        ({}, "", ""),
    ],
)
def test_ids_are_found_in_each_kind_of_event(
    paypal: PayPalProvider, fake: FakePayPal, resource: dict[str, object], key: str, ref: str
) -> None:
    message = signed(event("ANY", resource, "WH-2"), fake.certificate_url(), WEBHOOK_ID, AT)
    assert verify(paypal, message) == WebhookMessage("WH-2", "ANY", key, ref)


def test_certificate_is_cached(paypal: PayPalProvider, fake: FakePayPal, send: Send) -> None:
    verify(paypal, send())
    fake.certificates.clear()
    assert verify(paypal, send()).id == "WH-1"


@pytest.mark.parametrize(
    "age", [timedelta(minutes=-5), timedelta(), timedelta(days=3), timedelta(days=3, hours=1)], ids=str
)
def test_request_up_to_three_days_old_is_accepted(paypal: PayPalProvider, send: Send, age: timedelta) -> None:
    assert verify(paypal, send(), AT + age).id == "WH-1"


@pytest.mark.parametrize("age", [timedelta(minutes=-6), timedelta(days=3, hours=1, seconds=1)], ids=str)
def test_request_too_old_or_in_the_future_is_rejected(paypal: PayPalProvider, send: Send, age: timedelta) -> None:
    with pytest.raises(InvalidSignature, match="too old"):
        verify(paypal, send(), AT + age)


@pytest.mark.parametrize(
    "headers",
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
def test_request_with_a_changed_header_is_rejected(paypal: PayPalProvider, send: Send, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        verify(paypal, send(**headers))


def test_request_with_a_changed_body_is_rejected(paypal: PayPalProvider, send: Send) -> None:
    message = send()
    with pytest.raises(InvalidSignature, match="signature"):
        verify(paypal, SignedRequest(message.headers, message.body + b" "))


def test_request_for_another_webhook_is_rejected(paypal: PayPalProvider, send: Send) -> None:
    with pytest.raises(InvalidSignature, match="signature"):
        verify(paypal, send(webhook_id="ANOTHER"))


def test_request_without_headers_is_rejected(paypal: PayPalProvider) -> None:
    with pytest.raises(InvalidSignature):
        paypal.verify_webhook({}, b"{}", AT)


@pytest.mark.parametrize(
    ("host", "issuer", "begin"),
    [
        ("www.example.com", "Test authority", datetime(2020, 1, 1, tzinfo=UTC)),
        ("paypal.com.example.com", "Test authority", datetime(2020, 1, 1, tzinfo=UTC)),
        ("messageverificationcerts.paypal.com", "Another authority", datetime(2020, 1, 1, tzinfo=UTC)),
        ("messageverificationcerts.paypal.com", "Test authority", AT + timedelta(days=1)),
    ],
    ids=["another host", "a similar host", "another authority", "not valid yet"],
)
def test_certificate_of_another_host_or_authority_is_rejected(
    paypal: PayPalProvider, fake: FakePayPal, host: str, issuer: str, begin: datetime
) -> None:
    other_signer = signer(host, issuer, begin)
    fake.certificates["CERT-bad"] = other_signer.chain
    message = signed(CAPTURED, fake.certificate_url("CERT-bad"), WEBHOOK_ID, AT, by=other_signer)
    with pytest.raises(InvalidSignature, match="not valid for PayPal"):
        verify(paypal, message)


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
def test_certificate_url_outside_paypal_is_not_fetched(send: Send, url: str) -> None:
    urls: list[str] = []

    def fetch(address: str) -> None:
        urls.append(address)

    verifier = PayPalWebhookVerifier(WEBHOOK_ID, fetch, certificate_hosts("https://api-m.paypal.com"))
    with pytest.raises(InvalidSignature):
        verifier.read(send(cert_url=url).headers, b"{}", AT)
    assert urls == []


def test_certificate_hosts_of_each_environment() -> None:
    assert certificate_hosts("https://api-m.paypal.com") == ("https://api.paypal.com", "https://api-m.paypal.com")
    sandbox = certificate_hosts("https://api-m.sandbox.paypal.com")
    assert sandbox == ("https://api.sandbox.paypal.com", "https://api-m.sandbox.paypal.com")
    assert certificate_hosts("http://127.0.0.1:9000") == ("http://127.0.0.1:9000",)
    assert certificate_hosts("https://notpaypal.com") == ("https://notpaypal.com",)


def test_unavailable_certificate_is_not_an_invalid_signature(
    paypal: PayPalProvider, fake: FakePayPal, send: Send
) -> None:
    fake.certificates.clear()
    with pytest.raises(ProviderUnavailable):
        verify(paypal, send())


def test_file_that_is_not_a_certificate_is_rejected(paypal: PayPalProvider, fake: FakePayPal, send: Send) -> None:
    fake.certificates["CERT-good"] = b"<html>"
    with pytest.raises(InvalidSignature, match="not a certificate"):
        verify(paypal, send())


@pytest.mark.parametrize(
    "content",
    [{}, {"id": "WH-1", "event_type": "ANY"}, {"id": "WH-1", "event_type": "ANY", "resource": "text"}, ["WH-1"]],
    ids=str,
)
def test_event_of_unknown_format_is_rejected(paypal: PayPalProvider, fake: FakePayPal, content: Any) -> None:
    with pytest.raises(InvalidSignature, match="unknown format"):
        verify(paypal, signed(content, fake.certificate_url(), WEBHOOK_ID, AT))


def test_without_a_webhook_no_message_is_believed(paypal_client: PayPalClient, send: Send) -> None:
    with pytest.raises(InvalidSignature, match="no webhook"):
        verify(PayPalProvider(paypal_client), send())


def test_only_authorities_of_this_machine_are_trusted_by_default(
    paypal_client: PayPalClient, fake: FakePayPal, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert trusted_roots()
    verifier = PayPalWebhookVerifier(WEBHOOK_ID, paypal_client.fetch, certificate_hosts(fake.address))
    message = send()
    with pytest.raises(InvalidSignature, match="not valid for PayPal"):
        verifier.read(message.headers, message.body, AT)


def test_trusted_authorities_can_be_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = authority(OURS).certificate
    file = tmp_path / "authority.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert trusted_roots() == [certificate]


class _Publisher:
    """Downloads of certificates: ``urls`` are those requested; each waits until ``answer`` is set."""

    def __init__(self, content: bytes | None = None, is_open: bool = True) -> None:
        self.content = content
        self.urls: list[str] = []
        self.answer = Event()
        if is_open:
            self.answer.set()

    def fetch(self, url: str) -> bytes | None:
        self.urls.append(url)
        assert self.answer.wait(10)
        return self.content


_HOSTS = certificate_hosts("https://api-m.paypal.com")
_URL = "https://api.paypal.com/v1/notifications/certs/CERT-"


def _request(number: int = 1, changed: Mapping[str, str] | None = None) -> SignedRequest:
    return signed(CAPTURED, f"{_URL}{number}", WEBHOOK_ID, AT, changed=changed)


@pytest.mark.parametrize(
    "headers",
    [
        {"transmission_id": "x" * 101},
        {"transmission_id": "a|b\n"},
        {"transmission_time": "2026-06-12T15:00:00Z"},
        {"transmission_time": "9999-12-31T23:59:59-23:59"},
        {"transmission_sig": "AAAA"},
        {"transmission_sig": "A" * 2000},
        {"auth_algo": "SHA1withRSA"},
    ],
    ids=str,
)
def test_forged_request_is_refused_without_a_download(headers: dict[str, str]) -> None:
    publisher = _Publisher()
    with pytest.raises(InvalidSignature):
        PayPalWebhookVerifier(WEBHOOK_ID, publisher.fetch, _HOSTS).read(_request(changed=headers).headers, b"{}", AT)
    with pytest.raises(InvalidSignature):
        PayPalWebhookVerifier(WEBHOOK_ID, publisher.fetch, _HOSTS).read(_request().headers, b"not an event", AT)
    assert publisher.urls == []


@pytest.mark.parametrize(
    ("content", "error"), [(None, ProviderUnavailable), (b"<html>", InvalidSignature)], ids=["missing", "not PEM"]
)
def test_failed_download_is_not_tried_again_for_a_minute(content: bytes | None, error: type[Exception]) -> None:
    publisher = _Publisher(content)
    verifier = PayPalWebhookVerifier(WEBHOOK_ID, publisher.fetch, _HOSTS)
    message = _request()
    for seconds in (0, 1, 59, 60, 61):
        with pytest.raises(error):
            verifier.read(message.headers, message.body, AT + timedelta(seconds=seconds))
    assert len(publisher.urls) == 2


def test_only_the_latest_failures_are_remembered() -> None:
    publisher = _Publisher()
    verifier = PayPalWebhookVerifier(WEBHOOK_ID, publisher.fetch, _HOSTS)
    for number in (*range(65), 64, 0):
        message = _request(number)
        with pytest.raises(ProviderUnavailable):
            verifier.read(message.headers, message.body, AT)
    assert [url.removeprefix(_URL) for url in publisher.urls] == [*map(str, range(65)), "0"]


def test_one_certificate_is_downloaded_at_a_time() -> None:
    """Eight forged requests at once hold one thread; a request whose certificate is known is verified meanwhile."""
    publisher = _Publisher(signer().chain)
    verifier = PayPalWebhookVerifier(WEBHOOK_ID, publisher.fetch, _HOSTS, [authority(OURS).certificate])
    known = _request()
    verifier.read(known.headers, known.body, AT)
    publisher.answer.clear()
    publisher.content = None

    def outcome(number: int) -> type[Exception] | None:
        message = _request(number)
        try:
            verifier.read(message.headers, message.body, AT)
        except (InvalidSignature, ProviderUnavailable) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(outcome, number) for number in range(2, 10)]
        answered = [future.result() for future in islice(as_completed(pending, timeout=10), 7)]
        assert answered == [ProviderUnavailable] * 7
        assert len(publisher.urls) == 2
        assert outcome(1) is None
        publisher.answer.set()
