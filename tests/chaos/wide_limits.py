"""The application with limits that nobody reaches: one client and one address send thousands of requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import Flask

from app import create_app
from kajoom.domain.throttle import ThrottleKind, Window
from kajoom.operations.accounts import throttling

NAME = "LIMITS"
WIDE_LIMITS = dict.fromkeys(ThrottleKind, Window(10**9, timedelta(hours=1)))


def application() -> Flask:
    """The application for gunicorn."""
    setattr(throttling, NAME, WIDE_LIMITS)
    return create_app()


@contextmanager
def wide_limits() -> Iterator[None]:
    """Use these limits in this process, inside the block."""
    before = getattr(throttling, NAME)
    setattr(throttling, NAME, WIDE_LIMITS)
    try:
        yield
    finally:
        setattr(throttling, NAME, before)
