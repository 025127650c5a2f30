"""A house without pages, on each database, and the host's catalogue in force before each deed."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from kajoom.clock import Clock
from kajoom.models.db import db
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.database import Database, Databases


@pytest.fixture(scope="session")
def catalogued(databases: Databases) -> Database:
    """What is kept of it is the catalogue, and nothing else."""
    database = databases("deeds")
    first = _app_on(database)
    with first.app_context():
        db.create_all()
        factories.catalogue()
        db.session.remove()
        db.engine.dispose()
    database.keep()
    return database


@pytest.fixture(scope="session")
def house(catalogued: Database) -> Iterator[Flask]:
    """One engine for all these tests: for each new one, the same statements would be compiled again."""
    plain = _app_on(catalogued)
    yield plain
    with plain.app_context():
        db.engine.dispose()


@pytest.fixture
def app(house: Flask, catalogued: Database) -> Iterator[Flask]:
    """The house at work around the test, in a database with the catalogue alone."""
    catalogued.restore()
    with house.app_context():
        forget_catalog()
        yield house
        db.session.remove()


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> None:
    """Every deed needs it, whether or not the test asks for it."""


def _app_on(database: Database) -> Flask:
    plain = Flask("tests")
    plain.config["SQLALCHEMY_DATABASE_URI"] = database.url
    plain.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    db.init_app(plain)
    return plain
