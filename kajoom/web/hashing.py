"""Hashing of passwords: with what, how many at once, and the hashes that were imported from another system."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ctypes import CDLL
from functools import partial
from threading import BoundedSemaphore
from typing import Any, TypeVar

from flask_security import PasswordUtil
from passlib.context import CryptContext
from werkzeug.exceptions import TooManyRequests

log = logging.getLogger(__name__)

T = TypeVar("T")

ARGON2 = {"argon2__type": "ID", "argon2__rounds": 2, "argon2__memory_cost": 19 * 1024, "argon2__parallelism": 1}
"""argon2id with 19 MiB and two passes, the first choice of OWASP's Password Storage Cheat Sheet; memory is in KiB."""

SCHEMES = ("argon2", "bcrypt", "phpass")
"""The hashes that a sign-in verifies: ours, then those of other systems, which it replaces by ours."""

_BCRYPT_BYTES = 72
"""What bcrypt reads of a password; PHP ignores the rest, the Python library refuses it."""

_C_LIBRARY = CDLL(None)

ADMITTED = 6
"""How many passwords of one process are hashed or wait for it: one and five, which wait for a sixth of a second."""

_RETRY_AFTER_SECONDS = 5

_M_ARENA_MAX = -8
"""The number of heaps, as a parameter of glibc's ``mallopt``."""


class HashingThread:
    """The one thread of this process that hashes passwords, 19 MiB each; ``admitted`` calls use or await it."""

    def __init__(self, admitted: int = ADMITTED) -> None:
        self._admitted = BoundedSemaphore(admitted)
        self._executor = ThreadPoolExecutor(1, "hashing")

    def run(self, function: Callable[[], T]) -> T:
        """What a function returns in the thread; ``TooManyRequests`` (429) when too many await it.

        Its memory is given back afterwards: glibc would keep it for the next one, and so 19 MiB for each process.
        """
        if not self._admitted.acquire(blocking=False):
            log.warning("throttled", extra={"limit": "hashing"})
            raise TooManyRequests(retry_after=_RETRY_AFTER_SECONDS)
        try:
            return self._executor.submit(self._run, function).result()
        finally:
            self._admitted.release()

    def _run(self, function: Callable[[], T]) -> T:
        try:
            return function()
        finally:
            with suppress(AttributeError):  # not glibc
                _C_LIBRARY.malloc_trim(0)


class LimitedContext(CryptContext):  # type: ignore[misc]  # passlib has no types
    """A password context that hashes and verifies one password at a time, whoever calls it."""

    def __init__(self, **policy: Any) -> None:
        super().__init__(**policy)
        self._thread = HashingThread()
        share_one_heap()

    def hash(self, secret: str, **options: Any) -> str:
        """The hash of a password."""
        return str(self._thread.run(partial(super().hash, secret, **options)))

    def verify(self, secret: str, hash: str, **options: Any) -> bool:  # noqa: A002 - passlib's name
        """Whether the password is that of the hash; never that of one which cannot be read, in the same time."""
        return self._thread.run(partial(self._verify, secret, hash, options))

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


def share_one_heap() -> None:
    """Have all threads of this process share one heap of glibc's; otherwise each that frees memory keeps it for itself.

    Only one thread at a time runs Python and asks for memory, so that none waits for another.
    """
    with suppress(AttributeError):  # not glibc
        _C_LIBRARY.mallopt(_M_ARENA_MAX, 1)


def _as_hashed(secret: str, scheme: str | None) -> str | bytes:
    """The password as the hash was made of it: normalised for ours, in UTF-8 as it was typed for the others."""
    if scheme == SCHEMES[0]:
        return secret
    typed = getattr(secret, "as_typed", secret).encode()
    return typed[:_BCRYPT_BYTES] if scheme == "bcrypt" else typed
