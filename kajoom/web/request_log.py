"""Log lines of requests: sign-ins, refusals of access, and what failed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_security import user_authenticated

from kajoom import clock
from kajoom.domain.device import truncated_address
from kajoom.domain.task import AlertKind
from kajoom.log_lines import request_id
from kajoom.operations.outbox import send_alert

log = logging.getLogger(__name__)

_REFUSALS = frozenset({401, 403})

_ALERTS = "page-error-alerts"
_ALERT_INTERVAL = timedelta(hours=1)


def init_request_log(app: Flask) -> None:
    """Log sign-ins and refusals of access; ``throttling`` logs wrong passwords and codes."""
    app.extensions[_ALERTS] = {}
    app.log_exception = _log_exception  # type: ignore[method-assign]
    user_authenticated.connect(_log_sign_in, app)
    app.after_request(_log_refusal)


def alert_of_page_error(error: BaseException) -> bool:
    """Write to staff about an unexpected exception of a page, at most once an hour for each class of exceptions.

    Returns whether staff were or will be written to: not when the database is what failed.
    """
    kind, at = type(error).__name__, clock.now()
    alerts: dict[str, datetime] = current_app.extensions[_ALERTS]
    if kind in alerts and timedelta(0) <= at - alerts[kind] < _ALERT_INTERVAL:
        return True
    try:
        send_alert(AlertKind.PAGE_ERROR, kind, at, request=request_id())
    except Exception:
        log.exception("staff could not be alerted")
        return False
    alerts[kind] = at
    return True


def _log_exception(exc_info: Any) -> None:
    """Log an unexpected exception; not the address, which may hold a token."""
    log.error("page failed", exc_info=exc_info, extra={"endpoint": request.endpoint, "method": request.method})


def _log_sign_in(_app: Flask, user: Any, **_signal: Any) -> None:
    log.info("signed in", extra={**origin_of_request(), "client": user.id})


def origin_of_request() -> dict[str, Any]:
    """Who sent a request, for the security log: the page, the network of the address, and the signed-in client's id."""
    client = g.get("client")
    ids = {"client": client.id} if client else {}
    return {"endpoint": request.endpoint, "network": truncated_address(request.remote_addr or ""), **ids}


def _log_refusal(response: Response) -> Response:
    """Log a refusal of access.

    What is another client's is not found; who is signed in and asks for something that is not theirs is logged too.
    """
    status, is_signed_in = response.status_code, g.get("client") is not None
    if status in _REFUSALS or (status == HTTPStatus.NOT_FOUND and request.view_args and is_signed_in):
        log.warning("access refused", extra={"status": status, **origin_of_request()})
    return response
