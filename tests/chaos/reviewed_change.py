"""An application with one client and one service, and the form of a change that the client has reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from flask_security import hash_password

from app import create_app
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.service import Service
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.chaos.kill_points import chaos_config
from tests.conftest import PASSWORD, Browser, set_time
from tests.operations.ledger_checks import rows

SELLER = {**factories.SELLER, "email": "facturation@example.com"}
_EMAIL = "fr@example.com"
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class ReviewedChange(NamedTuple):
    """The client's browser, the path of their service, and the fields that confirm a change to plan B."""

    browser: Browser
    path: str
    form: dict[str, str]


def create_catalogue() -> None:
    """Load the catalogue of `tests.factories`, with the seller's e-mail address."""
    forget_catalog()
    factories.catalogue()
    set_seller()


def set_seller() -> None:
    """Give the seller an e-mail address, without which no e-mail can be sent."""
    db.session.query(CatalogVersion).one().seller = SELLER
    db.session.commit()


@contextmanager
def app_with_service(url: str, folder: Path) -> Iterator[Flask]:
    """The application on an empty database, with one client and one service, at ``factories.AT``."""
    app = create_app(chaos_config(url, folder))
    app.test_client_class = Browser
    set_time(app, factories.AT)
    with app.app_context():
        db.create_all()
        create_catalogue()
        factories.service(factories.client(email=_EMAIL, password=hash_password(PASSWORD), active=True))
        yield app
        db.session.remove()
        db.engine.dispose()


def review_change(app: Flask) -> ReviewedChange:
    """Sign in and open the review of a change to plan B."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    assert browser.send("/login", email=_EMAIL, password=PASSWORD).status_code == 302
    path = f"/services/{rows(Service)[0].id}"
    page = browser.get(f"{path}/plan/review?plan=b&cycle=monthly").text
    return ReviewedChange(browser, path, dict(_HIDDEN.findall(page.partition('id="review"')[2])))
