"""Where the client is: the address of the page, which signing in and the other language lead back to."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request

from kajoom.i18n.formats import current_formats


def current_url(**changed: str) -> str:
    """The address of this page and its query, the language left out, with some of its fields ``changed``.

    What answers a POST has no address of its own: there it is the page that the form was on.
    """
    path, query = request.path, list(request.args.items(multi=True))
    if request.method not in {"GET", "HEAD"}:
        path, query = _referring_page()
    fields = [(name, value) for name, value in query if name != "lang" and name not in changed]
    fields.extend(changed.items())
    return f"{path}?{urlencode(fields)}" if fields else path


def other_language_url(address: str | None = None) -> str:
    """This same page and query in the other language; ``address`` is where a swap leads, without a language."""
    if not address:
        return current_url(lang=current_formats().other)
    return f"{address}{'&' if '?' in address else '?'}lang={current_formats().other}"


def safe_local_path(address: str | None) -> str | None:
    """``address`` if it is a path and query of this house, else ``None``: nobody is led elsewhere by a link of ours."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    return None if any(ord(mark) < 0x21 or mark == "\\" for mark in address) else address


def _referring_page() -> tuple[str, list[tuple[str, str]]]:
    page = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if page.netloc != request.host or not page.path.startswith("/"):
        return "/", []
    return page.path, parse_qsl(page.query)
