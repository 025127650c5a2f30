"""A fake PayPal for each test that asks for one, and the provider that speaks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier, certificate_hosts
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, authority

__all__ = ["fake", "paypal", "paypal_client", "paypal_with_vault"]


@pytest.fixture
def fake() -> Iterator[FakePayPal]:
    """PayPal, with an empty ledger."""
    with FakePayPal() as started:
        yield started


@pytest.fixture
def paypal_client(fake: FakePayPal) -> PayPalClient:
    """The wire to it."""
    return PayPalClient(fake.address, "client", "secret")


@pytest.fixture
def paypal(fake: FakePayPal, paypal_client: PayPalClient) -> PayPalProvider:
    """The provider, which believes the messages that the authority of the tests vouches for."""
    roots = [authority(OURS).certificate]
    reader = PayPalWebhookVerifier(WEBHOOK_ID, paypal_client.fetch, certificate_hosts(fake.address), roots)
    return PayPalProvider(paypal_client, reader)


@pytest.fixture
def paypal_with_vault(paypal: PayPalProvider) -> PayPalProvider:
    """The same provider, of a host that may keep the accounts its clients pay with."""
    paypal.can_save = True
    return paypal
