"""Whether a database holds the demonstration, whose passwords are public."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from kajoom.models.client import Client
from kajoom.models.db import begin_mode

_ACCOUNTS = {"fr@example.com": "demo-fr", "en@example.com": "demo-en"}
"""The e-mail addresses of the demonstration's clients, and their ids in its files."""


def holds_demonstration(database_url: str, folder: Path) -> bool:
    """Whether ``flask demo load`` filled a database; ``False`` for one that has no tables or cannot be read now.

    ``folder`` is where a relative SQLite file is. The connection is closed again: a server may then fork.
    """
    url = make_url(database_url)
    wait = {"connect_timeout": 5}
    if url.drivername == "sqlite":
        path = folder / (url.database or "")
        if not path.is_file():
            return False
        url, wait = url.set(database=str(path)), {}
    engine = create_engine(url, poolclass=NullPool, connect_args=wait)
    accounts = select(Client.id).where(Client.email.in_(_ACCOUNTS), Client.external_id.in_(_ACCOUNTS.values()))
    try:
        with begin_mode(read_only=True), engine.connect() as connection:
            return connection.execute(accounts.limit(1)).first() is not None
    except SQLAlchemyError:
        return False
