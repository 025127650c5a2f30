"""A real process is awaited by asking it, again and again, for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

_PAUSE_SECONDS = 0.02


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Ask until it is so; ``TimeoutError`` says ``what`` was awaited in vain."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(_PAUSE_SECONDS)
