"""Commands of the worker: ``work``, ``mail preview``, and the behaviour of the demonstration."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from kajoom.cli.demo_behaviour import panel as panel_command
from kajoom.cli.demo_behaviour import payment as payment_command
from kajoom.cli.mail import mail
from kajoom.cli.work import work
from kajoom.gateways import Gateways
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.worker.email_samples import SELLER
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel
from tests.worker.email_parts import without_digest


@pytest.fixture
def demo_store(app: Flask, tmp_path: Path) -> DemoStore:
    """The store of an application that has the demonstration's gateways."""
    store = DemoStore(tmp_path / "demonstration.sqlite")
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer(), demo_store=store)
    return store


def test_work_once_handles_due_messages_and_ends(app: Flask, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    with time_machine.travel(factories.AT, tick=False):
        result = app.test_cli_runner().invoke(work, ["--once"])
    assert result.exit_code == 0
    assert len(without_digest(mailer.sent)) == 1


def test_preview_prints_an_email(app: Flask) -> None:
    result = app.test_cli_runner().invoke(mail, ["preview", "operational", "--lang", "fr"])
    email = message_from_bytes(result.stdout_bytes, policy=default)
    expected = "boreal.example.com\N{NO-BREAK SPACE}: votre forfait est passé du Forfait A au Forfait B"
    assert email["Subject"] == expected


def test_preview_is_from_the_seller_of_the_catalogue(app: Flask) -> None:
    seller = {**SELLER, "name": "Nordique", "email": "bonjour@nordique.example"}
    db.session.query(CatalogVersion).one().seller = seller
    db.session.commit()
    result = app.test_cli_runner().invoke(mail, ["preview", "operational"])
    email = message_from_bytes(result.stdout_bytes, policy=default)
    assert email["From"] == "Nordique <bonjour@nordique.example>"


def test_preview_writes_an_email_into_a_folder(app: Flask, tmp_path: Path) -> None:
    result = app.test_cli_runner().invoke(
        mail, ["preview", "needs_review", "--lang", "en", "--out", str(tmp_path / "out")]
    )
    assert result.output.strip() == str(tmp_path / "out" / "needs_review-en.eml")
    email = message_from_bytes((tmp_path / "out" / "needs_review-en.eml").read_bytes(), policy=default)
    assert email["Content-Language"] == "en-CA"


def test_preview_of_unknown_email_lists_the_known_ones(app: Flask) -> None:
    result = app.test_cli_runner().invoke(mail, ["preview", "unknown"])
    assert result.exit_code == 2
    assert "operational" in result.output


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_behaviour_of_the_demonstration_is_set_by_command(
    app: Flask, demo_store: DemoStore, behaviour: Behaviour
) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(payment_command, [behaviour.value]).output == f"payment: {behaviour}\n"
    assert runner.invoke(panel_command, [behaviour.value, "--once"]).output == f"panel: {behaviour}, once\n"
    assert [demo_store.next_behaviour(DemoSystem.PAYMENT) for _ in range(2)] == [behaviour, behaviour]
    assert [demo_store.next_behaviour(DemoSystem.PANEL) for _ in range(2)] == [behaviour, Behaviour.ACCEPT]


def test_behaviour_cannot_be_set_outside_the_demonstration(app: Flask) -> None:
    result = app.test_cli_runner().invoke(panel_command, ["refuse"])
    assert result.exit_code == 1
    assert "not the demonstration" in result.output
