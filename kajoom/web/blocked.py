"""A panel that says why something cannot be done, with the action that lifts it."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from kajoom.domain.refusal import Refused
from kajoom.models.service_snapshot import Held
from kajoom.web.htmx import render
from kajoom.web.refusals import SENTENCES, action_for, status_of
from kajoom.web.service import own_service, product
from kajoom.i18n.formats import words


def refused_here(refused: Refused) -> ResponseReturnValue:
    """What a view about a service answers when the trade refuses: the reason, beside the service it is about."""
    held = own_service((request.view_args or {})["service_id"])
    return blocked(held, refused, status_of(refused.reason))


def blocked(held: Held, refused: Refused, status: int, push: str | None = None) -> ResponseReturnValue:
    """Show why not; with status 200 where the page itself led here, so that its button never seems broken."""
    return render(
        "service/blocked.html",
        "service/_blocked.html",
        title=words().gettext(SENTENCES[refused.reason]),
        push=push,
        status=status,
        held=held,
        refused=refused,
        sentence=SENTENCES[refused.reason],
        action=action_for(refused.reason, held),
        page=lambda: product(held),
    )
