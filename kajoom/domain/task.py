"""Tasks for the host's staff: what a person must do, and from when a task is late."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

_SATURDAY = 5


class TaskKind(StrEnum):
    """What staff must do: make a change of plan, end a service, lift its suspension, or look at a stuck change."""

    CHANGE = "change"
    END = "end"
    UNSUSPEND = "unsuspend"
    STUCK = "stuck"


PLANNED = "planned"
USAGE_UNKNOWN = "usage_unknown"
"""Why a change is for a person from its start; a ``ReviewReason`` says why it became so."""

NEW_TERMS = "new_terms"
"""Why the package of a service is to be set on the server without an order: staff gave it another plan."""


class AlertKind(StrEnum):
    """What staff are written to about at most once an hour.

    A message given up, a page that failed, a payment that differs at its provider, and a silence of all workers.
    """

    DEAD_MESSAGE = "dead_message"
    PAGE_ERROR = "page_error"
    DIFFERENCE = "difference"
    WORKER_SILENT = "worker_silent"


SILENT_AFTER = timedelta(minutes=5)
"""A worker that has finished no round for this time is not running, or hangs."""


def is_late(opened_on: date, on: date) -> bool:
    """Whether a task opened on ``opened_on`` is late: the whole next business day, Monday to Friday, has passed."""
    next_day = opened_on + timedelta(days=1)
    while next_day.weekday() >= _SATURDAY:
        next_day += timedelta(days=1)
    return on > next_day
