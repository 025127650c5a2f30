"""Counting acts and refusing those over their limit, in the database: the same for every process and machine.

An act is counted before it is carried out, so that requests sent at the same moment are counted too. One that turns
out not to count (a right password, a refused form) is given back. Each is a short transaction of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from kajoom.domain.throttle import LIMITS, ThrottleKind
from kajoom.models.throttle import (
    CounterName,
    add_to_counters,
    delete_counters,
    store_counters,
    subtract_from_counters,
)
from kajoom.operations.transaction import transactional


class TooManyActs(Exception):
    """An act is over the limit of its ``kind`` until ``next_at``."""

    def __init__(self, kind: ThrottleKind, next_at: datetime) -> None:
        super().__init__(f"{kind} until {next_at}")
        self.kind, self.next_at = kind, next_at


@transactional
def count_act(names: Collection[CounterName], at: datetime) -> None:
    """Count one act in each counter; ``TooManyActs`` when it is over the limit of one, and then it counts in none."""
    counters = add_to_counters({name: LIMITS[name.kind].memory for name in names}, at)
    for name, counter in counters.items():
        if LIMITS[name.kind].refuses(counter, at):
            raise TooManyActs(name.kind, counter.next_at)
    counted = {name: LIMITS[name.kind].after(counter, at) for name, counter in counters.items()}
    store_counters({name: counter for name, counter in counted.items() if counter != counters[name]})


@transactional
def give_back(names: Collection[CounterName], at: datetime) -> None:
    """Take back an act that does not count; it was within its limit, so the next one is too."""
    subtract_from_counters(names, at)


@transactional
def record_success(forgotten: Collection[CounterName], given_back: Collection[CounterName], at: datetime) -> None:
    """Forget the failures of the ``forgotten`` counters, and take the attempt that succeeded back from the others."""
    delete_counters(forgotten)
    if given_back:
        subtract_from_counters(given_back, at)
