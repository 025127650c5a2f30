"""The state of the provider and the panel, read from where the demonstration keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from kajoom.domain.payment import AttemptStatus


@dataclass(frozen=True)
class ExternalState:
    """What happened outside the application's database.

    ``captured`` maps the provider and its reference to cents, ``refunded`` the key of a refund to cents, and
    ``packages`` a username to the package that the panel was last given for it.
    """

    captured: Mapping[str, int] = field(default_factory=dict)
    refunded: Mapping[str, int] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)


def read_demo_state(demonstration: Path) -> ExternalState:
    """The state in the file of the demonstration's provider and panel."""
    with closing(sqlite3.connect(demonstration)) as file:
        charges = file.execute("SELECT key, cents FROM charge WHERE status = ?", (AttemptStatus.CAPTURED,))
        captured = {f"demonstration:demonstration-{key}": cents for key, cents in charges}
        refunds = file.execute("SELECT key, cents FROM refund WHERE status = ?", (AttemptStatus.CAPTURED,))
        refunded = dict(refunds.fetchall())
        packages = dict(file.execute("SELECT username, package FROM account").fetchall())
    return ExternalState(captured, refunded, packages)
