"""An application without pages, on each database, whose database holds the catalogue of `tests.factories`."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from kajoom.clock import Clock
from kajoom.models.db import db
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.database import Database, DatabaseFactory, create_tables


@pytest.fixture(scope="session")
def catalog_database(create_database: DatabaseFactory) -> Database:
    """A database whose saved contents are the tables and the catalogue."""
    database = create_database("catalog")
    app = plain_app_for(database)
    with app.app_context():
        create_tables()
        factories.catalogue()
        db.session.remove()
        db.engine.dispose()
    database.save()
    return database


@pytest.fixture(scope="session")
def plain_app(catalog_database: Database) -> Iterator[Flask]:
    """One application for all these tests, so that SQLAlchemy compiles each statement once."""
    app = plain_app_for(catalog_database)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(plain_app: Flask, catalog_database: Database) -> Iterator[Flask]:
    """The application in its context, with a database that holds only the catalogue."""
    catalog_database.restore()
    with plain_app.app_context():
        forget_catalog()
        yield plain_app
        db.session.remove()


@pytest.fixture(autouse=True)
def _app_context(app: Flask) -> None:
    """Every operation needs it, whether or not the test asks for it."""


def plain_app_for(database: Database) -> Flask:
    """A Flask application with nothing but the database and a clock."""
    app = Flask("tests")
    app.config["SQLALCHEMY_DATABASE_URI"] = database.url
    app.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    db.init_app(app)
    return app
