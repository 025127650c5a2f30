"""Health checks of the process (/healthz) and of the service (/readyz), without versions or secrets."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.task import SILENT_AFTER
from kajoom.models.health import QueueHealth, is_reachable, queue_health
from kajoom.models.revision import revision

log = logging.getLogger(__name__)

bp = Blueprint("health", __name__)

_DEPLOYMENT = timedelta(hours=1)
"""Workers that were heard within this time may be about to start again, like the process that asks."""


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer 200 while the process runs."""
    return {"alive": True}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer 200, or 503 with the codes of what is wrong; the details only with the operator's token."""
    try:
        reasons, details = _examine(clock.now())
    except Exception:
        log.exception("the readiness check failed")
        reasons, details = ["database"], {}
    if reasons:
        log.warning("not ready", extra={"reasons": ",".join(reasons)})
    body: dict[str, Any] = {"status": "not_ready" if reasons else "ready", "reasons": reasons}
    if _has_token():
        body["details"] = details
    return body, 503 if reasons else 200


def _examine(at: datetime) -> tuple[list[str], dict[str, Any]]:
    """The codes of what is wrong at ``at``, and the details; an older schema is asked nothing more."""
    if not is_reachable():
        return ["database"], {}
    current, latest = revision(), current_app.config["REVISION"]
    if current != latest:
        return ["migrations"], {"revision": current, "latest": latest}
    queue = queue_health(at)
    return list(_reasons(queue, at)), _details(queue, at)


def _reasons(queue: QueueHealth, at: datetime) -> Iterator[str]:
    last = queue.workers[0].seen_at if queue.workers else None
    if _is_silent(last, at):
        yield "worker_silent"
    if queue.dead:
        yield "dead_messages"
    if queue.late:
        yield "messages_late"


def _is_silent(last: datetime | None, at: datetime) -> bool:
    """Whether no worker was heard for five minutes, ``last`` being the last heartbeat.

    The time before this process started does not count while a worker may still be starting: its own, or one stopped
    within the hour for a deployment. A process without a worker says nothing about one that was silent for longer.
    """
    started: datetime = current_app.extensions["started_at"]
    has_worker = "embedded-worker" in current_app.extensions
    if last is None or has_worker or at - last <= _DEPLOYMENT:
        last = max(last or started, started)
    return at - last > SILENT_AFTER


def _details(queue: QueueHealth, at: datetime) -> dict[str, Any]:
    return {
        "workers": [
            {"name": each.name, "seconds_since_last_round": int((at - each.seen_at).total_seconds())}
            for each in queue.workers
        ],
        "dead_messages": queue.dead,
        "late_messages": queue.late,
    }


def _has_token() -> bool:
    """Whether the request bears ``READY_TOKEN``; without one configured nobody does."""
    token = current_app.config.get("READY_TOKEN", "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
