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


def is_late(opened_on: date, on: date) -> bool:
    """Whether a task opened on ``opened_on`` is late: the whole next business day, Monday to Friday, has passed."""
    next_day = opened_on + timedelta(days=1)
    while next_day.weekday() >= _SATURDAY:
        next_day += timedelta(days=1)
    return on > next_day
