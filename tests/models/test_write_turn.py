"""Turns to write on SQLite: a limit to waiting, and what happens where there are no turns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kajoom.models.write_turn import begin_in_turn
from tests.write_turns import is_turn_taken

_LIMIT_MS = 20


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Two connections to one file, which begin no transaction by themselves."""
    path = tmp_path / "file.sqlite"
    with closing(sqlite3.connect(path)) as first, closing(sqlite3.connect(path)) as second:
        first.isolation_level = second.isolation_level = None
        first.execute("PRAGMA journal_mode=WAL").close()
        yield first, second


Connections = tuple[sqlite3.Connection, sqlite3.Connection]


def test_writer_gives_up_after_the_limit_and_leaves_the_turn(connections: Connections, tmp_path: Path) -> None:
    first, second = connections
    begin_in_turn(first, str(tmp_path), _LIMIT_MS)
    assert not is_turn_taken(str(tmp_path))
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        begin_in_turn(second, str(tmp_path), _LIMIT_MS)
    assert not is_turn_taken(str(tmp_path))
    assert second.execute("PRAGMA busy_timeout").fetchone() == (_LIMIT_MS,)
    first.execute("COMMIT")
    begin_in_turn(second, str(tmp_path), _LIMIT_MS)
    assert second.in_transaction


def test_writer_begins_without_a_turn_where_the_folder_cannot_be_opened(connections: Connections) -> None:
    begin_in_turn(connections[0], "/no/such/folder", _LIMIT_MS)
    assert connections[0].in_transaction


def test_other_error_is_not_waited_for(connections: Connections, tmp_path: Path) -> None:
    begin_in_turn(connections[0], str(tmp_path), _LIMIT_MS)
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin_in_turn(connections[0], str(tmp_path), _LIMIT_MS)
