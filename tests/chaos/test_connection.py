"""A PostgreSQL that cuts its connections, by a restart or a cable: unnoticed between pages, told within a deed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kajoom.models.db import db
from kajoom.models.order import Order
from tests.chaos.http_actions import housed, reviewed
from tests.database import Cluster, PostgresDatabase
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows


@pytest.fixture
def app(cluster: Cluster, tmp_path: Path) -> Iterator[Flask]:
    """A house with one service, in PostgreSQL."""
    with housed(PostgresDatabase(cluster, "connection").url, tmp_path) as house:
        house.extensions["clock"].now = lambda: AT
        yield house


def cut(cluster: Cluster) -> None:
    """Every connection to the house's database is ended by the server."""
    with cluster.connect("postgres") as every:
        every.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (db.engine.url.database,)
        )


def test_a_connection_lost_between_two_pages_is_not_noticed(app: Flask, cluster: Cluster) -> None:
    visitor, address, form = reviewed(app)
    cut(cluster)
    assert visitor.get(address).status_code == 200
    cut(cluster)
    assert visitor.post(f"{address}/plan", data=form).status_code == 303
    assert len(rows(Order)) == 1


def test_a_connection_lost_within_a_deed_is_told_and_the_same_form_does_it_once(app: Flask, cluster: Cluster) -> None:
    visitor, address, form = reviewed(app)
    with nothing_written():

        def once(_session: Any) -> None:
            event.remove(db.session, "before_commit", once)
            db.session.flush()
            cut(cluster)

        event.listen(db.session, "before_commit", once)
        error = visitor.post(f"{address}/plan", data=form)

    assert error.status_code == 500
    assert "consultez vos services avant de réessayer" in error.text
    for _ in range(2):
        assert visitor.post(f"{address}/plan", data=form).status_code == 303
    assert [order.key for order in rows(Order)] == [form["key"]]
