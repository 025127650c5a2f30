"""Databases for tests: SQLite files, and a PostgreSQL server that runs for the whole session.

A database is filled once (tables, catalogue, demonstration), saved, and restored before each test.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, event

from kajoom.models.db import db
from tests.wait import until

ENGINES = ("SQLite", "PostgreSQL")
_FULL = 2
"""SQLite's number for ``PRAGMA synchronous=FULL``."""


@event.listens_for(Engine, "connect")
def _write_without_waiting_for_the_disk(connection: Any, _record: Any) -> None:
    """Spare each commit an fsync of some milliseconds: a test outlives no power cut.

    ``AssertionError`` when the application did not ask for durable writes first.
    """
    if isinstance(connection, sqlite3.Connection):
        assert connection.execute("PRAGMA synchronous").fetchone() == (_FULL,)
        connection.execute("PRAGMA synchronous=OFF").close()


class Database(Protocol):
    """A database whose contents can be saved once and restored many times."""

    url: str

    def save(self) -> None:
        """Save the present contents."""

    def restore(self) -> None:
        """Bring the saved contents back; connections may be open meanwhile, transactions may not."""


DatabaseFactory = Callable[[str], Database]


class SqliteDatabase:
    """A SQLite file; its saved contents are a second file."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self.path, self._saved = path, path.with_suffix(".saved")

    def save(self) -> None:
        """Copy the database to the second file."""
        _copy(self.path, self._saved)

    def restore(self) -> None:
        """Copy the second file over the database."""
        _copy(self._saved, self.path)


def _copy(source: Path, target: Path) -> None:
    """Replace the contents of a database by those of another, with SQLite's backup."""
    with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(target, timeout=15)) as writer:
        writer.execute("PRAGMA synchronous=OFF")
        reader.backup(writer)


_empty_tables: list[bytes] = []
"""A SQLite file with empty tables, once this process has made one."""


def create_tables() -> None:
    """Create the tables of the current application's empty database.

    In SQLite they are copied from those that this process made first: 40 tables take more time than most tests.
    """
    name = db.engine.url.database if db.engine.name == "sqlite" else None
    if name is None:
        db.create_all()
    elif _empty_tables:
        Path(name).write_bytes(_empty_tables[0])
    else:
        db.create_all()
        with closing(sqlite3.connect(name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            _empty_tables.append(connection.serialize())


class PostgresDatabase:
    """A database of a cluster; its saved contents are copies of its tables in the schema ``saved``."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        name = f"{name}_{next(cluster.numbers)}"
        with cluster.connect("postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self.url = cluster.url(name)
        self._cluster, self._name = cluster, name
        self._script = ""

    def save(self) -> None:
        """Copy every table, and write the script that restores tables and sequences."""
        with self._cluster.connect(self._name) as connection:
            tables = connection.execute(
                "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            copies = ";".join(f"CREATE TABLE saved.{table} AS TABLE public.{table}" for (table,) in tables)
            connection.execute(f"DROP SCHEMA IF EXISTS saved CASCADE; CREATE SCHEMA saved; {copies}".encode())
            sequences = connection.execute(
                "SELECT quote_literal(quote_ident(sequencename)), coalesce(last_value, 1), last_value IS NOT NULL"
                " FROM pg_sequences WHERE schemaname = 'public'"
            ).fetchall()
        self._script = ";".join(
            (
                # Switches the foreign keys off, so that the order of the tables does not matter.
                "SET session_replication_role = replica",
                *(f"DELETE FROM public.{table}" for (table,) in tables),
                *(f"INSERT INTO public.{table} TABLE saved.{table}" for (table,) in tables),
                *(f"SELECT setval({name}, {value}, {called})" for name, value, called in sequences),
            )
        )

    def restore(self) -> None:
        """Run the script; ``psycopg.errors.LockNotAvailable`` when a test left a transaction open."""
        with self._cluster.connect(self._name) as connection:
            connection.execute("SET lock_timeout = '5s'")
            connection.execute(self._script.encode())


class Cluster:
    """A running PostgreSQL server that listens on a Unix socket in its own folder only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count(1)

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database, as ``KAJOOM_DATABASE_URL`` takes it."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    @contextmanager
    def connect(self, name: str) -> Iterator[psycopg.Connection]:
        """A connection to a database, in autocommit mode."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=name, autocommit=True) as connection:
            yield connection


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Cluster]:
    """Start a new cluster; stop and remove it at the end. Its writes are not synced to disk unless ``durable``.

    Raises ``LookupError`` when PostgreSQL is not installed.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="kajoom-postgres-"))
    try:
        as_owner = _change_owner(folder)
        data = folder / "data"
        initdb: list[str | Path] = [
            *as_owner,
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        command = [*initdb, "--no-sync", "--locale=C"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        settings = {"listen_addresses": "", "max_connections": "200", "deadlock_timeout": "100ms"}
        if not durable:
            settings |= dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "off")
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*as_owner, programs / "postgres", "-D", data, "-k", folder, *options], stderr=log, cwd=folder
            )
        try:
            cluster = Cluster(folder)
            until(lambda: _is_ready(server, cluster), "PostgreSQL is not ready")
            yield cluster
        finally:
            server.send_signal(signal.SIGINT)  # "fast" shutdown: open connections are closed
            server.wait()
    finally:
        shutil.rmtree(folder)


@contextmanager
def new_database(engine: str, folder: Path, name: str, *, durable: bool = False) -> Iterator[str]:
    """Give the URL of an empty database on "sqlite", in ``folder``, or on "postgresql", on a new cluster."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'kajoom.sqlite'}"
        return
    with postgres(durable=durable) as cluster:
        yield PostgresDatabase(cluster, name).url


def _programs() -> Path:
    """The folder of the newest PostgreSQL of Debian's packages, else of the one on the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    server = versions[-1] if versions else shutil.which("postgres")
    if server is None:
        raise LookupError("PostgreSQL is not installed (Debian's package is postgresql)")
    return Path(server).parent


def _change_owner(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: give the folder to the user postgres, and return the command prefix that
    runs a program as that user. Empty when this process is not root's."""
    folder.chmod(0o755)
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    # --pdeathsig: the server ends when the tests are killed.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT", "--"]


def _is_ready(server: subprocess.Popen[bytes], cluster: Cluster) -> bool:
    if server.poll() is not None:
        raise RuntimeError((cluster.folder / "log").read_text(errors="replace"))
    try:
        with cluster.connect("postgres"):
            return True
    except psycopg.OperationalError:
        return False


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL cluster of this process; the test is skipped when PostgreSQL is not installed."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(postgres())
        except LookupError as error:
            pytest.skip(str(error))
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def create_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DatabaseFactory:
    """Creates empty databases by name; tests that use it run on SQLite and on PostgreSQL."""
    if request.param == "SQLite":
        return lambda name: SqliteDatabase(tmp_path_factory.mktemp(name) / f"{name}.sqlite")
    cluster: Cluster = request.getfixturevalue("cluster")
    return lambda name: PostgresDatabase(cluster, name)
