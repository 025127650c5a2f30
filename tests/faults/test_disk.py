"""A disk that is full or may not be written: the client is told, nothing is half-written, and all is well after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from flask_security import hash_password

from app import create_app
from kajoom import clock
from kajoom.models.catalog import CatalogVersion, forget_catalog
from kajoom.models.db import db, reading
from kajoom.models.order import Order
from kajoom.models.service import Service
from tests.conftest import PASSWORD, Visitor
from tests.faults.disk import full, pragma, small_disk
from tests.faults.driver import config_of
from tests.operations import cast
from tests.operations.cast import AT
from tests.operations.ledger import nothing_written, rows

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, bool]]:
    """Where the house keeps all it has; whether it is a disk of its own."""
    with small_disk(tmp_path / "disk") as is_small:
        yield tmp_path / "disk", is_small


@pytest.fixture
def app(folder: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """A house with one service, in SQLite."""
    monkeypatch.setattr(clock, "now", lambda: AT)
    where, _ = folder
    house = create_app(config_of(f"sqlite:///{where / 'kajoom.sqlite'}", where))
    house.test_client_class = Visitor
    with house.app_context():
        db.create_all()
        forget_catalog()
        cast.catalogue()
        db.session.query(CatalogVersion).one().seller = {**cast.SELLER, "email": "facturation@example.com"}
        cast.service(cast.client(email="fr@example.com", password=hash_password(PASSWORD), active=True))
        yield house
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(params=["full", "read-only"])
def fault(request: pytest.FixtureRequest, folder: tuple[Path, bool]) -> AbstractContextManager[None]:
    """What is wrong with the disk for a while."""
    return full(*folder) if request.param == "full" else pragma("query_only = ON")


def reviewed(visitor: Visitor, address: str) -> dict[str, str]:
    """What the review's form sends."""
    page = visitor.get(f"{address}/plan/review?plan=b&cycle=monthly").text
    return dict(_HIDDEN.findall(page.partition('id="review"')[2]))


def test_a_disk_that_takes_nothing_is_told_and_leaves_nothing_half_written(
    app: Flask, fault: AbstractContextManager[None]
) -> None:
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    assert visitor.send("/login", email="fr@example.com", password=PASSWORD).status_code == 302
    address = f"/services/{rows(Service)[0].id}"
    form = reviewed(visitor, address)

    with fault:
        with reading(), nothing_written():
            refused = visitor.post(f"{address}/plan", data=form)
        assert visitor.get(address).status_code == 200, "what is only read is still there"

    assert refused.status_code == 500
    assert "consultez vos services avant de réessayer" in refused.text
    assert visitor.post(f"{address}/plan", data=form).status_code == 303
    assert [order.key for order in rows(Order)] == [form["key"]]
