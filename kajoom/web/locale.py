"""The language of a page: that of ``?lang=``, else the client's, the cookie's or the browser's; French by default."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_babel import Babel

from kajoom.i18n.formats import LANGUAGES, current_formats
from kajoom.operations.accounts.locale import remember_locale
from kajoom.web.auth import signed_in_client
from kajoom.web.urls import current_url, other_language_url

COOKIE = "lang"
"""The cookie that keeps the language chosen before signing in."""

_YEAR = 365 * 24 * 3600


def init_locale(app: Flask) -> None:
    """Select the language of each request, and remember the one chosen with ``?lang=``."""
    # Not fr_CA: Flask-Security's translations are under "fr" and would silently fall back to English.
    Babel(app, default_locale=LANGUAGES[0], locale_selector=_select_language, configure_jinja=False)
    app.before_request(_remember_language)
    app.after_request(_set_language_cookie)
    app.jinja_env.globals.update(current_url=current_url, other_language_url=other_language_url)


def current_language() -> str:
    """The language of the request, "fr" or "en"; an order or a cancellation made from it keeps it for its e-mails."""
    return current_formats().language


def requested_language() -> str | None:
    """The language of the query's ``lang``, ``None`` when it is missing or unknown."""
    language = request.args.get("lang")
    return language if language in LANGUAGES else None


def _select_language() -> str:
    client = signed_in_client()
    language = requested_language() or (client.locale if client else None) or request.cookies.get(COOKIE)
    if language in LANGUAGES:
        return language
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def _remember_language() -> None:
    client, language = signed_in_client(), requested_language()
    if client and language and client.locale != language:
        remember_locale(client.id, language)


def _set_language_cookie(response: Response) -> Response:
    if language := requested_language():
        response.set_cookie(COOKIE, language, max_age=_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response
