"""The whole house behind a real server, with the demonstration as it stands at noon on 17 October 2022."""

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
from kajoom import clock
from kajoom.config import Config
from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.db import Base, db
from kajoom.models.order import Order
from kajoom.models.service import service_by_external_id
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.demo import DemoContext, load_demonstration
from kajoom.operations.orders.provisioning import mark_operational
from kajoom.worker.consumer import run_once
from tests.catalog_cache import forget_catalog

NOON = datetime(2022, 10, 17, 16, tzinfo=UTC)
"""Noon in Toronto, on the day the demonstration's files are true of."""

DEMONSTRATION = Path(__file__).resolve().parents[2] / "demo"


class _Quiet(WSGIRequestHandler):
    def log(self, *_said: Any) -> None:
        """What is asked of the server is the browser's to report."""


class LiveApp:
    """The server, and what a test does behind the client's back: the worker's turn, staff, a provider's moods.

    ``settings`` are added to its configuration.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.kept = {name: folder / f"{name}.kept" for name in ("kajoom", "demonstration")}
        self.files = {name: folder / f"{name}.sqlite" for name in self.kept}
        self.app = _built(folder, self.files["kajoom"], settings)
        self._prepare()
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop serving and let go of the database."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        with self.app.app_context():
            db.engine.dispose()

    def restore(self) -> None:
        """Put everything back as the demonstration begins."""
        for name, kept in self.kept.items():
            _copy(kept, self.files[name])
        forget_catalog(self.app)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Ask or change the database as the house does."""
        with self.app.app_context():
            yield

    def service(self, external_id: str) -> str:
        """The address of a service of the demonstration."""
        with self.inside():
            found = service_by_external_id(external_id)
            if found is None:
                raise LookupError(external_id)
            return f"/services/{found.id}"

    def count(self, table: type[Base]) -> int:
        """How many rows a table has."""
        with self.inside():
            return db.session.scalar(select(func.count()).select_from(table)) or 0

    def charges(self) -> list[tuple[str, int]]:
        """What the provider did: the status of each charge, and its cents."""
        with closing(sqlite3.connect(self.files["demonstration"])) as file:
            return list(file.execute("SELECT status, cents FROM charge ORDER BY rowid"))

    def last_order(self) -> str:
        """The reference of the newest order."""
        with self.inside():
            return db.session.scalars(select(Order.reference).order_by(Order.id.desc())).first() or ""

    def work(self, later: timedelta = timedelta()) -> None:
        """The worker's turn, now or ``later``: every message that is due is acted on."""
        doors, due = self.app.extensions["kajoom"], True
        while due:
            with self.inside():
                due = run_once(doors, NOON + later)

    @contextmanager
    def broken(self, table: str) -> Iterator[None]:
        """The database has lost a table for a while: whatever asks it fails."""
        self._rename(table, f"lost_{table}")
        yield
        self._rename(f"lost_{table}", table)

    def mark_operational(self, reference: str) -> None:
        """Staff say that a change is operational."""
        with self.inside():
            mark_operational(reference, "staff@example.com", clock.local(NOON).date(), NOON)

    def provider(self, behaviour: Behaviour) -> None:
        """What the payment provider does the next time it is asked."""
        self.app.extensions["kajoom"].demo_store.set_behaviour(DemoSystem.PAYMENT, behaviour, once=True)

    def reprice(self, before: str, after: str) -> None:
        """The host loads its catalogue again with another text in it, a price for example."""
        text = (DEMONSTRATION / "catalog.toml").read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        with self.inside():
            assert not load_catalog(text.replace(before, after).encode(), NOON).errors

    def _rename(self, table: str, name: str) -> None:
        with closing(sqlite3.connect(self.files["kajoom"], timeout=15)) as file:
            file.execute(f"ALTER TABLE {table} RENAME TO {name}")

    def _prepare(self) -> None:
        with self.inside():
            db.create_all()
            stage = DemoContext(clock.local(NOON).date(), NOON, self.app.extensions["kajoom"].payments)
            load_demonstration(DEMONSTRATION, stage, hash_password)
        self.work()
        for name, kept in self.kept.items():
            _copy(self.files[name], kept)


def _built(folder: Path, database: Path, settings: dict[str, Any]) -> Flask:
    app = create_app(
        Config(
            instance_path=folder,
            database_url=f"sqlite:///{database}",
            secret_key="kept from nobody: it signs the sessions of tests",
            demo=True,
            worker="none",
            mail_url=f"file://{folder / 'mail'}",
            **settings,
        )
    )
    app.extensions["clock"].now = lambda: NOON
    return app


def _copy(source: Path, target: Path) -> None:
    """Copy a database that others may hold open, whole and between two transactions."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target, timeout=15)) as written:
        read.backup(written)
