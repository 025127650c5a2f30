"""The panel that says why something cannot be done, with the action that resolves it."""

from __future__ import annotations

from flask import current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.web.htmx import render
from kajoom.web.refusals import REFUSAL_MESSAGES, action_for, status_of
from kajoom.web.service import get_service_or_404, product_context


def render_refusal(error: BusinessError) -> ResponseReturnValue:
    """Error handler of the views under ``/services/<service_id>``: the refusal on the page of the service.

    A form that cannot be read may be for a service that is not the client's, which is not found.
    """
    try:
        service = get_service_or_404((request.view_args or {})["service_id"])
    except NotFound as not_found:
        return current_app.handle_http_exception(not_found)  # Flask handles no exception of an error handler
    return render_blocked(service, error, status_of(error.code))


def _sentence(service: ServiceSnapshot, error: BusinessError) -> str:
    """Why it cannot be done: a service that has ended says so, whatever was asked for."""
    has_ended = error.code is Refusal.NOT_ACTIVE and service.status.has_ended
    return N_("This service has ended.") if has_ended else REFUSAL_MESSAGES[error.code]


def render_blocked(
    service: ServiceSnapshot, error: BusinessError, status: int, push: str | None = None
) -> ResponseReturnValue:
    """The panel of a refusal.

    ``status`` is 200 where a link of the page leads here, so that htmx treats the answer as a success. ``push`` is the
    address that the browser shows after a swap.
    """
    sentence = _sentence(service, error)
    return render(
        "service/blocked.html",
        "service/_blocked.html",
        title=gettext(sentence),
        push=push,
        status=status,
        service=service,
        error=error,
        sentence=sentence,
        action=action_for(error.code, service),
        page=lambda: product_context(service),
    )
