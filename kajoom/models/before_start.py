"""What is read of the database before the application is built, by a connection that is closed again.

A server may fork afterwards. The tables are named without their mappings, which a command may not need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, Row, Select, column, create_engine, make_url, select, table
from sqlalchemy.exc import SQLAlchemyError

from kajoom.domain.server import Server
from kajoom.models.db import begin_mode
from kajoom.models.types import json_column

_ACCOUNTS = {"fr@example.com": "demo-fr", "en@example.com": "demo-en"}
"""The e-mail addresses of the demonstration's clients, and their ids in its files."""

_CLIENT = table("client", column("id"), column("email"), column("external_id"))
_CATALOG = table("catalog_version", column("servers", json_column()))


def holds_demonstration(database_url: str, folder: Path) -> bool:
    """Whether ``flask demo load`` filled a database, so that its passwords are public."""
    accounts = select(_CLIENT.c.id).where(_CLIENT.c.email.in_(_ACCOUNTS), _CLIENT.c.external_id.in_(_ACCOUNTS.values()))
    return _first_row(database_url, folder, accounts) is not None


def stored_servers(database_url: str, folder: Path) -> dict[str, Server] | None:
    """The servers of the catalogue by name, ``None`` before the first load of one."""
    row = _first_row(database_url, folder, select(_CATALOG.c.servers))
    return None if row is None else {name: Server(name, **columns) for name, columns in row[0].items()}


def _first_row(database_url: str, folder: Path, query: Select[Any]) -> Row[Any] | None:
    """The first row of a query, ``None`` also of a database that has no tables or cannot be read now.

    ``folder`` is where a relative SQLite file is.
    """
    url = make_url(database_url)
    wait = {"connect_timeout": 5}
    if url.drivername == "sqlite":
        path = folder / (url.database or "")
        if not path.is_file():
            return None
        url, wait = url.set(database=str(path)), {}
    engine = create_engine(url, poolclass=NullPool, connect_args=wait)
    try:
        with begin_mode(read_only=True), engine.connect() as connection:
            return connection.execute(query.limit(1)).first()
    except SQLAlchemyError:
        return None
