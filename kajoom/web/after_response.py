"""What is stored once a response has been sent, so that no page waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, current_app

log = logging.getLogger(__name__)


def call_after(response: Response, operation: Callable[..., Any], *arguments: Any, failure: str) -> None:
    """Call an operation once the response has been sent, or do without when the database is busy or fails.

    ``failure`` is then logged.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    response.call_on_close(partial(_call, app, partial(operation, *arguments), failure))


def _call(app: Flask, operation: Callable[[], Any], failure: str) -> None:
    try:
        with app.app_context():
            operation()
    except Exception as error:
        log.info(failure, extra={"reason": type(error).__name__})
