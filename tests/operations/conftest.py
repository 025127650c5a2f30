"""The host's catalogue is in force before each deed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from kajoom.models.catalog import forget_catalog
from kajoom.models.db import db
from tests.operations import cast


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    house = Flask("tests")
    house.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'kajoom.db'}"
    db.init_app(house)
    with house.app_context():
        db.create_all()
        forget_catalog()
        yield house
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _catalogue(app: Flask) -> None:
    cast.catalogue()
