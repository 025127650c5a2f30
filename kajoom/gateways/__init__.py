"""Adapters to other systems: payment providers, hosting panels and mail servers, behind the ports of ``ports.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Protocol

from kajoom.domain.catalog import Catalog
from kajoom.domain.server import DEMONSTRATION, MANUAL, Server
from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import DemoStore
from kajoom.gateways.limited_panel import LimitedPanel
from kajoom.gateways.limited_provider import LimitedProvider
from kajoom.gateways.mail import mailer
from kajoom.gateways.panel_port import Panel, PanelCallback, PanelResult, PanelSettings
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.gateways.ports import Mailer, PaymentProvider
from kajoom.gateways.servers import Servers, panel_kinds
from kajoom.gateways.smtp import SmtpMailer
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
    @property
    def server_secrets(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Gateways:
    """The gateways of one application: panels, mailer, payment providers by code, and the demonstration's store.

    ``panel`` is that of services where the host has no ``servers``. ``breakers`` remember, in this process, the payment
    providers and the servers that do not answer. ``answer_to`` returns, in a transaction of its own, what a server has
    reported of the request with a key.
    """

    panel: Panel
    mailer: Mailer
    payments: Mapping[str, PaymentProvider] = field(default_factory=dict)
    demo_store: DemoStore | None = None
    breakers: dict[str, CircuitBreaker] = field(default_factory=dict)
    servers: Servers | None = None
    answer_to: Callable[[str, str], PanelResult | None] | None = None

    def panel_of(self, server: str) -> Panel:
        """The panel of the server that a service names, or of the default one for an empty name.

        It reads the catalogue in a transaction of its own, so only the worker asks for it, and outside of any other.
        """
        named = self.servers.server(server) if self.servers else Server(server, MANUAL)
        panel = (self.servers and self.servers.panel(named)) or self.panel
        answer_to = partial(self.answer_to, named.name) if self.answer_to else None
        return LimitedPanel(panel, self.breakers.setdefault(f"server {named.name}", CircuitBreaker()), answer_to)

    def callback(self, headers: Mapping[str, str], body: bytes, at: datetime) -> PanelCallback:
        """Return what the panel of a server reports, read as ``Servers.callback`` does."""
        if self.servers is None:
            raise LookupError("the host has no servers")
        return self.servers.callback(headers, body, at)

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

    def close_idle(self) -> None:
        """End the connection that the mailer keeps open between two e-mails, once nothing more is due."""
        if isinstance(self.mailer, SmtpMailer):
            self.mailer.close()

    @property
    def panel_names(self) -> frozenset[str]:
        """The names of the panels that a server of the catalogue may have."""
        return self.servers.panel_names if self.servers else frozenset()

    def server_problem(self, server: Server) -> str:
        """Why the panel of a server cannot be asked, an empty text when it can."""
        return self.servers.problem(server) if self.servers else ""

    @property
    def changes_by_hand(self) -> bool:
        """Whether a person makes every change of plan of services where the host has no servers."""
        return isinstance(self.panel, ManualPanel)


def build(
    config: Settings,
    now: Callable[[], datetime],
    catalog: Callable[[], Catalog] | None = None,
    answer_to: Callable[[str, str], PanelResult | None] | None = None,
) -> Gateways:
    """Build the gateways of a configuration; raise ``ValueError`` for an invalid mail URL.

    ``catalog`` returns the catalogue in force and ``answer_to`` what a server has reported of the request with a key,
    each in a transaction of its own; ``now`` returns the current instant.
    """
    mail, kinds = mailer(config.mail_url), panel_kinds()
    paypal = _paypal(config) if config.paypal_client_id else {}
    if not config.demo:
        servers = Servers(catalog, config.server_secrets, kinds, now) if catalog else None
        return Gateways(ManualPanel(), mail, paypal, servers=servers, answer_to=answer_to)
    demo_store = DemoStore(config.instance_path / "demonstration.sqlite")
    provider, panel = DemoProvider(demo_store), DemoPanel(demo_store)
    kinds[DEMONSTRATION] = _DemoKind(panel)
    servers = Servers(catalog, config.server_secrets, kinds, now) if catalog else None
    return Gateways(panel, mail, {provider.code: provider, **paypal}, demo_store, servers=servers, answer_to=answer_to)


class _DemoKind:
    """The demonstration's panel, the same for every server that the catalogue may name."""

    needs: tuple[str, ...] = ()

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def __call__(self, settings: PanelSettings) -> Panel:
        return self._panel


def _paypal(config: Settings) -> dict[str, PaymentProvider]:
    # Only a process that speaks to PayPal loads the HTTP client and X.509: 5 MB, and a twentieth of a command's start.
    provider: PaymentProvider = resolve_name("kajoom.gateways.paypal.connect:paypal_provider")(
        config.paypal_base_url,
        config.paypal_client_id,
        config.paypal_secret,
        config.paypal_webhook_id,
        can_save=config.paypal_can_save,
    )
    return {provider.code: provider}
