"""Applications whose provider, panel and e-mails are files and survive the processes that are killed."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from shutil import rmtree

import pytest
from flask import Flask

from app import create_app
from kajoom.models.db import db
from tests.catalog_cache import forget_catalog
from tests.chaos.kill_points import chaos_config
from tests.chaos.reviewed_change import create_catalogue, set_seller
from tests.database import Database, SqliteDatabase
from tests.operations.conftest import catalog_database

__all__ = ["catalog_database"]


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes that have already imported the application."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.actions", "tests.chaos.kill_points"])
    return context


@pytest.fixture(scope="session")
def chaos_app(
    catalog_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, SqliteDatabase]]:
    """The application, and the file of the demonstration's provider and panel, saved empty."""
    folder = tmp_path_factory.mktemp("chaos")
    app = create_app(chaos_config(catalog_database.url, folder))
    demo_file = SqliteDatabase(folder / "demonstration.sqlite")
    demo_file.save()
    yield app, demo_file
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(catalog_database: Database, chaos_app: tuple[Flask, SqliteDatabase]) -> Iterator[Flask]:
    """The application of the processes that are not killed; its database holds only the catalogue."""
    app, demo_file = chaos_app
    catalog_database.restore()
    demo_file.restore()
    rmtree(Path(app.instance_path) / "mail", ignore_errors=True)
    with app.app_context():
        forget_catalog()
        set_seller()
        yield app
        db.session.remove()


@pytest.fixture
def folder(app: Flask) -> Path:
    """Where the application keeps what is not in its database."""
    return Path(app.instance_path)


@pytest.fixture
def sqlite_app(tmp_path: Path) -> Iterator[tuple[Flask, SqliteDatabase]]:
    """An application on SQLite, and its database, saved with the catalogue."""
    database = SqliteDatabase(tmp_path / "kajoom.sqlite")
    app = create_app(chaos_config(database.url, tmp_path))
    with app.app_context():
        db.create_all()
        create_catalogue()
        db.session.remove()
    database.save()
    yield app, database
    with app.app_context():
        db.engine.dispose()
