"""The demonstration for the fuzz: its database, its visitors, what is theirs, and a server for it."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from flask import Flask
from flask_security import hash_password
from sqlalchemy import create_engine, select, text, update

from app import create_app
from kajoom.models.cancellation import Cancellation
from kajoom.models.client import client_by_email
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.session import ClientSession
from kajoom.operations.demo import DemoContext, load_demonstration
from tests.architecture.files import ROOT
from tests.chaos.fuzz_cases import FORM, Case, CaseGenerator, Names, Visitor, routes_of
from tests.chaos.fuzz_rules import PAYPAL
from tests.chaos.fuzz_transport import InProcess, ThroughSocket, Transport
from tests.chaos.wide_limits import wide_limits
from tests.conftest import PASSWORD, config_for
from tests.database import Database, SqliteDatabase
from tests.wait import until

EMAIL, OTHER_EMAIL = "fr@example.com", "en@example.com"
_HOST = "127.0.0.1:8000"
_PAYPAL = {
    "paypal_base_url": PAYPAL,
    "paypal_client_id": "id",
    "paypal_secret": "secret",
    "paypal_webhook_id": "WEBHOOK",
}

Written = Callable[[], object]
"""A value that changes when the database does."""

_WATCHED = [
    f'"{table.name}"' + (" WHERE kind <> 'usage'" if table.name == "message" else "")
    for table in Base.metadata.sorted_tables
    if table.name != "throttle"
]
"""What no refused request changes; a page that was sent may have a worker measure the usage of its service."""


class FuzzSite:
    """The demonstration in a database; ``written`` notices every change of it."""

    def __init__(self, app: Flask, database: Database, folder: Path, written: Written) -> None:
        self.app, self.written = app, written
        self.server_log = folder / "gunicorn.log"
        self._database, self._folder = database, folder

    def reopen_sessions(self) -> None:
        """Sign in again those who signed out."""
        db.session.execute(update(ClientSession).values(ended_at=None))
        db.session.commit()

    def in_process(self) -> Transport:
        """Sends cases to the application in this process."""
        return InProcess(self.app)

    def generator(self, seed: int, transport: Transport | None = None, host: str = _HOST) -> CaseGenerator:
        """Generates the cases of a seed, for a client who is signed in and for a visitor who is not."""
        transport = transport or self.in_process()
        visitors = [*[signed_in(transport, host)] * 3, visitor(transport, host)]
        return CaseGenerator(routes_of(self.app), _names(), visitors, EMAIL, host, seed)

    @contextmanager
    def server(self) -> Iterator[tuple[Transport, str]]:
        """Run gunicorn with the project's settings over the same database; the transport to it, and its host.

        What it logs is in ``server_log``.
        """
        port = _free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KAJOOM_")},
            "KAJOOM_DEMO": "1",
            "KAJOOM_WORKER": "none",
            "KAJOOM_DATABASE_URL": self._database.url,
            "KAJOOM_BASE_URL": f"http://127.0.0.1:{port}",
            "KAJOOM_MAIL_URL": f"file://{self._folder / 'mail'}",
            **{f"KAJOOM_{name.upper()}": value for name, value in _PAYPAL.items()},
        }
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
        with self.server_log.open("wb") as log:
            process = subprocess.Popen(
                [*command, "tests.chaos.wide_limits:application()"], cwd=ROOT, env=environment, stderr=log, stdout=log
            )
        try:
            until(lambda: _accepts(port), "gunicorn does not accept connections")
            yield ThroughSocket("127.0.0.1", port), f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def open_site(database: Database, folder: Path) -> Iterator[FuzzSite]:
    """Load the demonstration into an empty database."""
    app = create_app(config_for(folder, database.url, **_PAYPAL))
    clock = app.extensions["clock"]
    with app.app_context():
        db.create_all()
        at = clock.now()
        context = DemoContext(at.date(), at, app.extensions["kajoom"].payments)
        load_demonstration(ROOT / "demo", context, hash_password)
        db.session.remove()
        with _watched(database) as written, wide_limits():
            yield FuzzSite(app, database, folder, written)
        db.session.remove()
        db.engine.dispose()


def signed_in(transport: Transport, host: str) -> Visitor:
    """The client of the demonstration, signed in."""
    stranger = visitor(transport, host)
    body = f"csrf_token={stranger.token}&email={EMAIL}&password={PASSWORD}".encode()
    headers = (("Host", host), ("Cookie", stranger.cookie), ("Content-Type", FORM))
    answer = transport.send(Case("POST", "/login", headers, body))
    assert answer.status == 302, answer
    return visitor(transport, host, _cookie(answer.values("Set-Cookie")), "/services")


def visitor(transport: Transport, host: str, cookie: str = "", path: str = "/login") -> Visitor:
    """Who opens a page with a cookie: the cookie afterwards, and the token of the page."""
    answer = transport.send(Case("GET", path, (("Host", host), ("Cookie", cookie))))
    assert answer.status == 200, answer
    token = answer.body.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
    return Visitor(_cookie(answer.values("Set-Cookie")) or cookie, token)


def _cookie(set_cookies: list[str]) -> str:
    return next((value.partition(";")[0] for value in set_cookies if value.startswith("session=")), "")


def _names() -> Mapping[str, Names]:
    """What belongs to the client, to another one and to nobody, by the first part of the address."""
    clients = [client_by_email(email) for email in (EMAIL, OTHER_EMAIL)]
    mine, other = (client.id for client in clients if client is not None)

    def texts(column: object, owner: object, client_id: int) -> list[str]:
        return [str(value) for value in db.session.scalars(select(column).where(owner == client_id))]  # type: ignore[call-overload]

    columns = {
        "services": (Service.id, Service.client_id, ["987654321"]),
        "orders": (Order.reference, Order.client_id, ["CH-1999-000001", "CH-2022-999999"]),
        "invoices": (Invoice.number, Invoice.client_id, ["1999-00001", "none"]),
        "cancellations": (Cancellation.reference, Cancellation.client_id, ["AN-1999-000001"]),
    }
    found = {
        kind: Names(texts(column, owner, mine), texts(column, owner, other), missing)
        for kind, (column, owner, missing) in columns.items()
    }
    db.session.rollback()
    return found


@contextmanager
def _watched(database: Database) -> Iterator[Written]:
    """What notices a change of the database, except of the counters of throttling, which every sign-in changes."""
    if isinstance(database, SqliteDatabase):
        with closing(sqlite3.connect(database.path)) as connection:
            yield _SqliteContents(connection)
        return
    engine = create_engine(database.url)
    names = ", ".join(
        f"(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM (SELECT * FROM {rows}) t)"
        for rows in _WATCHED
    )

    def contents() -> object:
        with engine.connect() as connection:
            return tuple(connection.execute(text(f"SELECT {names}")).one())

    try:
        yield contents
    finally:
        engine.dispose()


class _SqliteContents:
    """The rows of every table, read again only when SQLite's own number of changes by others is another."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version, self._contents = -1, 0

    def __call__(self) -> int:
        """A number that changes when a row does."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            queries = (f"SELECT * FROM {rows}" for rows in _WATCHED)
            self._contents = hash(tuple(tuple(self._connection.execute(query)) for query in queries))
            self._version = version
        return self._contents


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
