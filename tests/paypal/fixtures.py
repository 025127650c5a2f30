"""Fixtures: a fake PayPal for each test, and the provider connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kajoom.gateways.paypal.certificates import certificate_hosts
from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, authority

__all__ = ["fake", "paypal", "paypal_client", "paypal_with_vault"]


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePayPal]:
    """Run a fake PayPal with an empty ledger."""
    certificate = tmp_path_factory.getbasetemp() / "authority.pem"
    if not certificate.exists():
        certificate.write_bytes(authority(OURS).certificate.public_bytes(Encoding.PEM))
    # Each new HTTP client reads the trusted certificates: one of them takes far less time than the system's.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakePayPal() as started:
        yield started


@pytest.fixture
def paypal_client(fake: FakePayPal) -> PayPalClient:
    """Make an HTTP client of the fake PayPal."""
    return PayPalClient(fake.address, "client", "secret")


@pytest.fixture
def paypal(fake: FakePayPal, paypal_client: PayPalClient) -> PayPalProvider:
    """Make the provider, which trusts the certificate authority of the tests."""
    roots = [authority(OURS).certificate]
    verifier = PayPalWebhookVerifier(WEBHOOK_ID, paypal_client.fetch, certificate_hosts(fake.address), roots)
    return PayPalProvider(paypal_client, verifier)


@pytest.fixture
def paypal_with_vault(paypal: PayPalProvider) -> PayPalProvider:
    """Make the provider of a host that may save payment accounts."""
    paypal.can_save = True
    return paypal
