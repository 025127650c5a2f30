"""What a panel measured of a service lately."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from kajoom.domain.usage import Amounts, is_believed
from kajoom.models.day import local_day


class Measures(NamedTuple):
    """The resources of a service that its panel has measured lately, and when."""

    resources: frozenset[str]
    at: datetime

    def covers(self, usage: Amounts | None) -> bool:
        """Whether every amount of a usage that is known was measured."""
        return {resource for resource, amount in (usage or {}).items() if amount is not None} <= self.resources


def measures_of(measured: Amounts | None, at: datetime | None, on: date) -> Measures | None:
    """What was ``measured`` and still counts on the day ``on``, ``None`` when nothing does."""
    if measured is None or at is None or not is_believed(local_day(at), on):
        return None
    resources = frozenset(resource for resource, amount in measured.items() if amount is not None)
    return Measures(resources, at) if resources else None
