"""The address that a host name stands for, looked up once, so that what is checked is what is asked."""

from __future__ import annotations

import ipaddress
import socket

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for an IPv4 one, also for a private one."""


class PrivateAddress(Exception):
    """The host name stands for an address that is not public."""


def public_address(host: str, port: int) -> str | None:
    """An address of a host, ``None`` when it cannot be looked up now.

    Raises ``PrivateAddress`` when any of its addresses is on a private network, this machine or a link.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    addresses = [str(each[4][0]) for each in found]
    if not all(map(_is_public, addresses)):
        raise PrivateAddress
    return addresses[0] if addresses else None


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.sixtofour is not None or address.teredo is not None or address in _TRANSLATED:
            return False
    return address.is_global and not address.is_multicast
