"""Measuring the usage of a service while its client chooses a plan."""

from __future__ import annotations

from datetime import datetime

from flask import Response, after_this_request, current_app, request

from kajoom import clock
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.usage import FRESH_FOR, request_measure
from kajoom.web.after_response import call_after

_ASKED = "usage_asked"
"""When this process last had each service measured, in ``app.extensions``."""


def measure_after_response(service: ServiceSnapshot) -> None:
    """Have a worker measure the usage again once the page has been sent, unless the last measure is recent.

    The page waits for neither: the worker also measures before it makes a change.
    """
    at = clock.now()
    is_recent = service.measures is not None and at - service.measures.at < FRESH_FOR
    if is_recent or service.changes_by_hand or not service.username or request.method != "GET":
        return

    asked: dict[int, datetime] = current_app.extensions.setdefault(_ASKED, {})
    if service.id in asked and abs(at - asked[service.id]) < FRESH_FOR:
        return

    @after_this_request
    def queue(response: Response) -> Response:
        call_after(response, _request_once, asked, service.id, at, failure="no measure of the usage was queued")
        return response


def _request_once(asked: dict[int, datetime], service_id: int, at: datetime) -> None:
    """Have a service measured, and remember it: this process need not write again that it is to be measured."""
    request_measure(service_id, at)
    for known in [known for known, since in asked.items() if abs(at - since) >= FRESH_FOR]:
        asked.pop(known, None)
    asked[service_id] = at
