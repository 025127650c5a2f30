"""A disk that is full or read-only: the client gets an error, nothing is half-written, and the form works later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask

from kajoom.models.db import begin_mode
from kajoom.models.order import Order
from tests.chaos.disk import full_disk, pragma, small_disk
from tests.chaos.reviewed_change import app_with_service, review_change
from tests.operations.ledger_checks import nothing_written, rows


class Disk(NamedTuple):
    """A folder, and whether a small disk is mounted there."""

    folder: Path
    is_mounted: bool


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Where the application keeps its database and files."""
    with small_disk(tmp_path / "disk") as is_mounted:
        yield Disk(tmp_path / "disk", is_mounted)


@pytest.fixture
def app(disk: Disk) -> Iterator[Flask]:
    """An application with one service, on SQLite."""
    with app_with_service(f"sqlite:///{disk.folder / 'kajoom.sqlite'}", disk.folder) as app:
        yield app


@pytest.fixture(params=["full", "read-only"])
def disk_error(request: pytest.FixtureRequest, disk: Disk) -> AbstractContextManager[None]:
    """A block inside which the disk takes no writes."""
    return full_disk(*disk) if request.param == "full" else pragma("query_only = ON")


def test_failed_write_is_an_error_page_and_leaves_nothing_half_written(
    app: Flask, disk_error: AbstractContextManager[None]
) -> None:
    change = review_change(app)

    with disk_error:
        with begin_mode(read_only=True), nothing_written():
            response = change.browser.post(f"{change.path}/plan", data=change.form)
        assert change.browser.get(change.path).status_code == 200, "pages that only read still work"

    assert response.status_code == 500
    assert "consultez vos services avant de réessayer" in response.text
    assert change.browser.post(f"{change.path}/plan", data=change.form).status_code == 303
    assert [order.key for order in rows(Order)] == [change.form["key"]]
