"""The browsers that have signed in to an account: a signed cookie, which counts their wrong passwords apart.

It opens nothing: it only says that the failures of others, from the same network or against the same account, are not
those of this browser (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Response, after_this_request, current_app, request
from flask_security import user_authenticated
from itsdangerous import BadSignature, URLSafeTimedSerializer

from kajoom.operations.accounts.links import signing_keys
from kajoom.web.hosts import YEAR, cookie_name, keep_cookie

COOKIE = "device"
"""The cookie: a random name of the browser, and the ids of its accounts."""

_MAX_ACCOUNTS = 8
"""Accounts of one browser: the last ones that signed in."""


def init_known_device(app: Flask) -> None:
    """Remember each browser that signs in, whichever way it does."""
    user_authenticated.connect(_remember, app)


def known_device_of(client_id: int) -> str | None:
    """The random name of the browser that sent the request, if it has signed in to the account within a year."""
    name, accounts = _read_cookie()
    return name if client_id in accounts else None


def has_signed_in() -> bool:
    """Whether the browser has signed in to an account, whichever."""
    return bool(_read_cookie()[1])


def _remember(_app: Flask, user: Any, **_signal: Any) -> None:
    name, accounts = _read_cookie()
    remembered = [user.id, *(each for each in accounts if each != user.id)][:_MAX_ACCOUNTS]
    value = _serializer().dumps([name or secrets.token_urlsafe(16), *remembered])

    @after_this_request
    def set_cookie(response: Response) -> Response:
        keep_cookie(response, COOKIE, value, "Strict")
        return response


def _read_cookie() -> tuple[str, list[int]]:
    """The name and the accounts of the cookie; none of one that is missing, forged, too old or not what is written."""
    try:
        value = _serializer().loads(request.cookies.get(cookie_name(COOKIE), ""), max_age=YEAR)
    except BadSignature:
        return "", []
    if not (isinstance(value, list) and value and isinstance(value[0], str)):
        return "", []
    return value[0], [each for each in value[1:] if isinstance(each, int)]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(current_app.config), salt="known device")
