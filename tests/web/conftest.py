"""The application with the demonstration, at noon on 17 October 2022: loaded once, restored before each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_security import hash_password
from sqlalchemy import update

from app import create_app
from kajoom.models.db import db
from kajoom.models.service import service_by_external_id
from kajoom.models.session import ClientSession
from kajoom.operations.demo import DemoContext, load_demonstration
from tests.architecture.files import ROOT
from tests.catalog_cache import forget_catalog
from tests.conftest import PASSWORD, Browser, SignIn, config_for, set_time
from tests.database import Database, DatabaseFactory, SqliteDatabase, create_tables

NOON = datetime(2022, 10, 17, 16, tzinfo=UTC)
"""Noon in Toronto."""

Address = Callable[..., str]
Application = Callable[..., Flask]

ACCOUNTS = ("fr@example.com", "en@example.com", "staff@example.com")


@pytest.fixture(scope="package")
def demo_database(create_database: DatabaseFactory) -> Database:
    """A database whose saved contents are the demonstration."""
    return create_database("web")


@pytest.fixture(scope="package")
def demo_app(demo_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all these tests; loads and saves the demonstration."""
    app = create_app(config_for(tmp_path_factory.mktemp("demonstration"), demo_database.url))
    app.test_client_class = Browser
    with app.app_context():
        create_tables()
        context = DemoContext(NOON.date(), NOON, app.extensions["kajoom"].payments)
        load_demonstration(ROOT / "demo", context, hash_password)
        db.session.remove()
        set_time(app, NOON)
        app.extensions["test_sessions"] = {email: _session_cookie(app, email) for email in ACCOUNTS}
        # The tests move the clock; those about the end of a session sign in by themselves.
        db.session.execute(update(ClientSession).values(expires_at=NOON + timedelta(days=1000)))
        db.session.commit()
        demo_database.save()
        yield app
        db.engine.dispose()


@pytest.fixture
def app(demo_database: Database, demo_app: Flask) -> Iterator[Flask]:
    """The application with the demonstration unchanged, at noon."""
    set_time(demo_app, NOON)
    demo_database.restore()
    demo_app.extensions.pop("usage_asked", None)
    with demo_app.app_context():
        forget_catalog()
        yield demo_app
        db.session.remove()


def _session_cookie(app: Flask, email: str) -> str:
    browser = app.test_client()
    assert isinstance(browser, Browser)
    assert browser.send("/login", email=email, password=PASSWORD).status_code == 302
    cookie = browser.get_cookie("session")
    assert cookie is not None
    return cookie.value


@pytest.fixture
def signed_in(app: Flask) -> SignIn:
    """A test client signed in as a client, by e-mail address; the saved database has one session of each."""

    def sign_in(email: str) -> Browser:
        browser = app.test_client()
        assert isinstance(browser, Browser)
        browser.set_cookie("session", app.extensions["test_sessions"][email])
        return browser

    return sign_in


@pytest.fixture
def staff(signed_in: SignIn) -> Browser:
    """A test client signed in as a manager of the staff."""
    return signed_in("staff@example.com")


@pytest.fixture
def staff_in_english(staff: Browser) -> None:
    """Have the browser of ``staff`` show English pages."""
    staff.get("/staff?lang=en")


@pytest.fixture
def french(signed_in: SignIn) -> Browser:
    """A test client signed in as the French-speaking client."""
    return signed_in("fr@example.com")


@pytest.fixture
def english(signed_in: SignIn) -> Browser:
    """A test client signed in as the English-speaking client."""
    return signed_in("en@example.com")


@pytest.fixture
def address(app: Flask) -> Address:
    """The path of a service of the demonstration, by the state it is in."""

    def of(state: str, language: str = "fr") -> str:
        service = service_by_external_id(f"demo-{language}-{state}")
        assert service is not None, state
        return f"/services/{service.id}"

    return of


@pytest.fixture(scope="package")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Flask, SqliteDatabase]]]:
    """The applications that ``application`` has created, and their empty databases, by their settings."""
    created: dict[str, tuple[Flask, SqliteDatabase]] = {}
    yield created
    for app, _database in created.values():
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def application(
    applications: dict[str, tuple[Flask, SqliteDatabase]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    """Creates applications outside the demonstration, each with an empty database; one for the same settings."""
    with ExitStack() as stack:

        def create(base_url: str = "https://client.example.com", **settings: Any) -> Flask:
            settings = {"demo": False, "base_url": base_url, **settings}
            name = repr(sorted(settings.items()))
            if name not in applications:
                applications[name] = _create_application(tmp_path_factory.mktemp("application"), settings)
            app, database = applications[name]
            database.restore()
            stack.enter_context(app.app_context())
            return app

        yield create


def _create_application(folder: Path, settings: dict[str, Any]) -> tuple[Flask, SqliteDatabase]:
    database = SqliteDatabase(folder / "kajoom.sqlite")
    app = create_app(config_for(folder, database.url, **settings))
    app.test_client_class = Browser
    with app.app_context():
        create_tables()
    database.save()
    return app, database
