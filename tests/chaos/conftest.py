"""A house whose provider, panel and letters outlive the processes that are killed in it, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from shutil import rmtree

import pytest
from flask import Flask

from app import create_app
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.chaos.driver import config_of
from tests.database import Database, SqliteDatabase
from tests.operations.conftest import catalog_database

__all__ = ["catalog_database"]

SELLER = {**factories.SELLER, "email": "facturation@example.com"}


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Processes of their own that need not read the whole house again."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.actions", "tests.chaos.driver"])
    return context


@pytest.fixture(scope="session")
def furnished(catalog_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Database]]:
    """The house, and the file in which the demonstration's provider and panel remember."""
    folder = tmp_path_factory.mktemp("faults")
    house = create_app(config_of(catalog_database.url, folder))
    outside = SqliteDatabase(folder / "demonstration.sqlite")
    outside.save()
    yield house, outside
    with house.app_context():
        db.engine.dispose()


@pytest.fixture
def app(catalog_database: Database, furnished: tuple[Flask, Database]) -> Iterator[Flask]:
    """The house of whoever is still alive, with nothing but the catalogue in it."""
    house, outside = furnished
    catalog_database.restore()
    outside.restore()
    rmtree(Path(house.instance_path) / "mail", ignore_errors=True)
    with house.app_context():
        forget_catalog()
        db.session.query(CatalogVersion).one().seller = SELLER
        db.session.commit()
        yield house
        db.session.remove()


@pytest.fixture
def folder(app: Flask) -> Path:
    """Where the house keeps what is not in its database."""
    return Path(app.instance_path)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[Flask, SqliteDatabase]]:
    """A house on SQLite whose doors are the test's own; what is kept of its database is the catalogue."""
    database = SqliteDatabase(tmp_path / "kajoom.sqlite")
    house = create_app(config_of(database.url, tmp_path))
    with house.app_context():
        db.create_all()
        forget_catalog()
        factories.catalogue()
        db.session.query(CatalogVersion).one().seller = SELLER
        db.session.commit()
        db.session.remove()
    database.save()
    yield house, database
    with house.app_context():
        db.engine.dispose()
