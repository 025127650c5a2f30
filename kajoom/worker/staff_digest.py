"""The daily digest to staff: what waits for them, as it is when it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kajoom import clock
from kajoom.models.daily_summary import DailySummary, daily_summary


@dataclass(frozen=True, slots=True)
class StaffDigest:
    """What waits for staff on a day, for an e-mail; ``locale`` is its language where nobody in particular reads it."""

    summary: DailySummary
    locale: str = "fr"


def staff_digest_of(ids: Mapping[str, Any], at: datetime) -> StaffDigest | None:
    """The digest that a message asks for; ``None`` once its day is over, as after a time without a worker."""
    today = clock.local(at).date()
    return StaffDigest(daily_summary(today, at)) if date.fromisoformat(ids["on"]) == today else None
