"""The calendar day of an instant, for operations that are given only the instant at which they happen."""

from __future__ import annotations

from datetime import date, datetime

from flask import current_app


def local_day(at: datetime) -> date:
    """The calendar day of ``at`` in the host's time zone."""
    day: date = at.astimezone(current_app.extensions["clock"].zone).date()
    return day
