"""A house without pages: a database with the cast of the deeds, the words, and doors that live in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from kajoom.cli.words import compile_words
from kajoom.gateways import Gateways
from tests.fake_gateways import NullMailer, NullPanel, NullProvider
from kajoom.models.catalog import CatalogVersion, forget_catalog
from kajoom.models.db import db
from kajoom.i18n.jinja import Templates
from tests.database import Database
from tests.architecture.files import ROOT
from tests import factories
from tests.operations.conftest import catalogued

__all__ = ["app", "catalogued", "doors", "mailer", "panel", "provider"]

SELLER = {**factories.SELLER, "email": "facturation@example.com"}


@pytest.fixture
def mailer() -> NullMailer:
    return NullMailer()


@pytest.fixture
def panel() -> NullPanel:
    return NullPanel()


@pytest.fixture
def provider() -> NullProvider:
    return NullProvider()


@pytest.fixture
def doors(mailer: NullMailer, panel: NullPanel, provider: NullProvider) -> Gateways:
    return Gateways(panel=panel, mailer=mailer, payments={provider.code: provider})


@pytest.fixture
def app(catalogued: Database, doors: Gateways) -> Iterator[Flask]:
    compile_words()
    house = Flask("tests", root_path=str(ROOT))
    house.jinja_environment = Templates  # type: ignore[assignment]
    house.config["SQLALCHEMY_DATABASE_URI"] = catalogued.url
    house.config["BASE_URL"] = "https://clients.example.com"
    house.config["DAILY_RENEWAL_DAYS"] = 14
    house.extensions["kajoom"] = doors
    Babel(house, configure_jinja=False)
    db.init_app(house)
    catalogued.restore()
    with house.app_context():
        forget_catalog()
        db.session.query(CatalogVersion).one().seller = SELLER
        db.session.commit()
        yield house
        db.session.remove()
        db.engine.dispose()
