"""The turn to write on SQLite, as a process that waits for it sees it."""

from __future__ import annotations

import fcntl
import os


def is_turn_taken(folder: str) -> bool:
    """Whether somebody waits for the write lock of a database in the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
