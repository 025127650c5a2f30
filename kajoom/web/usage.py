"""Measuring the usage of a service while its client chooses a plan."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from flask import Flask, Response, after_this_request, current_app, request

from kajoom import clock
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.usage import FRESH_FOR, request_measure

log = logging.getLogger(__name__)


def measure_after_response(service: ServiceSnapshot) -> None:
    """Have a worker measure the usage again once the page has been sent, unless the last measure is recent.

    The page waits for neither: the worker also measures before it makes a change.
    """
    at = clock.now()
    is_recent = service.measures is not None and at - service.measures.at < FRESH_FOR
    if is_recent or service.changes_by_hand or not service.username or request.method != "GET":
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    @after_this_request
    def queue(response: Response) -> Response:
        response.call_on_close(partial(_queue, app, service.id, at))
        return response


def _queue(app: Flask, service_id: int, at: datetime) -> None:
    """Queue the measure, or do without when the database is busy or fails."""
    try:
        with app.app_context():
            request_measure(service_id, at)
    except Exception as error:
        log.info("no measure of the usage was queued", extra={"reason": type(error).__name__})
