"""What goes wrong is said in the client's language, with a way on; a refusal is an answer, a fault is loud."""

from __future__ import annotations

from flask import Flask, Response, abort, g, make_response, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from kajoom.domain.refusal import BusinessError
from kajoom.i18n.translations import N_
from kajoom.models.db import db
from kajoom.web.auth import signed_in_client
from kajoom.web.htmx import wants_fragment
from kajoom.web.refusals import SENTENCES, status_of

_UNREADABLE = ("\0", "\N{REPLACEMENT CHARACTER}")

_TITLES = {
    400: N_("This request could not be read"),
    402: N_("The payment was refused"),
    403: N_("This is not permitted"),
    404: N_("This page does not exist"),
    405: N_("This cannot be done here"),
    409: N_("This cannot be done now"),
    413: N_("This is too large"),
    422: N_("This request could not be read"),
    429: N_("Too many requests"),
    500: N_("Something went wrong on our side"),
}
_TEXTS = {
    400: N_("Part of what was sent could not be read. Nothing was changed."),
    403: N_("This page came from elsewhere or is not yours to use. Nothing was changed."),
    404: N_("The address may be mistyped, or what it led to is not yours or is no longer there."),
    405: N_("This address is not opened that way. Nothing was changed."),
    413: N_("What was sent is larger than any form of ours. Nothing was changed."),
    429: N_("Wait a moment, then try again. Nothing was changed."),
    500: N_("We have been told. If you were confirming or paying, look at your services before trying again."),
}
_EXPIRED = N_("This page has expired. Open it again and repeat what you were doing: nothing was changed.")


def init_errors(app: Flask) -> None:
    """Give every refusal and every fault its page."""
    app.before_request(_reject_unreadable_text)
    app.register_error_handler(BusinessError, _handle_business_error)
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(500, _broken)


def _reject_unreadable_text() -> None:
    """Text that no client ever typed is refused before anything looks at it."""
    sent = [request.path]
    for fields in (request.args, request.form):
        sent.extend(text for pair in fields.items(multi=True) for text in pair)
    if any(mark in text for text in sent for mark in _UNREADABLE):
        abort(400)


def _handle_business_error(error: BusinessError) -> Response:
    return _answer(status_of(error.code), SENTENCES[error.code], error.code.value)


def _expired(_error: CSRFError) -> Response:
    return _answer(403, _EXPIRED)


def _failed(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code not in _TITLES:
        return make_response(error.get_response())
    answer = _answer(error.code, _TEXTS.get(error.code, _TEXTS[400]))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _broken(_error: Exception) -> Response:
    """The page of a fault asks nothing of the database: it may be what failed."""
    db.session.rollback()
    g.client = None
    return _answer(500, _TEXTS[500])


def _answer(status: int, text: str, refusal: str = "") -> Response:
    template = "errors/_error.html" if wants_fragment() else "errors/error.html"
    body = render_template(
        template,
        title=gettext(_TITLES[status]),
        text=gettext(text),
        refusal=refusal,
        status=status,
        back=_next_step_url(status),
    )
    return make_response(body, status)


def _next_step_url(status: int) -> str:
    service_id = (request.view_args or {}).get("service_id")
    if service_id is not None and status not in {404, 500} and signed_in_client():
        return url_for("service.show", service_id=service_id)
    return url_for("service.index") if signed_in_client() or status == 500 else url_for("security.login")
