"""Tasks for the host's staff: what a person must do, and from when a task is late."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

_SATURDAY = 5


class TaskKind(StrEnum):
    """What staff must do: make a change of plan, end, suspend or restore a service at its server, look at a stuck
    change, or decide about a service that stays unpaid."""

    CHANGE = "change"
    END = "end"
    UNSUSPEND = "unsuspend"
    STUCK = "stuck"
    SUSPEND = "suspend"
    UNPAID = "unpaid"


PLANNED = "planned"
USAGE_UNKNOWN = "usage_unknown"
"""Why a change is for a person from its start; a ``ReviewReason`` says why it became so."""

NEW_TERMS = "new_terms"
"""Why the package of a service is to be set on the server without an order: staff gave it another plan."""

BY_HAND = "by_hand"
PANEL_REFUSED = "panel_refused"
PANEL_LATE = "panel_late"
"""Why a person is to act on the account of a service: no panel is connected, it refused, or it has not answered."""


class AlertKind(StrEnum):
    """What staff are written to about at most once an hour.

    A message given up, a page that failed, a payment that differs at its provider, a silence of all workers, and
    services that a panel has suspended, restored or removed.
    """

    DEAD_MESSAGE = "dead_message"
    PAGE_ERROR = "page_error"
    DIFFERENCE = "difference"
    WORKER_SILENT = "worker_silent"
    SERVICES = "services"


SILENT_AFTER = timedelta(minutes=5)
"""A worker that has finished no round for this time is not running, or hangs."""


def is_late(opened_on: date, on: date) -> bool:
    """Whether a task opened on ``opened_on`` is late: the whole next business day, Monday to Friday, has passed."""
    next_day = opened_on + timedelta(days=1)
    while next_day.weekday() >= _SATURDAY:
        next_day += timedelta(days=1)
    return on > next_day
