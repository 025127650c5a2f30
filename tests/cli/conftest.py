"""The commands that need a database find an empty one."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from kajoom.clock import Clock
from kajoom.models.db import db
from tests.catalog_cache import forget_catalog


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    house = Flask("tests")
    house.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'kajoom.db'}"
    house.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    db.init_app(house)
    with house.app_context():
        db.create_all()
        forget_catalog()
        yield house
        db.session.remove()
        db.engine.dispose()
