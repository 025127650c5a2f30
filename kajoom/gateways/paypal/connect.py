"""PayPal's provider of a configuration."""

from __future__ import annotations

from kajoom.gateways.paypal.certificates import certificate_hosts
from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier


def paypal_provider(base_url: str, client_id: str, secret: str, webhook_id: str, *, can_save: bool) -> PayPalProvider:
    """PayPal as a payment provider; without ``webhook_id`` its webhooks are not believed."""
    client = PayPalClient(base_url, client_id, secret)
    webhooks = PayPalWebhookVerifier(webhook_id, client.fetch, certificate_hosts(base_url)) if webhook_id else None
    return PayPalProvider(client, webhooks, can_save)
