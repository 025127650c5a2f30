"""Hashing of passwords: with what, how many at once, and the hashes that were imported from another system."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from flask_security import PasswordUtil
from passlib.context import CryptContext
from werkzeug.exceptions import TooManyRequests

log = logging.getLogger(__name__)

ARGON2 = {"argon2__type": "ID", "argon2__rounds": 2, "argon2__memory_cost": 19 * 1024, "argon2__parallelism": 1}
"""argon2id with 19 MiB and two passes, the first choice of OWASP's Password Storage Cheat Sheet; memory is in KiB."""

SCHEMES = ("argon2", "bcrypt", "phpass")
"""The hashes that a sign-in verifies: ours, then those of other systems, which it replaces by ours."""

_BCRYPT_BYTES = 72
"""What bcrypt reads of a password; PHP ignores the rest, the Python library refuses it."""

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
            log.warning("throttled", extra={"limit": "hashing"})
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
        # glibc keeps what argon2 used for the next hash of the same thread: 19 MiB for each thread that ever hashed.
        self._threads = ThreadPoolExecutor(RUNNING, "hashing")

    def hash(self, secret: str, **options: Any) -> str:
        """The hash of a password."""
        with self._limit.turn():
            return str(self._threads.submit(super().hash, secret, **options).result())

    def verify(self, secret: str, hash: str, **options: Any) -> bool:  # noqa: A002 - passlib's name
        """Whether the password is that of the hash; never that of one which cannot be read, in the same time."""
        with self._limit.turn():
            return self._threads.submit(self._verify, secret, hash, options).result()

    def _verify(self, secret: str, hashed: str, options: dict[str, Any]) -> bool:
        try:
            return bool(super().verify(_as_hashed(secret, self.identify(hashed)), hashed, **options))
        except ValueError:
            super().hash(secret)
            return False


class NormalizedPassword(str):
    """A normalised password that remembers what was typed, of which other systems have made their hashes."""

    as_typed: str


class TypedPasswordUtil(PasswordUtil):
    """Normalises passwords as Flask-Security does."""

    def normalize(self, password: str) -> str:
        """The normalised password, as ``NormalizedPassword``."""
        normalized = NormalizedPassword(super().normalize(password))
        normalized.as_typed = password
        return normalized


def _as_hashed(secret: str, scheme: str | None) -> str | bytes:
    """The password as the hash was made of it: normalised for ours, in UTF-8 as it was typed for the others."""
    if scheme == SCHEMES[0]:
        return secret
    typed = getattr(secret, "as_typed", secret).encode()
    return typed[:_BCRYPT_BYTES] if scheme == "bcrypt" else typed
