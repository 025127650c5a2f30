"""The address of the current page, used as ``next`` of the sign-in page and for the link to the other language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from flask import Flask, has_request_context, request

from kajoom.i18n.formats import current_formats
from kajoom.web.hosts import is_own_origin

_LOCAL_PATH = re.compile(r"/(?!/)[!-\[\]-~]{0,2000}")
"""One slash, then printable ASCII without a backslash."""


def init_urls(app: Flask) -> None:
    """Give templates a ``url_for`` that keeps what it has built: a page has a dozen addresses, mostly the same ones.

    An address depends on the values and, below a path prefix, on where the site is; a full one, as in e-mails, is built
    each time.
    """

    @lru_cache(maxsize=4096)
    def kept_url(_root_path: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if "_external" in values or not has_request_context():
            return app.url_for(endpoint, **values)
        return kept_url(request.root_path, endpoint, tuple(values.items()))

    app.jinja_env.globals.update(url_for=url_for, current_url=current_url, other_language_url=other_language_url)


_quote = lru_cache(maxsize=128)(quote)


@lru_cache(maxsize=128)
def _query(*fields: tuple[str, str]) -> str:
    return urlencode(fields)


def current_url(**changed: str) -> str:
    """The path and query of the current page without ``lang``, some query fields replaced by ``changed``.

    For a POST it is the page that sent the form, as the address of the POST may not be readable with GET.
    """
    # A path that begins with two slashes would be read as the address of another site.
    path, query = f"/{_quote(request.root_path + request.path).lstrip('/')}", list(request.args.items(multi=True))
    if request.method not in {"GET", "HEAD"}:
        path, query = _referring_page()
    fields = [(name, value) for name, value in query if name != "lang" and name not in changed]
    fields.extend(changed.items())
    return f"{path}?{_query(*fields)}" if fields else path


def other_language_url(address: str | None = None) -> str:
    """The current page in the other language; ``address`` is the one shown after an htmx swap, without ``lang``."""
    if not address:
        return current_url(lang=current_formats().other)
    return f"{address}{'&' if '?' in address else '?'}lang={current_formats().other}"


def safe_local_path(address: str | None) -> str | None:
    """``address`` if it is a path of this site, else ``None`` (a ``next`` parameter must not redirect elsewhere).

    Browsers read ``//``, and a backslash as a slash, as the beginning of another site's address, and skip line breaks.
    The links of our pages are ASCII, and a header takes nothing else.
    """
    return address if address and _LOCAL_PATH.fullmatch(address) else None


def _referring_page() -> tuple[str, list[tuple[str, str]]]:
    """The page that sent a form; the first page when it is not known, is another site's or cannot be read."""
    address = request.headers.get("HX-Current-URL") or request.referrer or ""
    if not is_own_origin(address):
        return "/", []
    page = urlsplit(address)
    return safe_local_path(page.path) or "/", parse_qsl(page.query)
