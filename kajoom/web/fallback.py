"""The last error page: in both languages, made beforehand, shown when the usual error page itself fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response

from kajoom.web.hosts import site_prefix

log = logging.getLogger(__name__)

_PAGE = """<!doctype html>
<html lang="fr-CA">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{french} / {english}</title>
</head>
<body>
<main>
<h1>{french}</h1>
<p>Si vous étiez en train de confirmer ou de payer, consultez vos services avant de réessayer.</p>
<p><a href="{home}">Retour à mes services</a></p>
<div lang="en-CA">
<h2>{english}</h2>
<p>If you were confirming or paying, check your services before trying again.</p>
<p><a href="{home}">Back to my services</a></p>
</div>
</main>
</body>
</html>
"""
_OURS = ("Une erreur est survenue de notre côté", "Something went wrong on our side")
_THEIRS = ("Nous n’avons pas pu traiter votre demande", "We could not process your request")


def init_fallback(app: Flask, headers: Mapping[str, str]) -> None:
    """Answer whatever escapes the application with the last page and the security ``headers``.

    In debug mode and in tests that ask for it the exception goes on.
    """
    home = f"{site_prefix(app)}/services"
    pages = {is_ours: _page(is_ours, home) for is_ours in (True, False)}
    app.extensions["fallback_pages"] = pages
    all_headers = [*headers.items(), ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
    wsgi_app = app.wsgi_app

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        try:
            return wsgi_app(environ, start_response)
        except Exception as error:
            if app.debug or app.testing:
                raise
            log.exception("a request ended outside the application")
            start_response("500 Internal Server Error", all_headers, (type(error), error, error.__traceback__))
            return [pages[True]]

    app.wsgi_app = guarded  # type: ignore[method-assign]


def fallback_response(app: Flask, status: int) -> Response:
    """The last page with a status, for an error handler whose own page failed."""
    pages: Mapping[bool, bytes] = app.extensions["fallback_pages"]
    return Response(pages[status >= HTTPStatus.INTERNAL_SERVER_ERROR], status)


def _page(is_ours: bool, home: str) -> bytes:
    french, english = _OURS if is_ours else _THEIRS
    return _PAGE.format(french=french, english=english, home=home).encode()
