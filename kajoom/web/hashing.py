"""How many passwords are hashed at once: a burst of sign-ins must not take every thread and processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from passlib.context import CryptContext
from werkzeug.exceptions import TooManyRequests

ARGON2 = {"argon2__type": "ID", "argon2__rounds": 2, "argon2__memory_cost": 19 * 1024, "argon2__parallelism": 1}
"""argon2id with 19 MiB and two passes, the first choice of OWASP's Password Storage Cheat Sheet; memory is in KiB."""

RUNNING, WAITING = 2, 4
_RETRY_AFTER_SECONDS = 5


class HashingLimit:
    """Lets ``running`` threads of this process hash at once and ``waiting`` others wait for their turn."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING) -> None:
        self._running = BoundedSemaphore(running)
        self._admitted = BoundedSemaphore(running + waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and keep it inside the ``with``; raise ``TooManyRequests`` (429) when too many wait."""
        if not self._admitted.acquire(blocking=False):
            raise TooManyRequests(retry_after=_RETRY_AFTER_SECONDS)
        try:
            with self._running:
                yield
        finally:
            self._admitted.release()


class LimitedContext(CryptContext):  # type: ignore[misc]  # passlib has no types
    """A password context that hashes and verifies within a limit, whoever calls it."""

    def __init__(self, limit: HashingLimit, **policy: Any) -> None:
        super().__init__(**policy)
        self._limit = limit

    def hash(self, secret: str, **options: Any) -> str:
        """The hash of a password."""
        with self._limit.turn():
            return str(super().hash(secret, **options))

    def verify(self, secret: str, hash: str, **options: Any) -> bool:  # noqa: A002 - passlib's name
        """Whether the password is that of the hash."""
        with self._limit.turn():
            return bool(super().verify(secret, hash, **options))
