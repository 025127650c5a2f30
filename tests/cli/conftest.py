"""Fixtures of the tests of commands."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from kajoom.clock import Clock
from kajoom.models.db import db
from tests.catalog_cache import forget_catalog
from tests.database import create_tables


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An application without pages, with an empty database."""
    plain = Flask("tests")
    plain.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'kajoom.db'}"
    plain.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    db.init_app(plain)
    with plain.app_context():
        create_tables()
        forget_catalog()
        yield plain
        db.session.remove()
        db.engine.dispose()
