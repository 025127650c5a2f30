"""Health checks of the process (/healthz) and of the service (/readyz), without versions or secrets."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.models.health import health

bp = Blueprint("health", __name__)

_LATE = timedelta(minutes=10)
"""A message that has been due for longer than this means that no worker is running."""


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer 200 while the process runs."""
    return {"alive": True}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer 200 when the database is at its latest migration and no message is late, else 503 with the reason."""
    state = health()
    if state is None:
        return {"ready": False, "database": "unreachable"}, 503
    at_head = state.revision == current_app.config["REVISION"]
    is_late = state.oldest_due is not None and clock.now() - state.oldest_due > _LATE
    body = {
        "ready": at_head and not is_late,
        "database": "at its last revision" if at_head else "to be upgraded",
        "worker": "late" if is_late else "on time",
    }
    return body, 200 if body["ready"] else 503
