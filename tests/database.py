"""The databases of the tests: a file of SQLite's, and a real PostgreSQL that lives as long as the tests do."""

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
from typing import Protocol

import psycopg
import pytest
from psycopg import sql

from tests.wait import until

ENGINES = ("SQLite", "PostgreSQL")


class Database(Protocol):
    """A database of the tests' own: what it ``keep``s is what each ``restore`` puts back."""

    url: str

    def keep(self) -> None:
        """Remember what it holds now."""

    def restore(self) -> None:
        """Hold again what was kept, whatever was written since; connections may stay open, transactions may not."""


Databases = Callable[[str], Database]


class SqliteDatabase:
    """One file, and beside it a copy of it as it is kept."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path, self._kept = path, path.with_suffix(".kept")

    def keep(self) -> None:
        """Copy the file between two transactions."""
        _copy(self._path, self._kept)

    def restore(self) -> None:
        """Copy it back, under whatever connections are idle."""
        _copy(self._kept, self._path)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as given, closing(sqlite3.connect(target, timeout=5)) as taken:
        given.backup(taken)


class PostgresDatabase:
    """One database of a cluster; what is kept lies in a schema beside the tables, so that one script puts it back."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        name = f"{name}_{next(cluster.numbers)}"
        with cluster.connected("postgres") as every:
            every.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self.url = cluster.url(name)
        self._cluster, self._name = cluster, name
        self._script = ""

    def keep(self) -> None:
        """Copy every table, and note where each sequence stands."""
        with self._cluster.connected(self._name) as own:
            tables = own.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'").fetchall()
            copies = ";".join(f"CREATE TABLE kept.{table} AS TABLE public.{table}" for (table,) in tables)
            own.execute(f"DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept; {copies}".encode())
            sequences = own.execute(
                "SELECT quote_literal(quote_ident(sequencename)), coalesce(last_value, 1), last_value IS NOT NULL"
                " FROM pg_sequences WHERE schemaname = 'public'"
            ).fetchall()
        self._script = ";".join(
            (
                # Without it each row would have to go, and come back, in the order of the foreign keys.
                "SET session_replication_role = replica",
                *(f"DELETE FROM public.{table}" for (table,) in tables),
                *(f"INSERT INTO public.{table} TABLE kept.{table}" for (table,) in tables),
                *(f"SELECT setval({name}, {value}, {called})" for name, value, called in sequences),
            )
        )

    def restore(self) -> None:
        """A test that left a transaction open is told, rather than waited for."""
        with self._cluster.connected(self._name) as own:
            own.execute("SET lock_timeout = '5s'")
            own.execute(self._script.encode())


class Cluster:
    """PostgreSQL on a socket of its own folder; nothing listens on a network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count(1)

    def url(self, name: str) -> str:
        """The address of a database, as the configuration wants it."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    @contextmanager
    def connected(self, name: str) -> Iterator[psycopg.Connection]:
        """A connection to a database, each statement a transaction of its own."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=name, autocommit=True) as connection:
            yield connection


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Cluster]:
    """A new cluster, stopped and removed at the end; it waits for no disk unless it is to be ``durable``.

    ``LookupError`` where this machine has no PostgreSQL.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="kajoom-postgres-"))
    try:
        as_owner = _given_to_owner(folder)
        data = folder / "data"
        made = [*as_owner, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*made, "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
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
            until(lambda: _answers(server, cluster), "PostgreSQL")
            yield cluster
        finally:
            server.send_signal(signal.SIGINT)  # its « fast » way: whoever is still connected is cut off
            server.wait()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Where Debian puts the newest PostgreSQL, else where the path finds it."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda found: int(found.parts[-3]))
    found = versions[-1] if versions else shutil.which("postgres")
    if found is None:
        raise LookupError("no PostgreSQL on this machine: install Debian's package « postgresql »")
    return Path(found).parent


def _given_to_owner(folder: Path) -> list[str]:
    """PostgreSQL refuses to be run by root: the words that run it as another, to whom the folder then belongs."""
    folder.chmod(0o755)
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    # It ends with the tests, also when they are killed.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT", "--"]


def _answers(server: subprocess.Popen[bytes], cluster: Cluster) -> bool:
    if server.poll() is not None:
        raise RuntimeError((cluster.folder / "log").read_text(errors="replace"))
    try:
        with cluster.connected("postgres"):
            return True
    except psycopg.OperationalError:
        return False


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL of all tests."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(postgres())
        except LookupError as missing:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
        yield started


@pytest.fixture(scope="session", params=ENGINES)
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Makes empty databases by their name, of SQLite's and then of PostgreSQL's."""
    return maker(request.param, request, tmp_path_factory)


def maker(engine: str, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Databases:
    """What makes the databases of one engine; PostgreSQL is started for the first who asks for it."""
    if engine == "SQLite":
        return lambda name: SqliteDatabase(folders.mktemp(name) / f"{name}.sqlite")
    cluster: Cluster = request.getfixturevalue("cluster")
    return lambda name: PostgresDatabase(cluster, name)
