"""A client ends a service: at once or when what is paid runs out, and may think better of it until then."""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class CancellationWhen(StrEnum):
    """The two days a client may choose from."""

    NOW = "now"
    PERIOD_END = "period_end"


class CancellationStatus(StrEnum):
    """Open until its day, unless it is withdrawn before."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    DONE = "done"


def ends_on(when: CancellationWhen, on: date, due: date | None) -> date:
    """The first day without the service: today, or the first day not paid for (never in the past)."""
    if when is CancellationWhen.NOW or due is None:
        return on
    return max(on, due)
