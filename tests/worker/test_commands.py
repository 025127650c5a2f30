"""The operator works the outbox off, reads a letter, and says how the demonstration answers."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default as modern
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
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel


@pytest.fixture
def demonstration(app: Flask, tmp_path: Path) -> DemoStore:
    kept = DemoStore(tmp_path / "demonstration.sqlite")
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer(), demo_store=kept)
    return kept


def test_work_once_does_what_is_due_and_ends(app: Flask, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    with time_machine.travel(factories.AT, tick=False):
        ran = app.test_cli_runner().invoke(work, ["--once"])
    assert ran.exit_code == 0
    assert len(mailer.sent) == 1


def test_letter_is_read_before_any_client_does(app: Flask) -> None:
    ran = app.test_cli_runner().invoke(mail, ["preview", "operational", "--lang", "fr"])
    email = message_from_bytes(ran.stdout_bytes, policy=modern)
    assert email["Subject"] == "Votre forfait est pleinement opérationnel\N{NO-BREAK SPACE}: Forfait B"


def test_letter_is_written_into_a_folder(app: Flask, tmp_path: Path) -> None:
    ran = app.test_cli_runner().invoke(
        mail, ["preview", "needs_review", "--lang", "en", "--out", str(tmp_path / "out")]
    )
    assert ran.output.strip() == str(tmp_path / "out" / "needs_review-en.eml")
    email = message_from_bytes((tmp_path / "out" / "needs_review-en.eml").read_bytes(), policy=modern)
    assert email["Content-Language"] == "en-CA"


def test_letter_of_no_such_kind_is_refused_with_the_kinds_there_are(app: Flask) -> None:
    ran = app.test_cli_runner().invoke(mail, ["preview", "love"])
    assert ran.exit_code == 2
    assert "operational" in ran.output


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_demonstration_answers_as_it_is_told(app: Flask, demonstration: DemoStore, behaviour: Behaviour) -> None:
    run = app.test_cli_runner()
    assert run.invoke(payment_command, [behaviour.value]).output == f"payment: {behaviour}\n"
    assert run.invoke(panel_command, [behaviour.value, "--once"]).output == f"panel: {behaviour}, once\n"
    assert [demonstration.next_behaviour(DemoSystem.PAYMENT) for _ in range(2)] == [behaviour, behaviour]
    assert [demonstration.next_behaviour(DemoSystem.PANEL) for _ in range(2)] == [behaviour, Behaviour.ACCEPT]


def test_real_house_has_no_pretended_answers(app: Flask) -> None:
    ran = app.test_cli_runner().invoke(panel_command, ["refuse"])
    assert ran.exit_code == 1
    assert "not the demonstration" in ran.output
