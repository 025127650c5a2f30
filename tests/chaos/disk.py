"""A disk that fills up: a real small one where this machine lets us mount it, else SQLite's own bound on its file."""

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
    """Have ``folder`` lie on a disk of a few megabytes; whether that was allowed."""
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
def full(folder: Path, is_small: bool) -> Iterator[None]:
    """Nothing more fits on the disk inside."""
    if not is_small:
        with pragma("max_page_count = 1"):  # as many as there are, and not one more
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
def pragma(said: str) -> Iterator[None]:
    """Every connection to the database is told this inside."""

    def enqueue(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {said}").close()

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", enqueue)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", enqueue)
        db.session.remove()
        db.engine.dispose()
