"""What stands outside our database, read from where the demonstration's provider and panel keep it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kajoom.domain.payment import AttemptStatus


@dataclass(frozen=True)
class World:
    """What the provider truly ``took`` and ``gave_back``, in cents: by the name our payments have for it, and by the
    key of our refund. ``packages`` is what the panel has each account on, as far as it was ever told."""

    took: Mapping[str, int] = field(default_factory=dict)
    gave_back: Mapping[str, int] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)


def world_of(demonstration: Path) -> World:
    """The world as the demonstration's own file tells it."""
    with closing(sqlite3.connect(demonstration)) as file:
        charges = file.execute("SELECT key, cents FROM charge WHERE status = ?", (AttemptStatus.CAPTURED,))
        took = {f"demonstration:demonstration-{key}": cents for key, cents in charges}
        refunds = file.execute("SELECT key, cents FROM refund WHERE status = ?", (AttemptStatus.CAPTURED,))
        gave_back = dict(refunds.fetchall())
        packages = dict(file.execute("SELECT username, package FROM account").fetchall())
    return World(took, gave_back, packages)
