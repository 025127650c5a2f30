"""Whether the house is alive, and whether it is ready to work; neither answer holds a version or a secret."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.models.health import health

bp = Blueprint("health", __name__)

_LATE = timedelta(minutes=10)
"""A message that has been due for longer than this says that no worker is at it."""


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return {"alive": True}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers at its last revision, and what is due is being done; 503 with what is wrong otherwise."""
    found = health()
    if found is None:
        return {"ready": False, "database": "unreachable"}, 503
    at_head = found.revision == current_app.config["REVISION"]
    is_late = found.oldest_due is not None and clock.now() - found.oldest_due > _LATE
    answer = {
        "ready": at_head and not is_late,
        "database": "at its last revision" if at_head else "to be upgraded",
        "worker": "late" if is_late else "on time",
    }
    return answer, 200 if answer["ready"] else 503
