"""A limit on how long a payment provider or a panel is waited for, in all, by one request or one message."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_current: ContextVar[TimeLimit | None] = ContextVar("current_time_limit", default=None)


class TimeLimit:
    """Begins when it is first asked for and ends after ``seconds``; ``monotonic`` returns seconds."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._end: float | None = None

    @property
    def seconds_left(self) -> float:
        """The seconds until the end, 0 once it has come."""
        if self._end is None:
            self._end = self._monotonic() + self._seconds
        return max(0.0, self._end - self._monotonic())

    def call(self, function: Callable[[Argument], Result], argument: Argument) -> Result | None:
        """Return the result of a function, or ``None`` when it has not returned by the end.

        The function runs in a thread of its own, since no timeout of a connection limits looking its host up, or an
        answer that comes byte by byte. Inside, ``seconds_left`` gives the time that remains: a function that observes
        it begins nothing new after its caller has given up.
        """
        call = _Call(function, argument)
        context = copy_context()
        context.run(_current.set, self)
        Thread(target=context.run, args=(call.run,), name="gateway-call", daemon=True).start()
        return call.result(self.seconds_left)


def seconds_left() -> float:
    """The seconds that the current call may still take, infinite without a limit."""
    limit = _current.get()
    return math.inf if limit is None else limit.seconds_left


class _Call(Generic[Argument, Result]):
    """One call of a function, whose result or exception is passed to another thread."""

    def __init__(self, function: Callable[[Argument], Result], argument: Argument) -> None:
        self._function = function
        self._argument = argument
        self._results: SimpleQueue[tuple[Result | None, BaseException | None]] = SimpleQueue()

    def run(self) -> None:
        try:
            self._results.put((self._function(self._argument), None))
        except BaseException as error:
            self._results.put((None, error))

    def result(self, timeout: float) -> Result | None:
        """The result, ``None`` when there is none after ``timeout`` seconds; raises what the function raised."""
        try:
            result, error = self._results.get(timeout=timeout)
        except Empty:
            return None
        if error is not None:
            raise error
        return result
