"""A house with one client and one service, and the form of a change that they have reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_security import hash_password

from app import create_app
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.service import Service
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.chaos.driver import config_of
from tests.conftest import PASSWORD, Browser
from tests.operations.ledger_checks import rows

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@contextmanager
def housed(url: str, folder: Path) -> Iterator[Flask]:
    """The house over an empty database, at work around the test."""
    house = create_app(config_of(url, folder))
    house.test_client_class = Browser
    with house.app_context():
        db.create_all()
        forget_catalog()
        factories.catalogue()
        db.session.query(CatalogVersion).one().seller = {**factories.SELLER, "email": "facturation@example.com"}
        factories.service(factories.client(email="fr@example.com", password=hash_password(PASSWORD), active=True))
        yield house
        db.session.remove()
        db.engine.dispose()


def reviewed(house: Flask) -> tuple[Browser, str, dict[str, str]]:
    """The client's browser, the page of their service, and what the form of a change to plan B sends."""
    visitor = house.test_client()
    assert isinstance(visitor, Browser)
    assert visitor.send("/login", email="fr@example.com", password=PASSWORD).status_code == 302
    address = f"/services/{rows(Service)[0].id}"
    page = visitor.get(f"{address}/plan/review?plan=b&cycle=monthly").text
    return visitor, address, dict(_HIDDEN.findall(page.partition('id="review"')[2]))
