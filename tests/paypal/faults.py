"""Faults of the fake PayPal: planned for the next requests, or random with a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Lock


class Fault(StrEnum):
    """A fault before or after the effect of a request; ``CUT`` closes the connection and ``SLOW`` waits."""

    CUT_BEFORE = "cut-before"
    CUT_AFTER = "cut-after"
    ERROR_BEFORE = "error-before"
    ERROR_AFTER = "error-after"
    GARBAGE_BEFORE = "garbage-before"
    GARBAGE_AFTER = "garbage-after"
    TOO_MANY = "too-many"
    SLOW_BEFORE = "slow-before"
    SLOW_AFTER = "slow-after"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    MOVED = "moved"


_RANDOM_FAULTS = tuple(fault for fault in Fault if fault not in {Fault.UNAUTHORISED, Fault.FORBIDDEN, Fault.MOVED})


@dataclass
class Faults:
    """The faults to apply: with a ``chance`` of 0.2 one request of five fails. ``slow_seconds`` limits ``SLOW``."""

    chance: float = 0.0
    seed: int = 0
    retry_after: str = "1"
    slow_seconds: float = 30.0
    released: Event = field(default_factory=Event)
    arrived: Event = field(default_factory=Event)
    _planned: list[tuple[str, Fault]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def plan(self, fault: Fault, on: str = "") -> None:
        """Apply a fault to the next request whose "METHOD /path" contains ``on``."""
        with self._lock:
            self._planned.append((on, fault))

    def fail_randomly(self, chance: float, seed: int, slow_seconds: float) -> None:
        """Apply random faults from now on."""
        with self._lock:
            self.chance, self.slow_seconds, self._random = chance, slow_seconds, random.Random(seed)

    def next(self, request: str) -> Fault | None:
        """Return the fault of this request, ``None`` without one."""
        with self._lock:
            for planned in self._planned:
                if planned[0] in request:
                    self._planned.remove(planned)
                    return planned[1]
            if self.chance and self._random.random() < self.chance:
                return self._random.choice(_RANDOM_FAULTS)
        return None

    def wait(self) -> None:
        """Set ``arrived`` and wait for ``released`` or ``slow_seconds``."""
        self.arrived.set()
        self.released.wait(self.slow_seconds)
