"""The house says whether it is alive and ready, and nothing more."""

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


def test_a_process_that_answers_is_alive(client: FlaskClient) -> None:
    result = client.get("/healthz")
    assert (result.status_code, result.json) == (200, {"alive": True})


@pytest.mark.usefixtures("stamped")
def test_a_house_at_its_last_revision_with_nothing_late_is_ready(client: FlaskClient) -> None:
    enqueue("email", "fresh", clock.now(), email="none")
    db.session.commit()
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("stamped")
def test_a_message_that_nobody_does_makes_the_house_unready(client: FlaskClient) -> None:
    enqueue("email", "old", clock.now() - timedelta(minutes=11), email="none")
    db.session.commit()
    result = client.get("/readyz")
    assert (result.status_code, result.json["worker"]) == (503, "late")


@pytest.mark.usefixtures("app")
def test_tables_of_an_older_revision_are_not_ready(client: FlaskClient) -> None:
    stamp(revision="base")
    result = client.get("/readyz")
    assert (result.status_code, result.json["database"]) == (503, "to be upgraded")
