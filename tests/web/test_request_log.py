"""Log lines of requests and messages: what happened, with ids and without personal data; and alerts of page errors."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask import Flask

from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.web import auth, request_log
from tests.conftest import PASSWORD, Browser, set_time
from tests.web.conftest import NOON, Address
from tests.web.log_lines import lines

__all__ = ["lines"]


@pytest.fixture
def failing(app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A test client of an application whose page of services fails, and whose errors are shown as pages."""
    monkeypatch.setattr(auth, "PUBLIC", auth.PUBLIC | {"service.index"})
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.extensions, "page-error-alerts", {})

    def fail() -> str:
        raise ZeroDivisionError("about fr@example.com")

    monkeypatch.setitem(app.view_functions, "service.index", fail)
    return client


def alerts() -> list[tuple[str, str]]:
    """The class and the request number of each alert of a page error."""
    db.session.rollback()
    messages = [each.ids for each in db.session.query(Message).order_by(Message.id)]
    return [(ids["about"], ids["request"]) for ids in messages if ids.get("alert") == "page_error"]


def test_sign_in_and_failed_sign_in_are_logged_with_ids_only(client: Browser, lines: io.StringIO) -> None:
    client.send("/login", email="fr@example.com", password="wrong")
    client.send("/login", email="fr@example.com", password=PASSWORD)

    failed, signed_in = lines.getvalue().splitlines()
    row = client_by_email("fr@example.com")
    assert row is not None
    assert 'level=warning event="sign-in failed" request=' in failed
    assert 'level=info event="signed in" request=' in signed_in
    assert f"client={row.id}" in signed_in
    assert "network=127.0.0.x" in failed


def test_refusal_of_access_is_logged(french: Browser, lines: io.StringIO) -> None:
    assert french.post("/services/1/plan").status_code == 403
    assert 'event="access refused"' in lines.getvalue()
    assert "status=403 endpoint=plan.confirm network=127.0.0.x client=" in lines.getvalue()


def test_each_line_of_a_request_bears_its_number_and_so_does_the_error_page(
    failing: Browser, lines: io.StringIO
) -> None:
    page = failing.get("/services")

    numbers = set(re.findall(r"request=(\w+)", lines.getvalue()))
    assert len(numbers) == 1
    assert f"Numéro de la requête\N{NO-BREAK SPACE}: {numbers.pop()}." in page.text
    assert 'event="page failed"' in lines.getvalue()
    assert "endpoint=service.index method=GET" in lines.getvalue()
    assert "ZeroDivisionError: about [address]" in lines.getvalue()


def test_staff_are_written_to_about_a_page_error_once_an_hour(app: Flask, failing: Browser) -> None:
    for minutes in (0, 30, 59, 60):
        set_time(app, NOON + timedelta(minutes=minutes))
        assert "Notre équipe a été avertie" in failing.get("/services").text

    assert [kind for kind, _ in alerts()] == ["ZeroDivisionError"] * 2


def test_error_page_says_that_staff_are_notified_only_if_they_are(
    failing: Browser, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO
) -> None:
    def fail(*_args: object, **_ids: object) -> None:
        raise ConnectionError("the database is down")

    monkeypatch.setattr(request_log, "send_alert", fail)

    page = failing.get("/services")

    assert page.status_code == 500
    assert "Notre équipe a été avertie" not in page.text
    assert 'event="page failed"' in lines.getvalue()
    assert 'event="staff could not be alerted"' in lines.getvalue()


def test_client_who_asks_for_something_of_another_is_logged(
    french: Browser, address: Address, lines: io.StringIO
) -> None:
    assert french.get(address("hosting", "en")).status_code == 404
    assert 'event="access refused"' in lines.getvalue()
    assert "status=404 endpoint=service.show network=127.0.0.x client=" in lines.getvalue()
