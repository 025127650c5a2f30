"""Remembers a system that does not answer, so that not every request waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

_PAUSE_SECONDS = 30.0
_MOST_WAITING = 4


class CircuitBreaker:
    """Whether a system is asked, in one process; safe to share between threads.

    After a call without an answer nobody asks for ``pause`` seconds, then one call at a time until one is answered.
    At most ``most_waiting`` calls wait at once, fewer than a process has threads. ``monotonic`` returns seconds.
    """

    def __init__(
        self,
        pause: float = _PAUSE_SECONDS,
        most_waiting: int = _MOST_WAITING,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause = pause
        self._most_waiting = most_waiting
        self._monotonic = monotonic
        self._lock = Lock()
        self._open_until: float | None = None
        self._waiting = 0

    def begin(self) -> bool:
        """Whether the system may be asked now; each call that may must be followed by ``end``."""
        with self._lock:
            most_waiting = self._most_waiting
            if self._open_until is not None:
                most_waiting = 1 if self._monotonic() >= self._open_until else 0
            if self._waiting >= most_waiting:
                return False
            self._waiting += 1
            return True

    def end(self, *, answered: bool) -> None:
        """Record the end of a call that ``begin`` allowed."""
        with self._lock:
            self._waiting -= 1
        self.record(answered=answered)

    def record(self, *, answered: bool) -> None:
        """Record whether the system answered a call, also one that did not ask whether it may."""
        with self._lock:
            self._open_until = None if answered else self._monotonic() + self._pause
