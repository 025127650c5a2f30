"""An application without pages, with in-memory gateways and the catalogue of ``tests.factories``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_babel import Babel

from kajoom.clock import Clock
from kajoom.gateways import Gateways
from kajoom.i18n.jinja import LocalizedEnvironment
from kajoom.i18n.translations import compile_translations
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from tests import factories
from tests.architecture.files import ROOT
from tests.catalog_cache import forget_catalog
from tests.conftest import config_for
from tests.database import Database
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.operations.conftest import catalog_database

__all__ = ["app", "catalog_database", "gateways", "mailer", "panel", "provider", "worker_app"]

SELLER = {**factories.SELLER, "email": "facturation@example.com"}


@pytest.fixture
def mailer() -> FakeMailer:
    """A mailer that collects the e-mails in ``sent``."""
    return FakeMailer()


@pytest.fixture
def panel() -> FakePanel:
    """A hosting panel that applies every package change."""
    return FakePanel()


@pytest.fixture
def provider() -> FakeProvider:
    """A payment provider that captures every charge."""
    return FakeProvider()


@pytest.fixture
def gateways(mailer: FakeMailer, panel: FakePanel, provider: FakeProvider) -> Gateways:
    """The in-memory mailer, panel and provider that the worker of the test uses."""
    return Gateways(panel=panel, mailer=mailer, payments={provider.code: provider})


@pytest.fixture(scope="session")
def worker_app(catalog_database: Database) -> Iterator[Flask]:
    """An application without pages, kept for the session: its templates and statements are compiled once."""
    compile_translations()
    app = Flask("tests", root_path=str(ROOT))
    app.jinja_environment = LocalizedEnvironment  # type: ignore[assignment]
    app.config["SQLALCHEMY_DATABASE_URI"] = catalog_database.url
    app.config["BASE_URL"] = "https://clients.example.com"
    app.config["SECRET_KEY"] = "a secret for tests"
    app.config["DAILY_RENEWAL_DAYS"] = 14
    app.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    app.extensions["config"] = config_for(Path(app.instance_path), catalog_database.url)
    Babel(app, configure_jinja=False, default_timezone="America/Toronto")
    db.init_app(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(worker_app: Flask, catalog_database: Database, gateways: Gateways) -> Iterator[Flask]:
    """The application with in-memory gateways and a database that holds only the catalogue."""
    worker_app.extensions["kajoom"] = gateways
    catalog_database.restore()
    with worker_app.app_context():
        forget_catalog()
        db.session.query(CatalogVersion).one().seller = SELLER
        db.session.commit()
        yield worker_app
        db.session.remove()
