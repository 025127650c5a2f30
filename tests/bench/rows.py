"""More services for the benchmark: one row that is asked for all the time is not what a host has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

COPIES = 60


def add_services(database: Path) -> None:
    """Copy the client's service that has no open change, 60 times, each with a domain of its own."""
    with closing(sqlite3.connect(database)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(service)") if row[1] != "id"]
        values = ["external_id || ?" if name == "external_id" else name for name in columns]
        values = ["? || label" if name == "label" else name for name in values]
        statement = (
            f"INSERT INTO service ({', '.join(columns)}) SELECT {', '.join(values)} FROM service WHERE external_id = ?"
        )
        order = [name for name in columns if name in {"external_id", "label"}]
        for number in range(COPIES):
            own = {"external_id": f"-{number}", "label": f"{number}."}
            connection.execute(statement, [*(own[name] for name in order), "demo-fr-hosting"])


def copies(database: Path) -> list[int]:
    """The ids of the copies."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT id FROM service WHERE external_id LIKE 'demo-fr-hosting-%' ORDER BY id")
        return [row[0] for row in found]
