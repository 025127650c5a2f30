"""A house without pages, and the host's catalogue in force before each deed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from kajoom.models.catalog import forget_catalog
from kajoom.models.db import db
from tests.operations import cast


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One engine for all these tests: for each new one, the same statements would be compiled again."""
    plain = Flask("tests")
    plain.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path_factory.mktemp('deeds') / 'kajoom.db'}"
    db.init_app(plain)
    return plain


@pytest.fixture(scope="session")
def empty(house: Flask) -> tuple[Path, bytes]:
    """The file of the database, and what it holds when its tables are all there is."""
    with house.app_context():
        db.create_all()
        db.engine.dispose()
        path = Path(db.engine.url.database or "")
    return path, path.read_bytes()


@pytest.fixture
def app(house: Flask, empty: tuple[Path, bytes]) -> Iterator[Flask]:
    """The house at work around the test, on a database of its own."""
    path, contents = empty
    path.write_bytes(contents)
    with house.app_context():
        forget_catalog()
        yield house
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _catalogue(app: Flask) -> None:
    cast.catalogue()
