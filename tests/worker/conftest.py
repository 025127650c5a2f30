"""A house without pages: a database with the cast of the deeds, the words, and doors that live in memory."""

from __future__ import annotations

from collections.abc import Iterator
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
from tests.database import Database
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.operations.conftest import catalogued

__all__ = ["app", "catalogued", "doors", "mailer", "panel", "provider"]

SELLER = {**factories.SELLER, "email": "facturation@example.com"}


@pytest.fixture
def mailer() -> FakeMailer:
    return FakeMailer()


@pytest.fixture
def panel() -> FakePanel:
    return FakePanel()


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def doors(mailer: FakeMailer, panel: FakePanel, provider: FakeProvider) -> Gateways:
    return Gateways(panel=panel, mailer=mailer, payments={provider.code: provider})


@pytest.fixture
def app(catalogued: Database, doors: Gateways) -> Iterator[Flask]:
    compile_translations()
    house = Flask("tests", root_path=str(ROOT))
    house.jinja_environment = LocalizedEnvironment  # type: ignore[assignment]
    house.config["SQLALCHEMY_DATABASE_URI"] = catalogued.url
    house.config["BASE_URL"] = "https://clients.example.com"
    house.config["DAILY_RENEWAL_DAYS"] = 14
    house.extensions["kajoom"] = doors
    house.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    Babel(house, configure_jinja=False, default_timezone="America/Toronto")
    db.init_app(house)
    catalogued.restore()
    with house.app_context():
        forget_catalog()
        db.session.query(CatalogVersion).one().seller = SELLER
        db.session.commit()
        yield house
        db.session.remove()
        db.engine.dispose()
