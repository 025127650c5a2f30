"""CSRF protection: every unsafe request needs a token of its session and an origin of this site."""

from __future__ import annotations

from flask import Flask, abort, g, request, session
from flask_wtf.csrf import CSRFProtect

from kajoom.web.hosts import is_own_origin

csrf = CSRFProtect()
"""Checks the token of every POST. Webhook views are exempt and verify a signature instead."""

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def init_csrf(app: Flask) -> None:
    """Check the origin, then the token, of each request that is not GET, HEAD or OPTIONS."""
    app.before_request(_check_origin)
    csrf.init_app(app)


def rotate_csrf_token() -> None:
    """Drop the session's token: one obtained before signing in is not valid after it."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def _check_origin() -> None:
    """Answer 403 to a request from another site, which browsers tell by ``Sec-Fetch-Site`` or ``Origin``.

    Clients that are not browsers send neither header, and go on to the check of the token or signature.
    """
    if request.method in _SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin", "none"} or (origin and not is_own_origin(origin)):
        abort(403)
