"""The panels of the servers that the catalogue names: built-in adapters, and those of installed packages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import entry_points

from kajoom.domain.catalog import Catalog
from kajoom.domain.server import MANUAL, Server, variable_name
from kajoom.gateways.panel_port import CallbackPanel, Panel, PanelCallback, PanelKind, PanelSettings
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.gateways.panels.webhook import WebhookPanel
from kajoom.gateways.panels.whm import WhmPanel
from kajoom.gateways.ports import InvalidSignature

log = logging.getLogger(__name__)

ENTRY_POINTS = "kajoom.panels"
"""The group of entry points by which an installed package offers the class of a panel."""

_BUILT_IN: Mapping[str, PanelKind] = {"webhook": WebhookPanel, "whm": WhmPanel}
_SECRETS = ("TOKEN", "SECRET", "USER")


def panel_kinds() -> dict[str, PanelKind]:
    """Every panel that a server may have, by the name that the catalogue uses; a built-in name is never replaced.

    A package that cannot be loaded is logged and has no panel.
    """
    kinds: dict[str, PanelKind] = {}
    for each in entry_points(group=ENTRY_POINTS):
        try:
            kinds[each.name] = each.load()
        except Exception:
            # It may fail in any way; the other servers, and pages, do not need it.
            log.exception("the panel %s cannot be loaded from %s", each.name, each.value)
    return {**kinds, **_BUILT_IN}


class Servers:
    """The panels of the servers: each is built when it is first asked, and again when the catalogue changes it.

    ``catalog`` returns the catalogue in force, in a transaction of its own, and ``now`` the current instant.
    ``secrets`` are the values of the variables, by their names after ``KAJOOM_SERVER_``. ``kinds`` are the panels that
    a server may have, by name.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        secrets: Mapping[str, str],
        kinds: Mapping[str, PanelKind],
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._secrets = secrets
        self._kinds = kinds
        self._now = now
        self._built: dict[Server, Panel | str] = {}

    @property
    def panel_names(self) -> frozenset[str]:
        """The names of the panels that a server of the catalogue may have."""
        return frozenset({MANUAL, *self._kinds})

    def server(self, name: str) -> Server:
        """The server that a service names, or the default one for an empty name."""
        return self._catalog().server(name)

    def panel(self, server: Server) -> Panel | None:
        """The panel of a server, ``None`` when the host has no server at all.

        One that cannot be asked refuses everything and says why.
        """
        if not server.name and not server.is_by_hand:
            return None
        panel = self._panel_of(server)
        return ManualPanel(panel) if isinstance(panel, str) else panel

    def callback(self, headers: Mapping[str, str], body: bytes, at: datetime) -> PanelCallback:
        """Return what the panel of one of the servers reports.

        Raises ``InvalidSignature`` when none of them has sent the message, and ``LookupError`` when none sends any.
        """
        panels = [self._panel_of(server) for server in self._catalog().servers.values()]
        receivers = [panel for panel in panels if isinstance(panel, CallbackPanel)]
        if not receivers:
            raise LookupError("no server reports what it has done")
        problem = InvalidSignature()
        for panel in receivers:
            try:
                return panel.callback(headers, body, at)
            except InvalidSignature as error:
                problem = error
        raise problem

    def problem(self, server: Server) -> str:
        """Why the panel of a server cannot be asked, an empty text when it can."""
        panel = self._panel_of(server)
        return panel if isinstance(panel, str) else ""

    def _panel_of(self, server: Server) -> Panel | str:
        if server not in self._built:
            self._built[server] = self._build(server)
        return self._built[server]

    def _build(self, server: Server) -> Panel | str:
        """The panel of a server, or why it cannot be asked."""
        if server.is_by_hand:
            return ManualPanel()
        kind = self._kinds.get(server.panel)
        if kind is None:
            return f"no panel {server.panel!r} is installed"
        prefix = f"KAJOOM_SERVER_{variable_name(server.name)}_"
        given = {name: self._secrets.get(f"{variable_name(server.name)}_{name}", "") for name in _SECRETS}
        missing = [f"{prefix}{name} is missing" for name in kind.needs if not given[name]]
        if missing:
            return "; ".join(missing)
        token, secret, user = (given[name] for name in _SECRETS)
        private = server.allows_private_addresses
        settings = PanelSettings(server.name, server.url, token, secret, user, private, now=self._now)
        try:
            return kind(settings)
        except ValueError as error:
            return f"{prefix}{error}"
