"""Forgotten password and invitation: links of e-mails, which answer alike for anyone and serve once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.operations.accounts.invitations import invite
from kajoom.operations.accounts.links import LinkKind, make_token, signing_keys
from kajoom.worker.emails import email_for_message
from tests.conftest import PASSWORD, Browser, SignIn, Statements, set_time
from tests.web.conftest import NOON
from tests.worker.email_parts import text_of

pytestmark = pytest.mark.slow

EMAIL, NEW = "fr@example.com", "une phrase bien à moi"
"""The new password holds spaces and an accent."""


def messages(email: str) -> list[Message]:
    db.session.rollback()
    return [row for row in db.session.query(Message).order_by(Message.id) if row.ids.get("email") == email]


def client_of(email: str = EMAIL) -> Client:
    db.session.rollback()
    client = client_by_email(email)
    assert client is not None
    return client


def link_of(message: Message) -> str:
    """The path of the link in the e-mail of a message."""
    email = email_for_message(message.ids, message.key, NOON)
    assert email is not None
    found = re.search(r"http://[^/]+(/(?:reset|invite)/[^?\s]+)\?lang=(?:fr|en)\s", text_of(email))
    assert found is not None
    return found[1]


def requested_link(browser: Browser, email: str = EMAIL) -> str:
    """Ask for a new password, and return the path of the link that is sent."""
    assert browser.send("/reset", email=email).status_code == 303
    return link_of(messages("password_reset")[-1])


def choose(browser: Browser, path: str, password: str = NEW, again: str | None = None) -> int:
    token = browser.token(path)
    fields = {"csrf_token": token, "password": password, "password_confirm": password if again is None else again}
    return browser.post(path, data=fields).status_code


@pytest.fixture
def other(app: Flask) -> Browser:
    """Another browser, not signed in."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    return browser


def test_reset_link_sets_the_password_signs_in_and_ends_the_other_sessions(client: Browser, french: Browser) -> None:
    path = requested_link(client)
    page = client.get(path)
    assert page.status_code == 200
    assert french.get("/services").status_code == 200

    assert choose(client, path) == 303
    assert "Votre mot de passe a été changé" in client.get("/services").text
    assert "Votre mot de passe a été changé" not in client.get("/services").text
    assert french.get("/services").status_code == 303
    assert [row.ids["client"] for row in messages("password_changed")] == [client_of().id]


def test_new_password_opens_and_the_old_one_does_not(client: Browser, other: Browser) -> None:
    choose(client, requested_link(client))
    assert other.send("/login", email=EMAIL, password=PASSWORD).status_code == 422
    assert other.send("/login", email=EMAIL, password=NEW).status_code == 302


def test_link_serves_once_and_ends_the_links_sent_before_it(client: Browser, other: Browser) -> None:
    first, second = requested_link(client), requested_link(client)
    assert choose(client, second) == 303
    for path in (first, second):
        response = other.get(path)
        assert (response.status_code, "password_confirm" in response.text) == (410, False)
        assert other.send(path, password=NEW, password_confirm=NEW).status_code == 410


def test_link_expires_after_an_hour(app: Flask, client: Browser) -> None:
    path = requested_link(client)
    set_time(app, NOON + timedelta(minutes=59, seconds=59))
    assert client.get(path).status_code == 200
    set_time(app, NOON + timedelta(hours=1))
    assert client.get(path).status_code == 410


@pytest.mark.parametrize("change", ["fs_uniquifier", "email", "active"])
def test_link_ends_when_sessions_or_the_address_change(client: Browser, change: str) -> None:
    path, row = requested_link(client), client_of()
    setattr(row, change, {"fs_uniquifier": "x", "email": "new@example.com", "active": False}[change])
    db.session.commit()
    assert client.get(path).status_code == 410


def test_link_for_another_purpose_or_of_another_secret_is_refused(app: Flask, client: Browser) -> None:
    row, keys = client_of(), signing_keys(app.config)
    invitation = make_token(keys, LinkKind.INVITATION, row, NOON)
    forged = make_token(["another secret"], LinkKind.RESET, row, NOON)
    for path in (f"/reset/{invitation}", f"/invite/{invitation}", f"/reset/{forged}", "/reset/x", "/reset/.é."):
        assert client.get(path).status_code == 410, path


@pytest.mark.parametrize("email", [EMAIL, "FR@Example.com ", "nobody@example.com"])
def test_reset_answers_and_writes_alike_for_clients_and_strangers(
    client: Browser, statements: Statements, email: str
) -> None:
    token = client.token("/reset")
    with statements() as executed:
        response = client.post("/reset", data={"csrf_token": token, "email": email})
    assert (response.status_code, response.location) == (303, "/reset?sent=yes")
    kinds = [statement.split()[0] for statement in executed]
    assert kinds == kinds_of_a_reset(client, statements)
    assert len(messages("password_reset")) == 2
    assert "nobody" not in str([row.ids for row in messages("password_reset")])


