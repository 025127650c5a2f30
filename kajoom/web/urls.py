"""The address of the current page, used as ``next`` of the sign-in page and for the link to the other language."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request

from kajoom.i18n.formats import current_formats


def current_url(**changed: str) -> str:
    """The path and query of the current page without ``lang``, some query fields replaced by ``changed``.

    For a POST it is the page that sent the form, as the address of the POST may not be readable with GET.
    """
    path, query = request.root_path + request.path, list(request.args.items(multi=True))
    if request.method not in {"GET", "HEAD"}:
        path, query = _referring_page()
    fields = [(name, value) for name, value in query if name != "lang" and name not in changed]
    fields.extend(changed.items())
    return f"{path}?{urlencode(fields)}" if fields else path


def other_language_url(address: str | None = None) -> str:
    """The current page in the other language; ``address`` is the one shown after an htmx swap, without ``lang``."""
    if not address:
        return current_url(lang=current_formats().other)
    return f"{address}{'&' if '?' in address else '?'}lang={current_formats().other}"


def safe_local_path(address: str | None) -> str | None:
    """``address`` if it is a path of this site, else ``None`` (a ``next`` parameter must not redirect elsewhere)."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    return None if any(ord(character) < 0x21 or character == "\\" for character in address) else address


def _referring_page() -> tuple[str, list[tuple[str, str]]]:
    page = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if page.netloc != request.host or not page.path.startswith("/"):
        return "/", []
    return page.path, parse_qsl(page.query)
