"""Every page that a browser can reach by links, and the addresses in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from tests.conftest import Browser

_ADDRESS = re.compile(r'\b(?:href|src|action|formaction|data-hx-(?:get|post)|hx-(?:get|post))="([^"]*)"')
_LINK = re.compile(r'\b(?:href|data-hx-get)="([^"]*)"')


def addresses(page: str) -> list[str]:
    """The addresses of links, forms, files and parts that a page fetches; not those of e-mail and telephone."""
    found = (unescape(address) for address in _ADDRESS.findall(page))
    return [address for address in found if not address.startswith(("mailto:", "tel:", "#", "?"))]


def crawl(browser: Browser, start: str, *, most: int = 25) -> Iterator[tuple[str, str]]:
    """The address and the text of the pages that links lead to from ``start``, each address once without its query."""
    waiting: list[str] = [start]
    seen: set[str] = set()
    while waiting and len(seen) < most:
        address = waiting.pop(0)
        place = re.sub(r"[?#].*", "", address)
        if place in seen:
            continue
        seen.add(place)
        response = browser.get(address)
        if response.status_code != 200 or response.mimetype != "text/html":
            continue
        yield address, response.text
        waiting += [
            unescape(link)
            for link in _LINK.findall(response.text)
            if unescape(link).startswith("/") and "/static/" not in link
        ]
