"""A line of the log: key=value pairs, with ids and without personal data."""

from __future__ import annotations

import logging
import re
from typing import Any
from uuid import uuid4

import structlog
from flask import g, has_request_context
from structlog.types import EventDict, Processor

_EMAIL = re.compile(r"[^\s@<>\"'()\[\],;:=]+@[^\s@<>\"'()\[\],;:]+")
_FIRST_KEYS = ("timestamp", "level", "event", "request")


def formatter() -> logging.Formatter:
    """Format a record of the standard library, its ``extra`` values included, as a line of key=value pairs."""
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        structlog.processors.format_exc_info,
        _hide_addresses,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.LogfmtRenderer(key_order=_FIRST_KEYS, drop_missing=True),
        ],
    )


def request_id() -> str:
    """The number of the current request, which its log lines have; given to it when it is first asked for."""
    return str(g.setdefault("request_id", uuid4().hex[:12]))


def _add_request_id(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if has_request_context():
        event["request"] = request_id()
    return event


def _hide_addresses(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace e-mail addresses, which the text of an unexpected error may contain."""
    return {key: _EMAIL.sub("[address]", value) if isinstance(value, str) else value for key, value in event.items()}
