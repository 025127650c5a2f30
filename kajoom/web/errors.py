"""Error pages in the client's language, each with a link to go on."""

from __future__ import annotations

import logging
import math

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import ngettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, TooManyRequests

from kajoom.domain.refusal import BusinessError
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.log_lines import request_id
from kajoom.models.db import db
from kajoom.web.auth import render_sign_in_again, signed_in_client
from kajoom.web.fallback import fallback_response
from kajoom.web.htmx import wants_fragment
from kajoom.web.refusals import REFUSAL_MESSAGES, status_of
from kajoom.web.request_log import alert_of_page_error

log = logging.getLogger(__name__)

_TITLES = {
    400: N_("We could not read your request"),
    402: N_("The payment was declined"),
    403: N_("Access denied"),
    404: N_("This page does not exist"),
    405: N_("This action is not possible here"),
    409: N_("This is not possible right now"),
    413: N_("What you sent is too large"),
    422: N_("We could not process your request"),
    429: N_("Too many requests"),
    500: N_("Something went wrong on our side"),
}
_TEXTS = {
    400: N_("Reload the page and try again. Nothing was changed."),
    403: N_("This page is not open to your account, or the form did not come from our site. Nothing was changed."),
    404: N_("The address may contain a mistake, or the page no longer exists or belongs to another account."),
    405: N_("This page can’t be opened this way. Nothing was changed."),
    413: N_("It is larger than our forms accept. Nothing was changed."),
    429: N_("Wait a moment, then try again. Nothing was changed."),
    500: N_("If you were confirming or paying, check your services before trying again."),
}
_MOMENT_SECONDS = 10
_NOTIFIED = N_("Our team has been notified. If you were confirming or paying, check your services before trying again.")
_EXPIRED = N_("This page has expired. Open it again and start over. Nothing was changed.")


def init_errors(app: Flask) -> None:
    """Register the error pages of refusals, HTTP errors and exceptions."""
    app.register_error_handler(BusinessError, _handle_business_error)
    app.register_error_handler(CSRFError, _handle_csrf_error)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.register_error_handler(500, _handle_server_error)


def _handle_business_error(error: BusinessError) -> Response:
    return _render_error(status_of(error.code), REFUSAL_MESSAGES[error.code], error.code.value)


def _handle_csrf_error(_error: CSRFError) -> Response:
    if request.endpoint == "security.login":
        return render_sign_in_again(403)
    return _render_error(403, _EXPIRED)


def _handle_http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error.get_response())
    response = _render_error(error.code, _TEXTS.get(_known(error.code), _TEXTS[400]), minutes=minutes_to_wait(error))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _handle_server_error(error: Exception) -> Response:
    """The page of an unexpected exception; it does not need the database, which may be what failed.

    It says that staff have been notified only if they have: the exception is logged, and they are written to.
    """
    g.client = None
    try:
        db.session.rollback()
    except Exception:
        log.exception("the transaction could not be rolled back")
        return _render_error(500, _TEXTS[500])
    is_notified = alert_of_page_error(getattr(error, "original_exception", None) or error)
    return _render_error(500, _NOTIFIED if is_notified else _TEXTS[500])


def minutes_to_wait(error: HTTPException) -> int:
    """The minutes after which a throttled request may be tried again, rounded up; 0 for a moment."""
    seconds = error.retry_after if isinstance(error, TooManyRequests) and isinstance(error.retry_after, int) else 0
    return math.ceil(seconds / 60) if seconds > _MOMENT_SECONDS else 0


def wait_sentence(minutes: int) -> str:
    """The sentence that says when a throttled request may be tried again."""
    return str(
        ngettext(
            "There were too many attempts in a short time. Try again in %(num)d minute.",
            "There were too many attempts in a short time. Try again in %(num)d minutes.",
            minutes,
        )
    )


def _known(status: int) -> int:
    """The status whose title and text an error page has: another one is unreadable (4xx) or ours (5xx)."""
    return status if status in _TITLES else 500 if status >= 500 else 400


def _render_error(status: int, text: str, refusal: str = "", minutes: int = 0) -> Response:
    """The error page, or the last page when rendering it fails as well."""
    try:
        return _render_page(status, text, refusal, minutes)
    except Exception:
        log.exception("the page of an error %s failed", status)
        return fallback_response(current_app, status)


def _render_page(status: int, text: str, refusal: str, minutes: int) -> Response:
    """The error page; for htmx a paragraph shown in ``#alert`` whatever the target, so that no panel is lost."""
    is_fragment = wants_fragment()
    template = "errors/_error.html" if is_fragment else "errors/error.html"
    body = render_template(
        template,
        title=gettext(_TITLES[_known(status)]),
        text=" ".join((wait_sentence(minutes), gettext("Nothing was changed."))) if minutes else gettext(text),
        refusal=refusal,
        status=status,
        request_id=request_id() if status >= 500 else None,
        next_step=_next_step(status),
    )
    return make_response(body, status, {"HX-Retarget": "#alert", "HX-Reswap": "innerHTML"} if is_fragment else {})


def _next_step(status: int) -> tuple[str, str]:
    """The link of an error page, address and label: the service it is about, the services, or the sign-in page."""
    service_id = (request.view_args or {}).get("service_id")
    if service_id is not None and status != 404 and status < 500 and signed_in_client():
        return url_for("service.show", service_id=service_id), gettext("Back to the service")
    if signed_in_client() or status >= 500:
        return url_for("service.index"), gettext("Back to my services")
    # Any other form need not have been read: that of a webhook is not, and reading it may raise.
    next_url = request.form.get("next") if request.endpoint == "security.login" else None
    return url_for("security.login", next=next_url or None), gettext("Sign in")
