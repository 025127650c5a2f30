"""From when the renewals of services are issued here: another system does it until a host has moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class RenewalPolicy:
    """Whether renewals are issued: with ``is_off`` not at all, or not before the day ``since`` where that is given."""

    is_off: bool = False
    since: date | None = None

    @classmethod
    def read(cls, billing: Mapping[str, Any]) -> RenewalPolicy:
        """The policy that the catalogue stores."""
        since = billing.get("renewals_from")
        return cls(billing.get("renewals") == "off", date.fromisoformat(since) if since else None)

    def are_issued_on(self, day: date) -> bool:
        """Whether renewals are issued on a day."""
        return not self.is_off if self.since is None else day >= self.since
