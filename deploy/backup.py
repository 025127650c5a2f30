"""Back the database up into a folder, while everything runs: ``.venv/bin/python deploy/backup.py FOLDER``.

The copy is read again: how many rows each table has in it is written beside it, as ``deploy/rows.py`` counts them in a
database. Copies of more than 14 days are deleted.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

DAYS = 14
_SQLITE, _POSTGRESQL = "sqlite:///", "postgresql+psycopg://"
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_COPY = re.compile(r'COPY (?:public\.)?"?(\w+)"? .*FROM stdin;')


def back_up(url: str, folder: Path) -> tuple[Path, Mapping[str, int]]:
    """Write a copy and return its path and its rows by table; nothing is left under its name if anything fails."""
    name = time.strftime("kajoom-%Y%m%dT%H%M%SZ", time.gmtime())
    if url.startswith(_SQLITE):
        path, copy, count = folder / f"{name}.sqlite", _copy_sqlite, _rows_of_sqlite
    elif url.startswith(_POSTGRESQL):
        path, copy, count = folder / f"{name}.dump", _dump_postgresql, _rows_of_dump
    else:
        raise SystemExit("KAJOOM_DATABASE_URL is neither SQLite nor PostgreSQL")
    part = path.with_name(f"{path.name}.part")
    copy(url, part)
    rows = count(part)
    path.with_name(f"{name}.rows").write_text("".join(f"{table} {rows[table]}\n" for table in sorted(rows)))
    part.rename(path)
    return path, rows


def _copy_sqlite(url: str, part: Path) -> None:
    source = Path(url.removeprefix(_SQLITE))
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy, pages=1000)
        copy.execute("PRAGMA journal_mode = DELETE")


def _rows_of_sqlite(part: Path) -> Mapping[str, int]:
    with closing(sqlite3.connect(part)) as copy:
        [(state,)] = copy.execute("PRAGMA integrity_check").fetchall()
        if state != "ok":
            raise SystemExit(f"{part} is damaged: {state}")
        tables = [
            name
            for (name,) in copy.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        # The names are those of the database's own tables.
        return {name: copy.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608


def _dump_postgresql(url: str, part: Path) -> None:
    """Everything as of one instant; the address is that of the configuration without the name of the driver."""
    address = f"postgresql://{url.removeprefix(_POSTGRESQL)}"
    _run("pg_dump", "--format=custom", "--no-owner", f"--file={part}", address)


def _rows_of_dump(part: Path) -> Mapping[str, int]:
    """The rows in the dump itself, each a line after the COPY of its table."""
    rows: Counter[str] = Counter()
    table = ""
    for line in _run("pg_restore", "--data-only", "--file=-", str(part)).splitlines():
        if found := _COPY.fullmatch(line):
            table = found[1]
            rows[table] = 0
        elif line == "\\.":
            table = ""
        elif table:
            rows[table] += 1
    return rows


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout  # noqa: S603 - no shell


def delete_old(folder: Path) -> None:
    """Delete the copies that are older than ``DAYS``."""
    for path in folder.glob("kajoom-*"):
        if path.stat().st_mtime < time.time() - DAYS * 24 * 3600:
            path.unlink()


def main() -> None:
    """Back up the database of ``KAJOOM_DATABASE_URL``, by default the SQLite file of ``instance``."""
    folder = Path(sys.argv[1])
    default = f"{_SQLITE}{Path(__file__).resolve().parents[1] / 'instance' / 'kajoom.sqlite'}"
    path, rows = back_up(os.environ.get("KAJOOM_DATABASE_URL") or default, folder)
    delete_old(folder)
    sys.stdout.write(f"{path}: {path.stat().st_size} bytes, {len(rows)} tables, {sum(rows.values())} rows\n")


if __name__ == "__main__":
    main()
