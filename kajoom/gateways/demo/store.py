"""The state of the demonstration's provider and panel, in an SQLite file of their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path


class DemoSystem(StrEnum):
    """The two simulated systems."""

    PAYMENT = "payment"
    PANEL = "panel"


class Behaviour(StrEnum):
    """How a system handles a request.

    ``LOSE_AFTER`` and ``LOSE_BEFORE`` lose the response, after or before the effect.
    """

    ACCEPT = "accept"
    REFUSE = "refuse"
    SLOW = "slow"
    LOSE_AFTER = "lose-after"
    LOSE_BEFORE = "lose-before"
    PENDING = "pending"


_SCHEMA = """
CREATE TABLE IF NOT EXISTS behaviour (system TEXT PRIMARY KEY, name TEXT NOT NULL, once INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS charge (
    key TEXT PRIMARY KEY, cents INTEGER NOT NULL, currency TEXT NOT NULL, invoice TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS capture (key TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refund (
    key TEXT PRIMARY KEY, charge TEXT NOT NULL, cents INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS account (username TEXT PRIMARY KEY, package TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account_status (username TEXT PRIMARY KEY, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS usage (username TEXT PRIMARY KEY, amounts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS package_change (key TEXT PRIMARY KEY);
"""


class DemoStore:
    """The SQLite file, opened for each transaction so that several processes share the same state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as file:
            file.execute("PRAGMA journal_mode=WAL")
            file.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: committed at the end, rolled back on any exception."""
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    def set_behaviour(self, system: DemoSystem, behaviour: Behaviour, once: bool = False) -> None:
        """Set the behaviour of ``system`` from now on, or for the next request only with ``once``."""
        with self.transaction() as file:
            file.execute("REPLACE INTO behaviour VALUES (?, ?, ?)", (system, behaviour, once))

    def next_behaviour(self, system: DemoSystem) -> Behaviour:
        """Return the behaviour of ``system`` for this request; one set with ``once`` is then removed."""
        with self.transaction() as file:
            row = file.execute("SELECT name, once FROM behaviour WHERE system = ?", (system,)).fetchone()
            if row is None:
                return Behaviour.ACCEPT
            if row["once"]:
                file.execute("DELETE FROM behaviour WHERE system = ?", (system,))
            return Behaviour(row["name"])

    def set_usage(self, username: str, amounts: Mapping[str, int | None]) -> None:
        """Set what an account uses of some resources; the panel reports it from now on."""
        with self.transaction() as file:
            known = {**_usage_in(file, username), **amounts}
            file.execute("REPLACE INTO usage VALUES (?, ?)", (username, json.dumps(known)))

    def usage_of(self, username: str) -> dict[str, int | None]:
        """What an account uses, empty when it was never set."""
        with self.transaction() as file:
            return _usage_in(file, username)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=15, isolation_level=None)) as file:
            file.row_factory = sqlite3.Row
            file.execute("PRAGMA synchronous=FULL")
            yield file


def _usage_in(file: sqlite3.Connection, username: str) -> dict[str, int | None]:
    row = file.execute("SELECT amounts FROM usage WHERE username = ?", (username,)).fetchone()
    amounts: dict[str, int | None] = json.loads(row["amounts"]) if row else {}
    return amounts
