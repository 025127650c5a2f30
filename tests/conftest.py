"""Fixtures and rules for all tests: markers, the test client, and counting of SQL statements."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from sqlalchemy import event
from werkzeug.test import TestResponse

from kajoom.config import Config
from kajoom.i18n.translations import compile_translations
from kajoom.models.db import db
from tests.database import cluster, create_database

__all__ = ["cluster", "create_database"]

PASSWORD = "kajoom-demonstration"

FAST_HASH = {"argon2__type": "ID", "argon2__rounds": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}
"""The cheapest parameters that argon2 accepts; memory is in KiB. Production uses the defaults of passlib."""

Statements = Callable[[], AbstractContextManager[list[str]]]
SignIn = Callable[[str], "Browser"]


# No deadline of an example: how long one takes depends on what else the machine does.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the translations once, before pytest-xdist starts the processes that read them."""
    if not hasattr(session.config, "workerinput"):
        compile_translations()


_MARKS = {"browser": "browser", "chaos": "chaos", "cli": "slow", "gateways": "slow", "worker": "slow"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL, a browser or process kills, and what is slow by its folder.

    Elsewhere ``slow`` is written at the test or its module.
    """
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _MARKS:
            item.add_marker(_MARKS[folder])
        engine = item.callspec.params.get("create_database") if hasattr(item, "callspec") else None
        if engine == "PostgreSQL" or "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """In continuous integration a skipped test fails: what it needs must be installed there."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped with CI set: {report.longreprtext}"
    return report  # type: ignore[return-value]


class Browser(FlaskClient):
    """A test client whose requests share neither context variables nor a transaction with the test."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Make a request; the test's own transaction is rolled back first, or the request would wait for it."""
        db.session.rollback()
        response: TestResponse = Context().run(super().open, *args, **kwargs)
        return response

    def fragment(self, path: str, method: str = "GET", **kwargs: Any) -> TestResponse:
        """Make a request as htmx does for a part of the page."""
        headers = {"HX-Request": "true", "HX-Request-Type": "partial", **kwargs.pop("headers", {})}
        return self.open(path, method=method, headers=headers, **kwargs)

    def token(self, path: str = "/login") -> str:
        """The CSRF token in the forms of a page."""
        token: str = self.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]
        return token

    def send(self, path: str, **fields: str) -> TestResponse:
        """Post a form with a CSRF token."""
        return self.post(path, data={"csrf_token": self.token(), **fields})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The configuration of an application whose files are all in the test's own folder."""
    return config_for(tmp_path, f"sqlite:///{tmp_path / 'kajoom.sqlite'}")


def config_for(folder: Path, database_url: str, **settings: Any) -> Config:
    """A configuration for tests: the demonstration, no worker, e-mails written to files."""
    defaults = {
        "instance_path": folder,
        "database_url": database_url,
        "secret_key": "a secret for tests",
        "demo": True,
        "mail_url": f"file://{folder / 'emails'}",
        "password_hash_options": FAST_HASH,
    }
    return Config(**{**defaults, **settings})


def set_time(app: Flask, at: datetime) -> None:
    """Stop the application's clock at an instant."""
    app.extensions["clock"].now = lambda: at


@pytest.fixture
def client(app: Flask) -> Browser:
    """A test client that is not signed in."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    return browser


@pytest.fixture
def statements(app: Flask) -> Statements:
    """Collects the SQL statements executed inside a ``with`` block, without BEGIN and PRAGMA."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        collected: list[str] = []

        def add(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                collected.append(statement)

        event.listen(db.engine, "before_cursor_execute", add)
        try:
            yield collected
        finally:
            event.remove(db.engine, "before_cursor_execute", add)

    return collect
