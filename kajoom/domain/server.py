"""The hosting servers of a host, each with the panel that carries changes out there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MANUAL = "manual"
"""The panel of a server on which a person makes every change."""

WEBHOOK = "webhook"
"""The panel of a system that is sent a message, and reports later what it did."""

DEMONSTRATION = "demonstration"
"""The panel of the demonstration."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the catalogue; ``panel`` is the name of an adapter and ``url`` the address at which it is asked.

    ``is_default`` is whether it is the server of services that name none. ``allows_private_addresses`` is whether a
    panel that is asked at an address of a client's or of another company's choice may be on a private network. With
    ``terminates`` its panel removes the accounts of services that end, and everything in them; without, a person does.
    """

    name: str
    panel: str
    url: str = ""
    is_default: bool = False
    allows_private_addresses: bool = False
    terminates: bool = False

    @property
    def is_by_hand(self) -> bool:
        """Whether a person makes every change there."""
        return self.panel == MANUAL

    @property
    def is_immediate(self) -> bool:
        """Whether a change is usually made there within a minute: neither by a person nor by a system that reports
        later."""
        return self.panel not in {MANUAL, WEBHOOK}


def server_named(name: str, servers: Mapping[str, Server], panel: str = MANUAL) -> Server:
    """The server that a service names: by hand when the catalogue does not have it.

    A service that names none has the default server, or the only one; where there is neither, ``panel`` carries its
    changes out.
    """
    if name:
        return servers.get(name) or Server(name, MANUAL)
    defaults = [server for server in servers.values() if server.is_default or len(servers) == 1]
    if defaults:
        return defaults[0]
    return Server("", MANUAL if servers else panel)


def variable_name(server: str) -> str:
    """A server's name as the variables of its secrets have it: "web-1" is WEB_1."""
    return server.upper().replace("-", "_")
