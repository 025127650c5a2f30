"""The language of a page: that of ``?lang=``, else the client's, the cookie's or the browser's; French by default."""

from __future__ import annotations

from flask import Flask, Response, request, session
from flask_babel import Babel

from kajoom.i18n.formats import LANGUAGES, current_formats
from kajoom.operations.accounts.locale import remember_locale
from kajoom.web.auth import signed_in_client
from kajoom.web.hosts import cookie_name
from kajoom.web.session import LANGUAGE, WITHOUT_SESSION
from kajoom.web.urls import current_url, other_language_url

COOKIE = "lang"
"""The cookie that keeps the language chosen before signing in."""

_YEAR = 365 * 24 * 3600


def init_locale(app: Flask) -> None:
    """Select the language of each request, and remember the one chosen with ``?lang=``."""
    # Not fr_CA: Flask-Security's translations are under "fr" and would silently fall back to English.
    Babel(app, default_locale=LANGUAGES[0], locale_selector=_select_language, configure_jinja=False)
    app.after_request(_remember_language)
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
    language = requested_language() or (client.locale if client else None) or _language_before()
    return language if language in LANGUAGES else _accepted_language()


def _language_before() -> str | None:
    """The language of a visitor's cookie, else of the client whose session has expired in this browser."""
    return request.cookies.get(cookie_name(COOKIE)) or session.get(LANGUAGE)


def _accepted_language() -> str:
    """The first language of the browser that we have, whatever its country: ``fr-CA`` is French before ``en;q=0.8``."""
    for tag, quality in request.accept_languages:
        language = tag.replace("_", "-").partition("-")[0].lower()
        if quality > 0 and language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _remember_language(response: Response) -> Response:
    """Remember the language chosen by ``?lang=``, for the client or in a cookie, of a page that was really opened."""
    language = requested_language()
    if language is None or not _is_opened(response):
        return response
    client = signed_in_client()
    if client and client.locale != language:
        remember_locale(client.id, language)
    response.set_cookie(
        cookie_name(COOKIE),
        language,
        max_age=_YEAR,
        path=request.root_path or "/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _is_opened(response: Response) -> bool:
    """Whether a person opened a page: not for HEAD, an error, a static file, or a browser that fetches it ahead."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    is_page = request.method == "GET" and request.endpoint not in WITHOUT_SESSION and "prefetch" not in purpose
    return is_page and response.status_code < 400
