"""PostgreSQL closes connections: unnoticed between two pages, an error page inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kajoom.models.db import db
from kajoom.models.kept_statement import page_reads
from kajoom.models.order import Order
from kajoom.models.service_snapshot import service_snapshot_of
from tests.chaos.reviewed_change import app_with_service, review_change
from tests.database import Cluster, PostgresDatabase
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows


@pytest.fixture
def app(cluster: Cluster, tmp_path: Path) -> Iterator[Flask]:
    """An application with one service, on PostgreSQL."""
    with app_with_service(PostgresDatabase(cluster, "connection").url, tmp_path) as app:
        yield app


def close_connections(cluster: Cluster) -> None:
    """Have the server close every connection to the application's database."""
    with cluster.connect("postgres") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (db.engine.url.database,)
        )


def test_connection_lost_between_two_pages_is_replaced(app: Flask, cluster: Cluster) -> None:
    browser, path, form = review_change(app)
    close_connections(cluster)
    assert browser.get(path).status_code == 200
    close_connections(cluster)
    assert browser.post(f"{path}/plan", data=form).status_code == 303
    assert len(rows(Order)) == 1


def test_connection_lost_between_two_statements_of_a_page_is_replaced(app: Flask, cluster: Cluster) -> None:
    service_snapshot_of(1, 1, AT.date())  # the catalogue stays in memory
    db.session.remove()
    with page_reads():
        services = [service_snapshot_of(1, 1, AT.date())]
        close_connections(cluster)
        services.append(service_snapshot_of(1, 1, AT.date()))
    assert services[0] is not None
    assert services[0] == services[1]


def test_connection_lost_in_a_transaction_is_an_error_and_the_same_form_then_places_one_order(
    app: Flask, cluster: Cluster
) -> None:
    browser, path, form = review_change(app)
    with nothing_written():

        def close_once(_session: Any) -> None:
            event.remove(db.session, "before_commit", close_once)
            db.session.flush()
            close_connections(cluster)

        event.listen(db.session, "before_commit", close_once)
        response = browser.post(f"{path}/plan", data=form)

    assert response.status_code == 500
    assert "consultez vos services avant de réessayer" in response.text
    for _ in range(2):
        assert browser.post(f"{path}/plan", data=form).status_code == 303
    assert [order.key for order in rows(Order)] == [form["key"]]
