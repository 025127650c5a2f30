"""Every form that changes something carries a token of this session, and comes from a page of this house."""

from __future__ import annotations

from flask import Flask, abort, g, request, session
from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
"""The guard of every POST; what another system posts is exempted where it is received, and proves itself there."""

_SAFE = {"GET", "HEAD", "OPTIONS"}


def init_csrf(app: Flask) -> None:
    """Check the origin, then the token, of whatever is not merely read."""
    app.before_request(_check_origin)
    csrf.init_app(app)


def rotate_csrf_token() -> None:
    """Forget the session's token, so that the one known before signing in is worth nothing after it."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def _check_origin() -> None:
    """Browsers say where a request comes from; another system says nothing, and must have another proof."""
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin", "none"} or (origin and origin != request.host_url.rstrip("/")):
        abort(403)
