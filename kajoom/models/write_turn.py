"""Turns to write on SQLite: whoever has written lets those who wait go first."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_SECONDS = 0.001

_CODE = 0xFF
"""What is left of an extended error code of SQLite is the code itself."""


def begin_in_turn(driver: sqlite3.Connection, folder: str, limit_ms: int) -> None:
    """Begin a transaction that writes, within ``limit_ms``; afterwards that is the connection's ``busy_timeout`` again.

    SQLite has no queue: it looks whether the write lock is free, less and less often, up to each 100 ms, and a process
    that writes all the time takes the lock again before anybody has looked. Here the one who waits for the lock has the
    turn, a lock of the ``folder`` that everyone takes first, and looks each millisecond: who has just written cannot
    begin again before.

    ``sqlite3.OperationalError`` when the lock is not free within the limit.
    """
    end = time.monotonic() + limit_ms / 1000
    with _turn(folder, end):
        driver.execute("PRAGMA busy_timeout=0").close()
        try:
            while not _begins(driver, is_last=time.monotonic() >= end):
                time.sleep(_LOOK_SECONDS)
        finally:
            driver.execute(f"PRAGMA busy_timeout={limit_ms}").close()


@contextmanager
def _turn(folder: str, end: float) -> Iterator[None]:
    """Have the turn inside the ``with``, or after ``end`` go on without it.

    The lock ends with its process, however that ends. A folder that cannot be opened or locked has no turns: writers
    then only look often.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        while not _takes(descriptor) and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _takes(descriptor: int) -> bool:
    """Take the lock of an open folder, unless somebody has it; also ``True`` where folders cannot be locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _begins(driver: sqlite3.Connection, *, is_last: bool) -> bool:
    """Begin the transaction, unless somebody writes; for the ``is_last`` look that is an error."""
    try:
        driver.execute("BEGIN IMMEDIATE").close()
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode & _CODE != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
