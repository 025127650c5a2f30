"""Change of password and of e-mail address by the signed-in client."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from kajoom.models.address_change import AddressChange
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.worker.emails import email_for_message
from tests.conftest import PASSWORD, Browser, SignIn, set_time
from tests.web.conftest import NOON
from tests.web.pages import post
from tests.worker.email_parts import text_of

EMAIL, OTHER, NEW = "fr@example.com", "en@example.com", "nouvelle@example.com"
PHRASE = "une phrase bien à moi"


def client_of(email: str = EMAIL) -> Client:
    db.session.rollback()
    client = client_by_email(email)
    assert client is not None
    return client


def messages(email: str) -> list[Message]:
    db.session.rollback()
    return [row for row in db.session.query(Message).order_by(Message.id) if row.ids.get("email") == email]


def recipients(messages_of: list[Message]) -> list[str]:
    """The addresses to which the e-mails of some messages go."""
    emails = [email_for_message(message.ids, message.key, NOON) for message in messages_of]
    return [str(email["To"].addresses[0].addr_spec) for email in emails if email is not None]


def requested_link(browser: Browser, address: str = NEW) -> str:
    """Ask for another address, and return the path of the link that is sent to it."""
    assert post(browser, "/account/email", email=address).location == "/account/email"
    message = messages("address_confirm")[-1]
    email = email_for_message(message.ids, message.key, NOON)
    assert email is not None
    found = re.search(r"http://[^/]+(/account/email/\S+)", text_of(email))
    assert found is not None
    return found[1]


def confirm(browser: Browser, path: str) -> int:
    return post(browser, path).status_code


@pytest.fixture
def fresh(app: Flask) -> Browser:
    """A browser whose client signed in a moment ago."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    browser.send("/login", email=EMAIL, password=PASSWORD)
    return browser


def copy_of(browser: Browser, app: Flask) -> Browser:
    """A browser with a copy of the cookies of another."""
    cookie = browser.get_cookie("session")
    copied = app.test_client()
    assert cookie is not None
    assert isinstance(copied, Browser)
    copied.set_cookie("session", cookie.value)
    return copied


def test_new_password_ends_other_sessions_and_copied_cookies_and_keeps_this_one(
    app: Flask, fresh: Browser, french: Browser
) -> None:
    copied = copy_of(fresh, app)
    response = post(fresh, "/account/password", password=PHRASE, password_confirm=PHRASE)
    assert (response.status_code, response.location) == (303, "/account")
    assert "Votre mot de passe a été changé" in fresh.get("/account").text
    assert [french.get("/services").status_code, copied.get("/services").status_code] == [303, 303]
    assert recipients(messages("password_changed")) == [EMAIL]
    assert app.test_client().get("/reset").status_code == 200
    assert post(fresh, "/account/password", password=PASSWORD, password_confirm=PASSWORD).status_code == 303


@pytest.mark.parametrize("fields", [{}, {"password": "short"}, {"password": PHRASE}, {"password": "x" * 129}])
def test_unusable_password_changes_nothing(fresh: Browser, fields: dict[str, str]) -> None:
    before = client_of().password
    response = post(fresh, "/account/password", **fields)
    assert response.status_code == 422
    assert "Le mot de passe n’a pas été changé" in response.text
    assert client_of().password == before
    assert messages("password_changed") == []


@pytest.mark.parametrize("page", ["password", "email"])
def test_password_is_asked_for_again_after_half_an_hour(fresh: Browser, page: str) -> None:
    with fresh.session_transaction() as session:
        session["fs_paa"] -= 31 * 60
    fields = {"password": PHRASE, "password_confirm": PHRASE, "email": NEW}
    for response in (fresh.get(f"/account/{page}"), post(fresh, f"/account/{page}", **fields)):
        assert response.location == f"/verify?next=%2Faccount%2F{page}"
    assert messages("password_changed") + messages("address_confirm") == []
    verify = fresh.get(f"/verify?next=/account/{page}").text
    assert "Avant de changer" in verify
    assert post(fresh, f"/verify?next=/account/{page}", password=PASSWORD).location == f"/account/{page}"
    assert fresh.get(f"/account/{page}").status_code == 200


def test_address_changes_when_the_new_one_confirms_and_both_are_written_to(
    app: Flask, fresh: Browser, french: Browser
) -> None:
    path = requested_link(fresh)
    assert client_of().email == EMAIL
    assert NEW in fresh.get("/account/email").text
    assert NEW in fresh.get(path).text
    assert client_of().email == EMAIL

    assert confirm(fresh, path) == 303
    assert "Votre adresse courriel a été changée" in fresh.get("/account").text
    assert client_by_email(EMAIL) is None
    assert client_of(NEW).file_email == EMAIL
    assert french.get("/services").status_code == 303
    assert sorted(recipients(messages("address_changed"))) == sorted([EMAIL, NEW])
    assert confirm(fresh, path) == 410
    stranger = app.test_client()
    assert isinstance(stranger, Browser)
    assert stranger.send("/login", email=NEW, password=PASSWORD).status_code == 302


def test_link_of_an_address_serves_its_own_client_only(
    app: Flask, fresh: Browser, english: Browser, client: Browser
) -> None:
    path = requested_link(fresh)
    assert english.get(path).status_code == 410
    assert confirm(english, path) == 410
    assert client.get(path).location.startswith("/login?next=%2Faccount%2Femail%2F")
    set_time(app, NOON + timedelta(hours=1))
    assert fresh.get(path).status_code == 410
    assert client_of().email == EMAIL


def test_address_of_another_account_is_asked_for_alike_and_receives_nothing(fresh: Browser) -> None:
    answers = [post(fresh, "/account/email", email=address) for address in (NEW, "EN@example.com")]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/account/email")}
    assert recipients(messages("address_confirm")) == [NEW]


def test_address_that_another_account_took_meanwhile_is_not_taken(fresh: Browser) -> None:
    path = requested_link(fresh)
    client_of(OTHER).email = NEW
    db.session.commit()
    assert confirm(fresh, path) == 410
    assert client_of().email == EMAIL


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("", "adresse courriel complète"), ("nobody", "adresse courriel complète"), (" FR@example.com", "déjà l")],
)
def test_address_that_cannot_be_used_is_named(fresh: Browser, typed: str, sentence: str) -> None:
    response = post(fresh, "/account/email", email=typed)
    assert response.status_code == 422
    assert sentence in response.text
    assert db.session.query(AddressChange).count() == 0


def test_reset_link_sent_to_the_former_address_ends_with_it(fresh: Browser, client: Browser) -> None:
    client.send("/reset", email=EMAIL)
    message = messages("password_reset")[-1]
    email = email_for_message(message.ids, message.key, NOON)
    assert email is not None
    found = re.search(r"http://[^/]+(/reset/\S+)", text_of(email))
    assert found is not None
    assert client.get(found[1]).status_code == 200
    confirm(fresh, requested_link(fresh))
    assert client.get(found[1]).status_code == 410


def test_acts_of_one_client_that_write_emails_are_limited(fresh: Browser) -> None:
    token = fresh.token("/account/email")
    codes = [
        fresh.post("/account/email", data={"csrf_token": token, "email": f"n{number}@example.com"}).status_code
        for number in range(31)
    ]
    assert (codes[:30], codes[30]) == ([303] * 30, 429)


def test_account_leads_to_both_pages(signed_in: SignIn) -> None:
    page = signed_in(EMAIL).get("/account").text
    assert 'href="/account/password"' in page
    assert 'href="/account/email"' in page
