"""What follows when a renewal stays unpaid: when its service is suspended, and when staff decide about its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

NOTICE = timedelta(days=3)
"""How long before a suspension its client knows of it at least."""

MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class UnpaidPolicy:
    """After how many days from its due date an unpaid renewal has its service suspended, and staff decide about it.

    ``None`` is never.
    """

    suspend_days: int | None = None
    terminate_days: int | None = None

    @classmethod
    def read(cls, billing: Mapping[str, Any]) -> UnpaidPolicy:
        """The policy that the catalogue stores."""
        return cls(billing.get("suspend_days"), billing.get("terminate_days"))

    def suspends_on(self, due_on: date, told_on: date) -> date | None:
        """The day of the suspension for a renewal due on ``due_on``, of which the client is told on ``told_on``."""
        if self.suspend_days is None:
            return None
        return max(due_on + timedelta(days=self.suspend_days), told_on + NOTICE)

    def decided_from(self, on: date) -> date | None:
        """The latest due date of the renewals that staff decide about on the day ``on``."""
        return on - timedelta(days=self.terminate_days) if self.terminate_days is not None else None
