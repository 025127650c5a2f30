"""Waiting for another process by polling, for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable

_POLL_SECONDS = 0.02


def until(condition: Callable[[], bool], failure: str, seconds: float = 30) -> None:
    """Return once ``condition()`` is true; ``TimeoutError`` with the message ``failure`` after some seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{failure} within {seconds} s")
        time.sleep(_POLL_SECONDS)
