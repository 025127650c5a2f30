"""What can go wrong on the way to PayPal and back: chosen for the next requests, or drawn from a seeded urn."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Lock


class Fault(StrEnum):
    """``CUT_*`` breaks the line before or after the effect; ``SLOW`` answers when it is released."""

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


_DRAWN = tuple(fault for fault in Fault if fault not in {Fault.UNAUTHORISED, Fault.FORBIDDEN, Fault.MOVED})


@dataclass
class Faults:
    """``chance`` of 0.2 spoils one request of five; ``retry_after`` and ``slow_seconds`` bound the waits."""

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
        """Spoil the next request whose « METHOD /path » holds ``on``."""
        with self._lock:
            self._planned.append((on, fault))

    def fail_randomly(self, chance: float, seed: int, slow_seconds: float) -> None:
        """From now on spoil requests at random."""
        with self._lock:
            self.chance, self.slow_seconds, self._random = chance, slow_seconds, random.Random(seed)

    def next(self, request: str) -> Fault | None:
        """What happens to this request."""
        with self._lock:
            for planned in self._planned:
                if planned[0] in request:
                    self._planned.remove(planned)
                    return planned[1]
            if self.chance and self._random.random() < self.chance:
                return self._random.choice(_DRAWN)
        return None

    def wait(self) -> None:
        """Say that a request is here, and keep it until it is released or its time is up."""
        self.arrived.set()
        self.released.wait(self.slow_seconds)
