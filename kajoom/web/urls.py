"""The address of the current page, used as ``next`` of the sign-in page and for the link to the other language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from flask import Flask, has_request_context, request
from flask.globals import request_ctx

from kajoom.i18n.formats import current_formats
from kajoom.web.hosts import is_own_origin

_LOCAL_PATH = re.compile(r"/(?!/)[!-\[\]-~]{0,2000}")
"""One slash, then printable ASCII without a backslash."""


def init_urls(app: Flask) -> None:
    """Have the application keep the addresses that it has built: a page has a dozen, mostly the same ones.

    In a request an address depends on its values alone, as ``BASE_URL`` says where the site is. A full one, as in
    e-mails, is built each time.
    """
    build = app.url_for
    kept = lru_cache(maxsize=4096, typed=True)(build)

    def url_for(endpoint: str, **values: Any) -> str:
        is_path = has_request_context() and not (values.get("_external") or values.get("_scheme"))
        return kept(endpoint, **values) if is_path else build(endpoint, **values)

    app.url_for = url_for  # type: ignore[method-assign]
    app.jinja_env.globals.update(url_for=url_for, current_url=current_url, other_language_url=other_language_url)


_quote = lru_cache(maxsize=128)(quote)


@lru_cache(maxsize=128)
def _query(*fields: tuple[str, str]) -> str:
    return urlencode(fields)


def current_url(**changed: str) -> str:
    """The path and query of the current page without ``lang``, some query fields replaced by ``changed``.

    For a POST it is the page that sent the form, as the address of the POST may not be readable with GET.
    """
    current = request_ctx.request
    if current.method in {"GET", "HEAD"}:
        # A path that begins with two slashes would be read as the address of another site.
        path, query = f"/{_quote(current.root_path + current.path).lstrip('/')}", list(current.args.items(multi=True))
    else:
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
