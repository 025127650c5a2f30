"""The panels of the servers that the catalogue names: built-in adapters, and those of installed packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from kajoom.domain.server import MANUAL, Server, variable_name
from kajoom.gateways.panel_port import Panel, PanelKind, PanelSettings
from kajoom.gateways.panels.manual import ManualPanel

ENTRY_POINTS = "kajoom.panels"
"""The group of entry points by which an installed package offers the class of a panel."""

_BUILT_IN: Mapping[str, PanelKind] = {}
_SECRETS = ("TOKEN", "SECRET", "USER")


def panel_kinds() -> dict[str, PanelKind]:
    """Every panel that a server may have, by the name that the catalogue uses; a built-in name is never replaced."""
    installed = {each.name: each.load() for each in entry_points(group=ENTRY_POINTS)}
    return {**installed, **_BUILT_IN}


class Servers:
    """The panels of the servers: each is built when it is first asked, and again when the catalogue changes it.

    ``server_of`` returns the server that a service names. ``secrets`` are the values of the variables, by their names
    after ``KAJOOM_SERVER_``. ``kinds`` are the panels that a server may have, by name.
    """

    def __init__(
        self, server_of: Callable[[str], Server], secrets: Mapping[str, str], kinds: Mapping[str, PanelKind]
    ) -> None:
        self._server_of = server_of
        self._secrets = secrets
        self._kinds = kinds
        self._built: dict[Server, Panel] = {}

    @property
    def panel_names(self) -> frozenset[str]:
        """The names of the panels that a server of the catalogue may have."""
        return frozenset({MANUAL, *self._kinds})

    def panel(self, name: str) -> Panel | None:
        """The panel of the server that a service names, ``None`` when the host has no server at all."""
        server = self._server_of(name)
        if not server.name:
            return ManualPanel() if server.is_by_hand else None
        if server not in self._built:
            self._built[server] = self._build(server)
        return self._built[server]

    def _build(self, server: Server) -> Panel:
        """The panel of a server; one that cannot be asked refuses everything and says why."""
        if server.panel == MANUAL:
            return ManualPanel()
        kind = self._kinds.get(server.panel)
        if kind is None:
            return ManualPanel(f"no panel {server.panel!r} is installed")
        prefix = variable_name(server.name)
        given = {name: self._secrets.get(f"{prefix}_{name}", "") for name in _SECRETS}
        missing = [f"KAJOOM_SERVER_{prefix}_{name} is missing" for name in kind.needs if not given[name]]
        if missing:
            return ManualPanel("; ".join(missing))
        return kind(
            PanelSettings(
                server.name,
                server.url,
                token=given["TOKEN"],
                secret=given["SECRET"],
                user=given["USER"],
                allows_private_addresses=server.allows_private_addresses,
            )
        )
