"""The demonstration on the day its files are true of, 17 October 2022, built once and put back before each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_security import hash_password

from app import create_app
from kajoom import clock
from kajoom.config import Config
from kajoom.models.catalog import forget_catalog
from kajoom.models.db import db
from kajoom.models.service import service_by_external_id
from kajoom.operations.seed import Stage, load_demonstration
from tests.conftest import Visitor, Visitors
from tests.house.tree import ROOT

NOON = datetime(2022, 10, 17, 16, tzinfo=UTC)
"""Noon in Toronto."""

Address = Callable[..., str]


@pytest.fixture(scope="package")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the demonstration."""
    folder = tmp_path_factory.mktemp("demonstration")
    kept = folder / "kajoom.sqlite"
    house = create_app(
        Config(
            instance_path=folder,
            database_url=f"sqlite:///{kept}",
            secret_key="a secret of the tests alone",
            demo=True,
            mail_url=f"file://{folder / 'letters'}",
        )
    )
    with house.app_context():
        db.create_all()
        forget_catalog()
        stage = Stage(NOON.date(), NOON, house.extensions["kajoom"].payments)
        load_demonstration(ROOT / "demo", stage, hash_password)
        db.session.remove()
        db.engine.dispose()
    return kept


@pytest.fixture
def app(config: Config, furnished: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with the demonstration as it begins, at noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    shutil.copy(furnished, config.database_url.removeprefix("sqlite:///"))
    house = create_app(config)
    house.test_client_class = Visitor
    with house.app_context():
        forget_catalog()
        yield house
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def french(signed_in: Visitors) -> Visitor:
    """The French-speaking client's browser."""
    return signed_in("fr@example.com")


@pytest.fixture
def english(signed_in: Visitors) -> Visitor:
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
