"""A fake PayPal for each test that asks for one, and the provider that speaks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier, certificate_hosts
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, authority

__all__ = ["fake", "paypal", "vault", "wire"]


@pytest.fixture
def fake() -> Iterator[FakePayPal]:
    """PayPal, with an empty ledger."""
    with FakePayPal() as started:
        yield started


@pytest.fixture
def wire(fake: FakePayPal) -> PayPalClient:
    """The wire to it."""
    return PayPalClient(fake.address, "client", "secret")


@pytest.fixture
def paypal(fake: FakePayPal, wire: PayPalClient) -> PayPalProvider:
    """The provider, which believes the messages that the authority of the tests vouches for."""
    roots = [authority(OURS).certificate]
    reader = PayPalWebhookVerifier(WEBHOOK_ID, wire.fetch, certificate_hosts(fake.address), roots)
    return PayPalProvider(wire, reader)


@pytest.fixture
def vault(paypal: PayPalProvider) -> PayPalProvider:
    """The same provider, of a host that may keep the accounts its clients pay with."""
    paypal.can_save = True
    return paypal
