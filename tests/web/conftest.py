"""The demonstration on the day its files are true of, 17 October 2022: built once, put back before each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_security import hash_password

from app import create_app
from kajoom import clock
from kajoom.config import Config
from kajoom.models.db import db
from kajoom.models.service import service_by_external_id
from kajoom.operations.demo import DemoContext, load_demonstration
from tests.architecture.files import ROOT
from tests.catalog_cache import forget_catalog
from tests.conftest import PASSWORD, Browser, SignIn
from tests.database import Database, Databases

NOON = datetime(2022, 10, 17, 16, tzinfo=UTC)
"""Noon in Toronto."""

Address = Callable[..., str]


@pytest.fixture(scope="package")
def stored(databases: Databases) -> Database:
    """Where the demonstration is, on each engine in turn."""
    return databases("web")


@pytest.fixture(scope="package")
def furnished(stored: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application; what its database keeps is the demonstration as it begins."""
    folder = tmp_path_factory.mktemp("demonstration")
    house = create_app(
        Config(
            instance_path=folder,
            database_url=stored.url,
            secret_key="a secret of the tests alone",
            demo=True,
            mail_url=f"file://{folder / 'emails'}",
        )
    )
    house.test_client_class = Browser
    with house.app_context():
        db.create_all()
        forget_catalog()
        stage = DemoContext(NOON.date(), NOON, house.extensions["kajoom"].payments)
        load_demonstration(ROOT / "demo", stage, hash_password)
        db.session.remove()
        stored.keep()
        yield house
        db.engine.dispose()


@pytest.fixture
def app(stored: Database, furnished: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with the demonstration as it begins, at noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    stored.restore()
    with furnished.app_context():
        forget_catalog()
        yield furnished
        db.session.remove()


@pytest.fixture(scope="package")
def cookies(furnished: Flask) -> dict[str, str]:
    """What the browser of each client keeps once they have signed in."""
    return {}


@pytest.fixture
def signed_in(app: Flask, cookies: dict[str, str]) -> SignIn:
    """A browser in which the client of an address has signed in, once for all tests: a password takes its time."""

    def sign_in(email: str) -> Browser:
        visitor = app.test_client()
        assert isinstance(visitor, Browser)
        if email not in cookies:
            result = visitor.send("/login", email=email, password=PASSWORD)
            assert result.status_code == 302, "the address and the password go together"
            kept = visitor.get_cookie("session")
            assert kept is not None
            cookies[email] = kept.value
        visitor.set_cookie("session", cookies[email])
        return visitor

    return sign_in


@pytest.fixture
def french(signed_in: SignIn) -> Browser:
    """The French-speaking client's browser."""
    return signed_in("fr@example.com")


@pytest.fixture
def english(signed_in: SignIn) -> Browser:
    """The English-speaking client's browser."""
    return signed_in("en@example.com")


@pytest.fixture
def address(app: Flask) -> Address:
    """The page of a service of the demonstration, by the state it shows."""

    def of(state: str, language: str = "fr") -> str:
        service = service_by_external_id(f"demo-{language}-{state}")
        assert service is not None, state
        return f"/services/{service.id}"

    return of
