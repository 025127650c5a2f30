"""The device of a session: its browser, its system and a truncated address, never the whole header or address."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
}
"""What a ``User-Agent`` contains, and the browser: the first that is found, as many name others after themselves."""

_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


class Device(NamedTuple):
    """Names of a browser and a system, and a truncated address; each empty when it is not known."""

    browser: str
    system: str
    address: str


def device_of(user_agent: str, address: str) -> Device:
    """What is stored of a ``User-Agent`` header and of the address that a request came from."""
    return Device(_first_named(_BROWSERS, user_agent), _first_named(_SYSTEMS, user_agent), truncated_address(address))


def truncated_address(text: str) -> str:
    """The network of an address with ``x`` for the rest: 24 bits of IPv4, 48 bits of IPv6; empty if it is neither."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv4Address):
        return f"{str(address).rpartition('.')[0]}.x"
    if address.ipv4_mapped is not None:
        return truncated_address(str(address.ipv4_mapped))
    digits = f"{int(address):032x}"
    return ":".join([*(digits[start : start + 4].lstrip("0") or "0" for start in (0, 4, 8)), "x"])


def _first_named(names: dict[str, str], text: str) -> str:
    return next((name for part, name in names.items() if part in text), "")
