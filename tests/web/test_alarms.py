"""A dead worker, a dead mail server and a dead panel: each seen at /readyz, in the log and in an e-mail to staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask_migrate import stamp

from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PanelAccount, PanelReading, PanelResult, PanelStatus
from kajoom.gateways.ports import MailDelayed, MailRefused
from kajoom.models.db import db
from kajoom.worker.loop import run_pending
from tests.conftest import Browser, set_time
from tests.fake_gateways import FakeMailer, FakePanel
from tests.web.conftest import NOON
from tests.web.pages import hidden_fields
from tests.worker.email_parts import parse, text_of

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
STAFF = "equipe@example.com"

Work = Callable[..., None]


class ErringPanel(FakePanel):
    """A panel that does not answer."""

    def read(self, account: PanelAccount) -> PanelReading:
        raise ConnectionError("the panel does not answer")


class OtherMailer(FakeMailer):
    """A mailer that treats each e-mail by its recipient: ``errors_for`` maps an address to what is raised."""

    def __init__(self) -> None:
        super().__init__()
        self.errors_for: dict[str, Exception] = {}

    def send(self, message: Any) -> None:
        for address, error in self.errors_for.items():
            if address in str(message["To"]):
                raise error
        super().send(message)


@pytest.fixture
def mailer() -> OtherMailer:
    return OtherMailer()


@pytest.fixture
def panel() -> FakePanel:
    return FakePanel()


@pytest.fixture
def work(app: Flask, mailer: OtherMailer, panel: FakePanel, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Runs a worker once, so long after noon; the process of the pages was started at noon."""
    stamp()
    payments = app.extensions["kajoom"].payments
    monkeypatch.setitem(app.extensions, "kajoom", Gateways(panel=panel, mailer=mailer, payments=payments))
    monkeypatch.setitem(app.extensions, "started_at", NOON)

    def run(after: timedelta = timedelta(0)) -> None:
        set_time(app, NOON + after)
        db.session.rollback()
        run_pending(app, Event())

    run()
    mailer.sent.clear()
    return run


def reasons(client: Browser) -> list[str]:
    response = client.get("/readyz").json
    assert response is not None
    return list(response["reasons"])


def written_to_staff(mailer: FakeMailer) -> list[str]:
    """The subjects of the e-mails to staff."""
    return [str(parse(email)["Subject"]) for email in mailer.sent if email["To"] == STAFF]


def change_plan(browser: Browser, service: str, plan: str) -> str:
    """Confirm a change of plan, which the demonstration's provider pays at once; the reference of the order."""
    fields = hidden_fields(browser.get(f"{service}/plan/review?plan={plan}&cycle=monthly").text, "review")
    token = browser.token("/services")
    answer = browser.post(f"{service}/plan", data={"csrf_token": token, **fields})
    return str(answer.headers["Location"].rpartition("/")[2])


def test_dead_worker(
    app: Flask, client: Browser, work: Work, mailer: OtherMailer, caplog: pytest.LogCaptureFixture
) -> None:
    assert reasons(client) == []
    set_time(app, NOON + 6 * MINUTE)
    assert reasons(client) == ["worker_silent"]
    assert "not ready" in caplog.text

    work(6 * HOUR)

    assert reasons(client) == []
    assert written_to_staff(mailer) == ["Aucun processus de travail pendant un moment"]
    text = text_of(parse(mailer.sent[0])).replace("\N{NO-BREAK SPACE}", " ")
    assert "Entre le 17 octobre 2022 à 12 h et le 17 octobre 2022 à 18 h" in text


def test_mail_server_that_refuses(
    client: Browser, french: Browser, address: Any, work: Work, mailer: OtherMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailer.errors_for["fr@example.com"] = MailRefused("SMTPDataError 550")
    change_plan(french, address("hosting"), "b")

    work()

    assert reasons(client) == ["dead_messages"]
    dead = [record for record in caplog.records if record.message == "message dead"]
    assert dead[0].__dict__["reason"] == "MailRefused: SMTPDataError 550"
    assert written_to_staff(mailer)[-1] == "1 message abandonné (email)"  # one change, one e-mail
    assert "SMTPDataError 550" in text_of(parse(mailer.sent[-1]))


def test_mail_server_that_is_down(
    client: Browser, french: Browser, address: Any, work: Work, mailer: OtherMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailer.errors_for["@"] = MailDelayed("ConnectionRefusedError")
    change_plan(french, address("hosting"), "b")

    work()
    assert reasons(client) == []
    assert "message retried later" in caplog.text
    for minutes in (5, 20, 61):
        work(minutes * MINUTE)

    assert reasons(client) == ["messages_late"]


@pytest.mark.parametrize("panel", [ErringPanel()], ids=["erring"])
def test_panel_that_does_not_answer(
    client: Browser, french: Browser, address: Any, work: Work, mailer: OtherMailer, caplog: pytest.LogCaptureFixture
) -> None:
    order = change_plan(french, address("hosting"), "b")

    for minutes in (0, 10, 61):
        work(minutes * MINUTE)

    assert reasons(client) == ["messages_late"]
    assert "message failed" in caplog.text
    assert f"exemple.ca\N{NO-BREAK SPACE}: changement bloqué ({order})" in written_to_staff(mailer)
    clients = [str(parse(email)["Subject"]) for email in mailer.sent if "fr@example.com" in email["To"]]
    assert "exemple.ca\N{NO-BREAK SPACE}: votre passage au Forfait B prend plus de temps que prévu" in clients
    assert "Ce changement prend plus de temps que prévu." in french.get(f"/orders/{order}").text


def test_panel_that_never_finishes_is_reported_and_asked_again(
    client: Browser, french: Browser, address: Any, work: Work, mailer: OtherMailer, panel: FakePanel
) -> None:
    panel.results.extend([PanelResult(PanelStatus.PENDING)] * 30)
    order = change_plan(french, address("hosting"), "b")
    work()
    assert "plus de temps que prévu" not in french.get(f"/orders/{order}").text

    for hours in (1, 2, 24, 48):
        work(hours * HOUR)

    assert reasons(client) == []  # still pending, and a worker runs
    assert sum("changement bloqué" in subject for subject in written_to_staff(mailer)) == 1
    panel.results.clear()
    work(96 * HOUR)
    assert 'data-status="completed"' in french.get(f"/orders/{order}").text


def test_panel_that_refuses(
    client: Browser, french: Browser, address: Any, work: Work, mailer: OtherMailer, panel: FakePanel
) -> None:
    panel.results.append(PanelResult(PanelStatus.REFUSED, "disk quota exceeded"))
    order = change_plan(french, address("hosting"), "b")

    work()

    [email] = [parse(each) for each in mailer.sent if each["To"] == STAFF]
    assert email["Subject"] == f"exemple.ca\N{NO-BREAK SPACE}: changement à effectuer ({order})"
    text = text_of(email).replace("\N{NO-BREAK SPACE}", " ")
    for fact in (
        "Forfait A → Forfait B",
        "Le panneau a refusé le changement : « disk quota exceeded ».",
        "Compte sur le serveur : exemple\n",
        "Forfait sur le serveur : kajoom_b\n",
        "Payé : 41,72 $ CAD",
        "/staff#task-",
    ):
        assert fact in text, fact
    assert "manual" not in text
