"""A disk that is full or may not be written: the client is told, nothing is half-written, and all is well after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask

from kajoom.models.db import begin_mode
from kajoom.models.order import Order
from tests.chaos.disk import full, pragma, small_disk
from tests.chaos.http_actions import housed, reviewed
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, bool]]:
    """Where the house keeps all it has; whether it is a disk of its own."""
    with small_disk(tmp_path / "disk") as is_small:
        yield tmp_path / "disk", is_small


@pytest.fixture
def app(folder: tuple[Path, bool]) -> Iterator[Flask]:
    """A house with one service, in SQLite."""
    where, _ = folder
    with housed(f"sqlite:///{where / 'kajoom.sqlite'}", where) as house:
        house.extensions["clock"].now = lambda: AT
        yield house


@pytest.fixture(params=["full", "read-only"])
def error(request: pytest.FixtureRequest, folder: tuple[Path, bool]) -> AbstractContextManager[None]:
    """What is wrong with the disk for a while."""
    return full(*folder) if request.param == "full" else pragma("query_only = ON")


def test_a_disk_that_takes_nothing_is_told_and_leaves_nothing_half_written(
    app: Flask, error: AbstractContextManager[None]
) -> None:
    visitor, address, form = reviewed(app)

    with error:
        with begin_mode(read_only=True), nothing_written():
            error = visitor.post(f"{address}/plan", data=form)
        assert visitor.get(address).status_code == 200, "what is only read is still there"

    assert error.status_code == 500
    assert "consultez vos services avant de réessayer" in error.text
    assert visitor.post(f"{address}/plan", data=form).status_code == 303
    assert [order.key for order in rows(Order)] == [form["key"]]
