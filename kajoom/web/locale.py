"""The language of a page: the one asked for, else the client's, else the browser's; French when nothing is said."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_babel import Babel

from kajoom.i18n.formats import LANGUAGES, current_formats
from kajoom.operations.accounts.locale import remember_locale
from kajoom.web.auth import signed_in_client
from kajoom.web.urls import current_url, other_language_url

COOKIE = "lang"
_YEAR = 365 * 24 * 3600


def init_locale(app: Flask) -> None:
    """Choose the language of each request, and keep the one that was asked for."""
    # Not fr_CA: Flask-Security's own sentences are kept under "fr" and would silently fall back to English.
    Babel(app, default_locale=LANGUAGES[0], locale_selector=_choose, configure_jinja=False)
    app.before_request(_remember)
    app.after_request(_keep)
    app.jinja_env.globals.update(current_url=current_url, other_language_url=other_language_url)


def current_language() -> str:
    """What the page is written in ("fr" or "en"), and what an order or a request made from it remembers."""
    return current_formats().language


def asked_language() -> str | None:
    """The language that the address itself asks for."""
    asked = request.args.get("lang")
    return asked if asked in LANGUAGES else None


def _choose() -> str:
    client = signed_in_client()
    chosen = asked_language() or (client.locale if client else None) or request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def _remember() -> None:
    client, asked = signed_in_client(), asked_language()
    if client and asked and client.locale != asked:
        remember_locale(client.id, asked)


def _keep(response: Response) -> Response:
    if asked := asked_language():
        response.set_cookie(COOKIE, asked, max_age=_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response
