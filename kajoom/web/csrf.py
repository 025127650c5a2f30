"""CSRF protection: every unsafe request needs a token of its session and an origin of this site."""

from __future__ import annotations

from functools import lru_cache

from flask import Flask, abort, g, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf

from kajoom.web.hosts import is_own_origin
from kajoom.web.parsing import SAFE_METHODS

csrf = CSRFProtect()
"""Checks the token of every POST. Webhook views are exempt and verify a signature instead."""


def init_csrf(app: Flask) -> None:
    """Check the origin, then the token, of each request that is not GET, HEAD or OPTIONS.

    The origin is checked here and not by Flask-WTF, which requires a ``Referer`` over HTTPS: many browsers send none.
    """
    app.config["WTF_CSRF_SSL_STRICT"] = False
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # it would look for the view of every page first
    app.before_request(_check_request)
    csrf.init_app(app)
    app.jinja_env.globals["csrf_token"] = _token_of_session


def rotate_csrf_token() -> None:
    """Drop the session's token: one obtained before signing in is not valid after it."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def _token_of_session() -> str:
    """The signed token for the forms of a page, signed once for all pages of a session that this process shows."""
    raw = session.get("csrf_token")
    return _signed(raw) if raw else str(generate_csrf())


@lru_cache(maxsize=1024)
def _signed(_raw: str) -> str:
    return str(generate_csrf())


def _check_request() -> None:
    """Refuse an unsafe request that does not come from a page of this site, with 403, or without its token."""
    if request.method in SAFE_METHODS:
        return
    if not _is_from_this_site():
        abort(403)
    csrf.protect(apply_exemptions=True)


def _is_from_this_site() -> bool:
    """Whether ``Sec-Fetch-Site``, else ``Origin``, else ``Referer`` names this site, or none of them was sent.

    A browser always sends the first, which no page can forge. Older ones send the two others, and ``null`` for an
    origin that they hide; clients that are not browsers send none, and have the token to show.
    """
    site, origin, referer = (request.headers.get(name, "") for name in ("Sec-Fetch-Site", "Origin", "Referer"))
    if site in {"same-origin", "same-site", "cross-site"}:
        return site == "same-origin"
    if origin not in {"", "null"}:
        return is_own_origin(origin)
    return is_own_origin(referer) if referer else not (site or origin)
