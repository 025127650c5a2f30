"""The language of a page: that of ``?lang=``, else the cookie's, the client's or the browser's; French by default.

``?lang=`` writes the cookie only. The client's own language, which e-mails follow, is stored with their next form.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, g, request, session
from flask_babel import get_babel

from kajoom.i18n.formats import LANGUAGES, current_formats
from kajoom.operations.accounts.locale import remember_locale
from kajoom.web.auth import signed_in_client
from kajoom.web.hosts import cookie_name, keep_cookie
from kajoom.web.session import LANGUAGE, WITHOUT_SESSION

COOKIE = "lang"
"""The cookie that keeps the language chosen in this browser."""


def init_locale(app: Flask) -> None:
    """Select the language of each request, and remember the one chosen with ``?lang=``."""
    get_babel(app).locale_selector = _select_language
    app.after_request(_remember_language)


def current_language() -> str:
    """The language of the request, "fr" or "en"; an order or a cancellation made from it keeps it for its e-mails."""
    return current_formats().language


def requested_language() -> str | None:
    """The language of the query's ``lang``, ``None`` when it is missing or unknown."""
    language = request.args.get("lang")
    return language if language in LANGUAGES else None


def choose_language(language: str) -> None:
    """Have this browser and the client keep a language, "fr" or "en", from the answer to this request on."""
    g.chosen_language = language


def _select_language() -> str:
    client = signed_in_client()
    language = requested_language() or _cookie_language() or (client.locale if client else session.get(LANGUAGE))
    return language if language in LANGUAGES else _accepted_language()


def _cookie_language() -> str | None:
    language = request.cookies.get(cookie_name(COOKIE))
    return language if language in LANGUAGES else None


def _accepted_language() -> str:
    """The first language of the browser that we have, whatever its country: ``fr-CA`` is French before ``en;q=0.8``."""
    for tag, quality in request.accept_languages:
        language = tag.replace("_", "-").partition("-")[0].lower()
        if quality > 0 and language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _remember_language(response: Response) -> Response:
    """Store the language that was chosen: in the cookie by a page that was opened, for the client by a form."""
    chosen: str | None = g.get("chosen_language")
    if chosen is None and (requested := requested_language()) and _is_opened(response):
        chosen = requested
    if chosen is not None:
        keep_cookie(response, COOKIE, chosen, "Lax")
    if request.method == "POST" and response.status_code < HTTPStatus.BAD_REQUEST:
        _store_for_client(g.get("chosen_language") or _cookie_language())
    return response


def _store_for_client(language: str | None) -> None:
    client = signed_in_client() if language else None
    if client and language and client.locale != language:
        remember_locale(client.id, language)


def _is_opened(response: Response) -> bool:
    """Whether a person opened a page: not for HEAD, an error, a static file, a browser that fetches it ahead, or a page
    of another site, which may have chosen the language."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    is_page = request.method == "GET" and request.endpoint not in WITHOUT_SESSION and "prefetch" not in purpose
    is_ours = request.headers.get("Sec-Fetch-Site") != "cross-site"
    return is_page and is_ours and response.status_code < HTTPStatus.BAD_REQUEST
