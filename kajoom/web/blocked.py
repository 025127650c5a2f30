"""A panel that says why something cannot be done, with the action that lifts it."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom.domain.refusal import BusinessError
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.web.htmx import render
from kajoom.web.refusals import SENTENCES, action_for, status_of
from kajoom.web.service import own_service, product


def render_refusal(error: BusinessError) -> ResponseReturnValue:
    """What a view about a service answers when the trade refuses: the reason, beside the service it is about."""
    service = own_service((request.view_args or {})["service_id"])
    return render_blocked(service, error, status_of(error.code))


def render_blocked(
    service: ServiceSnapshot, error: BusinessError, status: int, push: str | None = None
) -> ResponseReturnValue:
    """Show why not; with status 200 where the page itself led here, so that its button never seems broken."""
    return render(
        "service/blocked.html",
        "service/_blocked.html",
        title=gettext(SENTENCES[error.code]),
        push=push,
        status=status,
        service=service,
        error=error,
        sentence=SENTENCES[error.code],
        action=action_for(error.code, service),
        page=lambda: product(service),
    )