def kinds_of_a_reset(client: Browser, statements: Statements) -> list[str]:
    """The kinds of the statements of a request for an address that is no client's."""
    token = client.token("/reset")
    with statements() as executed:
        client.post("/reset", data={"csrf_token": token, "email": "stranger@example.com"})
    return [statement.split()[0] for statement in executed]


def test_nothing_is_sent_to_a_stranger_or_a_deactivated_client(client: Browser) -> None:
    client.send("/reset", email="nobody@example.com")
    row = client_of()
    row.active = False
    db.session.commit()
    client.send("/reset", email=EMAIL)
    for message in messages("password_reset"):
        assert email_for_message(message.ids, message.key, NOON) is None


def test_client_without_a_password_may_reset_it(client: Browser) -> None:
    row = client_of()
    row.password = None
    db.session.commit()
    assert client.send("/login", email=EMAIL, password=PASSWORD).status_code == 422
    assert choose(client, requested_link(client)) == 303
    assert client.get("/services").status_code == 200


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c", "é@example.com"])
def test_text_that_is_no_address_is_named(client: Browser, email: str) -> None:
    response = client.send("/reset", email=email)
    assert response.status_code == 422
    assert "Entrez une adresse courriel complète" in response.text
    assert messages("password_reset") == []


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("eleven char", None, "au moins 12 caractères"),
        ("", None, "au moins 12 caractères"),
        ("éééééééé", None, "au moins 12 caractères"),
        ("x" * 129, None, "au plus 128 caractères"),
        ("각" * 128, None, "au plus 128 caractères"),
        (NEW, NEW + "x", "ne sont pas identiques"),
        ("Motdepasse2026!", None, "facile à deviner"),
        ("Françoise Tremblay", None, "facile à deviner"),
    ],
)
def test_password_that_breaks_a_rule_is_refused_and_the_link_still_serves(
    client: Browser, password: str, again: str | None, sentence: str
) -> None:
    path, before = requested_link(client), client_of().password
    fields = {"password": password, "password_confirm": password if again is None else again}
    response = client.post(path, data={"csrf_token": client.token(path), **fields})
    assert response.status_code == 422
    assert sentence in response.text
    assert client_of().password == before
    assert choose(client, path) == 303


@pytest.mark.parametrize(
    "password", ["12 caractères", "日本語のパスワード長い文字", "des mots, " * 12, " spaces at both ends "]
)
def test_long_enough_password_of_any_characters_is_accepted(client: Browser, other: Browser, password: str) -> None:
    assert choose(client, requested_link(client), password) == 303
    assert other.send("/login", email=EMAIL, password=password).status_code == 302


def test_opening_a_link_changes_nothing(client: Browser, statements: Statements) -> None:
    path = requested_link(client)
    with statements() as executed:
        assert client.get(path).status_code == client.head(path).status_code == 200
    assert {statement.split()[0] for statement in executed} == {"SELECT"}


def test_requests_beyond_the_limit_of_an_account_send_nothing_and_answer_alike(client: Browser) -> None:
    for _ in range(5):
        assert client.send("/reset", email=EMAIL).location == "/reset?sent=yes"
    assert len(messages("password_reset")) == 3


def test_page_of_a_link_needs_no_session_and_keeps_the_language(signed_in: SignIn, client: Browser) -> None:
    path = requested_link(client, "en@example.com")
    assert "Choose a new password" in client.get(f"{path}?lang=en").text
    assert "Choisir un nouveau mot de passe" in signed_in(EMAIL).get(path).text


def test_invitation_sets_the_first_password_and_signs_in(client: Browser, other: Browser) -> None:
    row = client_of()
    row.password = None
    db.session.commit()
    assert invite(EMAIL, "staff:lea", NOON) == row.id
    path = link_of(messages("invitation")[0])
    assert path.startswith("/invite/")
    assert "Activer mon accès" in client.get(path).text
    assert choose(client, path) == 303
    assert "Votre accès est activé" in client.get("/services").text
    assert other.get(path).status_code == 410
    assert other.send("/login", email=EMAIL, password=NEW).status_code == 302
    assert messages("password_changed") == []


def test_invitation_is_not_sent_to_a_client_who_has_a_password_by_then(client: Browser) -> None:
    row = client_of()
    row.password = None
    db.session.commit()
    invite(EMAIL, "staff:lea", NOON)
    choose(client, requested_link(client))
    (message,) = messages("invitation")
    assert email_for_message(message.ids, message.key, NOON) is None
