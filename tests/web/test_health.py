"""The health checks /healthz and /readyz."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import stamp

from kajoom import clock
from kajoom.models.db import db
from kajoom.operations.outbox import enqueue


@pytest.fixture
def stamped(app: Flask) -> None:
    stamp()


def test_running_process_is_alive(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"alive": True})


@pytest.mark.usefixtures("stamped")
def test_ready_at_the_latest_migration_without_late_messages(client: FlaskClient) -> None:
    enqueue("email", "fresh", clock.now(), email="none")
    db.session.commit()
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("stamped")
def test_late_message_makes_it_not_ready(client: FlaskClient) -> None:
    enqueue("email", "old", clock.now() - timedelta(minutes=11), email="none")
    db.session.commit()
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["worker"]) == (503, "late")


@pytest.mark.usefixtures("app")
def test_older_migration_is_not_ready(client: FlaskClient) -> None:
    stamp(revision="base")
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["database"]) == (503, "to be upgraded")
