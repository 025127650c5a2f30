"""The head of a page: its description in its language, and what keeps phones and search engines from misreading it."""

from __future__ import annotations

import re

from tests.conftest import Browser
from tests.web.conftest import Address

_PATHS = (
    "",
    "/plan",
    "/plan/review?plan=b&cycle=monthly",
    "/cancellation",
    "/cancellation/review?when=now",
    "/changes",
)


def _descriptions(browser: Browser, paths: list[str]) -> list[str]:
    pages = [
        browser.get(f"{path}{'&' if '?' in path else '?'}lang={lang}").text for path in paths for lang in ("fr", "en")
    ]
    return [re.findall(r'<meta name="description" content="([^"]+)">', page)[0] for page in pages]


def test_each_kind_of_page_has_its_own_description_in_each_language(
    client: Browser, french: Browser, address: Address
) -> None:
    paths = ["/services", "/invoices", "/account", *(address("hosting") + path for path in _PATHS)]
    found = [*_descriptions(client, ["/login"]), *_descriptions(french, paths)]
    assert len(set(found)) == 2 * (1 + len(paths))
    assert [text for text in found if not 30 <= len(text) <= 160] == []


def test_numbers_of_invoices_are_not_made_telephone_links(client: Browser) -> None:
    assert '<meta name="format-detection" content="telephone=no">' in client.get("/login").text


def test_sign_in_page_may_be_found_by_search_engines(client: Browser) -> None:
    page = client.get("/login")
    assert "noindex" not in page.text
    assert "X-Robots-Tag" not in page.headers
