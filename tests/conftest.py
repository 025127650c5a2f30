"""The whole house with an empty database, and what a test asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from app import create_app
from kajoom.config import Config
from kajoom.models.db import db
from tests.catalog_cache import forget_catalog
from tests.database import cluster, databases

__all__ = ["cluster", "databases"]

PASSWORD = "kajoom-demonstration"

Statements = Callable[[], AbstractContextManager[list[str]]]
SignIn = Callable[[str], "Browser"]


class Browser(FlaskClient):
    """A browser whose requests come from outside: nothing of the test's own context is lent to them."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask for a page; what the test holds open in the database is let go first, or the page would wait for it."""
        db.session.rollback()
        answer: TestResponse = Context().run(super().open, *args, **kwargs)
        return answer

    def fragment(self, path: str, method: str = "GET", **kwargs: Any) -> TestResponse:
        """Ask as htmx asks for a part of the page."""
        headers = {"HX-Request": "true", "HX-Request-Type": "partial", **kwargs.pop("headers", {})}
        return self.open(path, method=method, headers=headers, **kwargs)

    def token(self, path: str = "/login") -> str:
        """The token that the forms of a page carry."""
        found: str = self.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]
        return found

    def send(self, path: str, **fields: str) -> TestResponse:
        """Post a form of the house, with its token."""
        return self.post(path, data={"csrf_token": self.token(), **fields})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A house of its own, nothing of which outlives the test."""
    return Config(
        instance_path=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'kajoom.sqlite'}",
        secret_key="a secret of the tests alone",
        demo=True,
        mail_url=f"file://{tmp_path / 'letters'}",
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application with its tables, at work around the test."""
    house = create_app(config)
    house.test_client_class = Browser
    with house.app_context():
        db.create_all()
        forget_catalog()
        yield house
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser in which nobody has signed in."""
    visitor = app.test_client()
    assert isinstance(visitor, Browser)
    return visitor


@pytest.fixture
def signed_in(app: Flask) -> SignIn:
    """A browser in which the client of an address has signed in: ``signed_in("fr@example.com")``."""

    def sign_in(email: str) -> Browser:
        visitor = app.test_client()
        assert isinstance(visitor, Browser)
        answer = visitor.send("/login", email=email, password=PASSWORD)
        assert answer.status_code == 302, "the address and the password go together"
        return visitor

    return sign_in


@pytest.fixture
def statements(app: Flask) -> Statements:
    """What is asked of the database inside a ``with``, transactions' own words left out."""

    @contextmanager
    def counted() -> Iterator[list[str]]:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return counted
