"""Measuring the usage of a service while its client chooses a plan."""

from __future__ import annotations

from flask import Response, after_this_request, request

from kajoom import clock
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.usage import FRESH_FOR, request_measure
from kajoom.web.after_response import call_after


def measure_after_response(service: ServiceSnapshot) -> None:
    """Have a worker measure the usage again once the page has been sent, unless the last measure is recent.

    The page waits for neither: the worker also measures before it makes a change.
    """
    at = clock.now()
    is_recent = service.measures is not None and at - service.measures.at < FRESH_FOR
    if is_recent or service.changes_by_hand or not service.username or request.method != "GET":
        return

    @after_this_request
    def queue(response: Response) -> Response:
        call_after(response, request_measure, service.id, at, failure="no measure of the usage was queued")
        return response
