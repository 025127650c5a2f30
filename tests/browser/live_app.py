"""The application behind a real server, with the demonstration as it stands at noon on 17 October 2022."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from flask_security import hash_password
from sqlalchemy import func, select
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from app import create_app
from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.db import Base, db
from kajoom.models.order import Order
from kajoom.models.service import service_by_external_id
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.demo import DemoContext, load_demonstration
from kajoom.operations.orders.provisioning import mark_operational
from tests.architecture.files import ROOT
from tests.catalog_cache import forget_catalog
from tests.conftest import config_for, set_time
from tests.database import SqliteDatabase
from tests.worker_runs import run_once

NOON = datetime(2022, 10, 17, 16, tzinfo=UTC)
"""Noon in Toronto, on the day that the demonstration's files describe."""

DEMONSTRATION = ROOT / "demo"


class _QuietHandler(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        """Log no requests: failed ones are collected from the browser."""


class LiveApp:
    """A server with the demonstration, and what a test does besides the browser: worker, staff, faults.

    ``settings`` are added to the configuration.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._database = SqliteDatabase(folder / "kajoom.sqlite")
        self._demo_file = SqliteDatabase(folder / "demonstration.sqlite")
        self.app: Flask = create_app(config_for(folder, self._database.url, **settings))
        set_time(self.app, NOON)
        self._load_demonstration()
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self.app, threaded=True, request_handler=_QuietHandler
        )
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the server and close the database."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self.app_context():
            db.engine.dispose()

    def save(self) -> None:
        """Save the database as it stands, with the sessions of those who have signed in."""
        self._database.save()

    def restore(self) -> None:
        """Restore the demonstration."""
        self._database.restore()
        self._demo_file.restore()
        forget_catalog(self.app)

    @contextmanager
    def app_context(self) -> Iterator[None]:
        """The application's context."""
        with self.app.app_context():
            yield

    def service_path(self, external_id: str) -> str:
        """The path of a service's page; ``LookupError`` when there is no such service."""
        with self.app_context():
            service = service_by_external_id(external_id)
            if service is None:
                raise LookupError(external_id)
            return f"/services/{service.id}"

    def count(self, table: type[Base]) -> int:
        """The number of rows of a table."""
        with self.app_context():
            return db.session.scalar(select(func.count()).select_from(table)) or 0

    def charges(self) -> list[tuple[str, int]]:
        """The charges that the demonstration's provider received: status and cents."""
        with closing(sqlite3.connect(self._demo_file.path)) as file:
            return list(file.execute("SELECT status, cents FROM charge ORDER BY rowid"))

    def last_order(self) -> str:
        """The reference of the newest order."""
        with self.app_context():
            return db.session.scalars(select(Order.reference).order_by(Order.id.desc())).first() or ""

    def work(self, later: timedelta = timedelta()) -> None:
        """Act on every message that is due at noon, or ``later``."""
        gateways, is_due = self.app.extensions["kajoom"], True
        while is_due:
            with self.app_context():
                is_due = run_once(gateways, NOON + later)

    @contextmanager
    def without_table(self, table: str) -> Iterator[None]:
        """Rename a table inside the block, so that every query on it fails."""
        self._rename(table, f"lost_{table}")
        yield
        self._rename(f"lost_{table}", table)

    def mark_operational(self, reference: str) -> None:
        """Record, as staff, that a change is operational."""
        with self.app_context():
            mark_operational(reference, "staff@example.com", NOON.date(), NOON)

    def set_provider_behaviour(self, behaviour: Behaviour) -> None:
        """Set what the payment provider does the next time."""
        self.app.extensions["kajoom"].demo_store.set_behaviour(DemoSystem.PAYMENT, behaviour, once=True)

    def replace_in_catalog(self, before: str, after: str) -> None:
        """Load the catalogue again with a text replaced, for example a price."""
        text = (DEMONSTRATION / "catalog.toml").read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        with self.app_context():
            assert not load_catalog(text.replace(before, after).encode(), NOON).errors

    def _rename(self, table: str, name: str) -> None:
        with closing(sqlite3.connect(self._database.path, timeout=15)) as file:
            file.execute(f"ALTER TABLE {table} RENAME TO {name}")

    def _load_demonstration(self) -> None:
        with self.app_context():
            db.create_all()
            context = DemoContext(NOON.date(), NOON, self.app.extensions["kajoom"].payments)
            load_demonstration(DEMONSTRATION, context, hash_password)
        self.work()
        self._database.save()
        self._demo_file.save()
