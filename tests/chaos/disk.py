"""A full disk: a small one that is mounted where that is allowed, else SQLite's own limit on the size of its file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from kajoom.models.db import db

_SIZE = "4m"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Create ``folder`` on a disk of a few megabytes; yields whether mounting it was allowed."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder], check=False, capture_output=True
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)


@contextmanager
def full_disk(folder: Path, is_mounted: bool) -> Iterator[None]:
    """Fill the disk of ``folder`` inside the block, or limit SQLite's file if no disk is mounted."""
    if not is_mounted:
        with pragma("max_page_count = 1"):  # SQLite raises it to the present number of pages
            yield
        return
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    yield
    ballast.unlink()


@contextmanager
def pragma(setting: str) -> Iterator[None]:
    """Execute a PRAGMA on every connection opened inside the block."""

    def execute(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {setting}").close()

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", execute)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", execute)
        db.session.remove()
        db.engine.dispose()
