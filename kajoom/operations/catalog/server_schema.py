"""The servers in a host's catalogue file, and what is wrong between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, StrictBool

from kajoom.domain.server import variable_name
from kajoom.operations.catalog.schema import Table
from kajoom.operations.catalog.values import Text, check_server_url

PANELS = ("demonstration", "manual", "webhook", "whm")
"""The panels that are built in."""

_ASKED = ("webhook", "whm")
"""The built-in panels that are asked at an address."""


class ServerEntry(Table):
    """A server: the ``panel`` that carries changes out there, and the ``url`` at which it is asked.

    ``default`` is whether it is the server of services that name none, and ``private`` whether its panel may be at an
    address of a private network. ``terminate`` is whether the panel removes the accounts of services that end.
    """

    panel: Text
    url: Annotated[Text, AfterValidator(check_server_url)] = ""
    default: StrictBool = False
    private: StrictBool = False
    terminate: StrictBool = False

    def columns(self) -> dict[str, Any]:
        """The fields of ``Server``."""
        return {
            "panel": self.panel,
            "url": self.url,
            "is_default": self.default,
            "allows_private_addresses": self.private,
            "terminates": self.terminate,
        }


def server_errors(servers: Mapping[str, Mapping[str, Any]], panels: Collection[str]) -> Iterator[tuple[str, str]]:
    """The place and reason of what is wrong with servers although each of their values is valid.

    ``panels`` are those that are installed.
    """
    first: dict[str, str] = {}
    default = ""
    for name, server in servers.items():
        place, panel = f"servers.{name}", server.get("panel")
        other = first.setdefault(variable_name(name), name)
        if other != name:
            yield place, f"its variables would be those of {other}: KAJOOM_SERVER_{variable_name(name)}_…"
        if isinstance(panel, str) and panel.strip() and panel.strip() not in panels:
            yield f"{place}.panel", f"no panel {panel!r}: {', '.join(sorted(panels))} expected"
        if panel in _ASKED and not server.get("url"):
            yield f"{place}.url", f"missing: a server of the panel {panel!r} is asked at an address"
        if panel == "webhook" and str(server.get("url")).startswith("http:") and server.get("private") is not True:
            yield f"{place}.url", "an address that begins with https:// expected, unless private = true"
        if server.get("default") is True and default:
            yield f"{place}.default", f"{default} is the default server already"
        elif server.get("default") is True:
            default = name
