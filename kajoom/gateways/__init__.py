"""Adapters to other systems: payment providers, hosting panels and mail servers, behind the ports of ``ports.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import DemoStore
from kajoom.gateways.limited_provider import LimitedProvider
from kajoom.gateways.mail import mailer
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.gateways.paypal.certificates import certificate_hosts
from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier
from kajoom.gateways.ports import Mailer, Panel, PaymentProvider
from kajoom.gateways.time_limit import TimeLimit

_REQUEST_SECONDS = 3.0
# Far below the lease of the message, so that no other worker takes it over and the others do not wait for long.
_WORKER_SECONDS = 30.0


class Settings(Protocol):
    """The settings the gateways need; ``instance_path`` is the folder of the demonstration's database file."""

    @property
    def demo(self) -> bool: ...
    @property
    def mail_url(self) -> str: ...
    @property
    def instance_path(self) -> Path: ...
    @property
    def paypal_base_url(self) -> str: ...
    @property
    def paypal_client_id(self) -> str: ...
    @property
    def paypal_secret(self) -> str: ...
    @property
    def paypal_webhook_id(self) -> str: ...
    @property
    def paypal_can_save(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Gateways:
    """The gateways of one application: panel, mailer, payment providers by code, and the demonstration's store.

    ``breakers`` remember, in this process, the payment providers that do not answer.
    """

    panel: Panel
    mailer: Mailer
    payments: Mapping[str, PaymentProvider] = field(default_factory=dict)
    demo_store: DemoStore | None = None
    breakers: dict[str, CircuitBreaker] = field(default_factory=dict)

    def payments_in_request(self) -> Mapping[str, PaymentProvider]:
        """The payment providers as one request may wait for each: three seconds in all, and no silent one."""
        return self._limited(_REQUEST_SECONDS, asks_always=False)

    def payments_in_worker(self) -> Mapping[str, PaymentProvider]:
        """The payment providers as the worker waits for each while it handles one message."""
        return self._limited(_WORKER_SECONDS, asks_always=True)

    def _limited(self, seconds: float, *, asks_always: bool) -> Mapping[str, PaymentProvider]:
        return {
            code: LimitedProvider(
                provider,
                TimeLimit(seconds),
                self.breakers.setdefault(code, CircuitBreaker()),
                asks_always=asks_always,
            )
            for code, provider in self.payments.items()
        }

    @property
    def changes_by_hand(self) -> bool:
        """Whether no panel is connected, so that a person at the host carries out every change of plan."""
        return isinstance(self.panel, ManualPanel)


def build(config: Settings) -> Gateways:
    """Build the gateways of a configuration; raise ``ValueError`` for an invalid mail URL."""
    mail = mailer(config.mail_url)
    paypal: dict[str, PaymentProvider] = {PayPalProvider.code: _paypal(config)} if config.paypal_client_id else {}
    if not config.demo:
        return Gateways(panel=ManualPanel(), mailer=mail, payments=paypal)
    demo_store = DemoStore(config.instance_path / "demonstration.sqlite")
    provider = DemoProvider(demo_store)
    return Gateways(DemoPanel(demo_store), mail, {provider.code: provider, **paypal}, demo_store)


def _paypal(config: Settings) -> PayPalProvider:
    client = PayPalClient(config.paypal_base_url, config.paypal_client_id, config.paypal_secret)
    webhook_verifier = None
    if config.paypal_webhook_id:
        webhook_verifier = PayPalWebhookVerifier(
            config.paypal_webhook_id, client.fetch, certificate_hosts(config.paypal_base_url)
        )
    return PayPalProvider(client, webhook_verifier, config.paypal_can_save)
