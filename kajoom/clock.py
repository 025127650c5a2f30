"""The only reader of the current time. Entry points call it; layers below are given the day or the instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import current_app


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """The time in one time zone. ``now`` returns an aware instant in UTC; tests replace it by a fixed one."""

    def __init__(self, zone: ZoneInfo, now: Callable[[], datetime] = _utc_now) -> None:
        self.zone = zone
        self.now = now


def current_clock() -> Clock:
    """The clock of the current application."""
    clock: Clock = current_app.extensions["clock"]
    return clock


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return current_clock().now()


def local(at: datetime) -> datetime:
    """The instant ``at`` in the host's time zone."""
    return at.astimezone(current_clock().zone)


def at_local_time(day: date, hour: int) -> datetime:
    """The instant of a whole ``hour`` (0-23) on a ``day`` in the host's time zone."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=current_clock().zone)


def today() -> date:
    """The calendar day in the host's time zone, from which prices and due dates are computed."""
    return local(now()).date()
