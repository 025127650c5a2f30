"""Sessions live at the server: a copied cookie is of no use once its session has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import update

from kajoom.models.client import client_by_email, lock_client
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.payment import Attempt
from kajoom.models.session import ClientSession
from kajoom.operations.accounts.sessions import close_other_sessions, end_sessions
from kajoom.operations.transaction import transactional
from tests.conftest import PASSWORD, Browser, set_time
from tests.operations.ledger_checks import nothing_written, rows
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields, post

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FR = "fr@example.com"


@pytest.fixture
def browser(client: Browser) -> Browser:
    """A browser in which the French-speaking client has just signed in."""
    assert client.send("/login", email=FR, password=PASSWORD).status_code == 302
    return client


def copy_of(app: Flask, browser: Browser) -> Browser:
    """Another browser with a copy of the session cookie."""
    copy, cookie = app.test_client(), browser.get_cookie("session")
    assert isinstance(copy, Browser)
    assert cookie is not None
    copy.set_cookie("session", cookie.value)
    return copy


def sid(browser: Browser) -> str | None:
    """The value of the cookie that finds the session in the database."""
    with browser.session_transaction() as session:
        return session.get("_sid")


def last_session() -> ClientSession:
    """The session that began last, as it is in the database now."""
    db.session.rollback()
    return rows(ClientSession)[-1]


# --- what ends a session ---


def sign_out(app: Flask, browser: Browser) -> None:
    assert post(browser, "/logout").status_code == 302


@transactional
def change_password(client_id: int, *, active: bool = True) -> None:
    client = lock_client(client_id)
    client.active = active
    end_sessions(client, NOON)


def change_or_reset(app: Flask, browser: Browser) -> None:
    change_password(last_session().client_id)


def deactivate(app: Flask, browser: Browser) -> None:
    client_id = last_session().client_id
    change_password(client_id, active=False)
    change_password(client_id)  # active again: no session comes back


def end_all_others(app: Flask, browser: Browser) -> None:
    ended = last_session().id
    other = app.test_client()
    assert isinstance(other, Browser)
    other.send("/login", email=FR, password=PASSWORD)
    assert last_session().id != ended
    close_other_sessions(last_session().client_id, last_session().id, NOON)


def leave_for_12_hours(app: Flask, browser: Browser) -> None:
    set_time(app, NOON + 12 * HOUR)


@pytest.mark.parametrize("end", [sign_out, change_or_reset, deactivate, end_all_others, leave_for_12_hours])
def test_copied_cookie_of_an_ended_session_neither_confirms_nor_pays(
    app: Flask, browser: Browser, address: Address, end: Callable[[Flask, Browser], None]
) -> None:
    service = address("hosting")
    review = hidden_fields(browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text, "review")
    form = {"csrf_token": browser.token("/services"), **review}
    copy = copy_of(app, browser)
    order = db.session.query(Order.reference).filter_by(status="awaiting_payment").first()
    assert order is not None
    end(app, browser)
    db.session.rollback()

    with nothing_written():
        refused = [copy.post(f"{service}/plan", data=form), copy.post(f"/orders/{order[0]}/payment", data=form)]
    assert [(each.status_code, each.location.partition("?")[0]) for each in refused] == [(303, "/login")] * 2
    assert copy.get(service).status_code == 303
    assert copy.get("/account").status_code == 303


def test_cookie_works_in_two_browsers_while_its_session_is_open(app: Flask, browser: Browser, address: Address) -> None:
    """What the test before would not see if the form were refused for another reason."""
    service = address("hosting")
    review = hidden_fields(browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text, "review")
    form = {"csrf_token": browser.token("/services"), **review}
    attempts = len(rows(Attempt))
    assert "/orders/CH-" in copy_of(app, browser).post(f"{service}/plan", data=form).location
    assert len(rows(Attempt)) > attempts


# --- a sign-in begins another session ---


def test_visitor_who_is_not_signed_in_has_no_session_in_the_database(client: Browser) -> None:
    client.get("/services")
    with nothing_written():
        client.get("/login")
        client.send("/login", email=FR, password="not the password")
    assert sid(client) is None


def test_token_that_was_in_the_browser_before_the_sign_in_is_not_the_one_after_it(app: Flask, client: Browser) -> None:
    """The demonstration's secret is public: anyone can sign a cookie and put it into another browser."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    account = client_by_email(FR)
    assert isinstance(serializer, URLSafeTimedSerializer)
    assert account is not None
    planted = str(serializer.dumps({"_sid": "chosen", "_user_id": account.fs_uniquifier, "csrf_token": "chosen"}))
    client.set_cookie("session", planted)
    client.send("/login", email=FR, password=PASSWORD)
    assert client.get("/services").status_code == 200
    assert sid(client) not in {None, "chosen"}
    client.set_cookie("session", planted)
    assert client.get("/services").status_code == 303


@pytest.mark.parametrize("value", [1, ["x"], "\ud800", "\0", "x" * 10_000])
def test_token_that_is_no_token_is_no_session(app: Flask, client: Browser, value: object) -> None:
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert isinstance(serializer, URLSafeTimedSerializer)
    client.set_cookie("session", str(serializer.dumps({"_sid": value, "_user_id": "x"})))
    assert client.get("/services").status_code == 303
    assert client.get("/login").status_code == 200


def test_second_sign_in_of_a_browser_ends_its_first_session(app: Flask, browser: Browser) -> None:
    first, copy = sid(browser), copy_of(app, browser)
    sign_out(app, browser)
    browser.send("/login", email="en@example.com", password=PASSWORD)
    assert sid(browser) not in {None, first}
    assert copy.get("/services").status_code == 303


def test_password_entered_again_replaces_the_token(app: Flask, browser: Browser) -> None:
    copy, before = copy_of(app, browser), sid(browser)
    assert post(browser, "/verify", password="not the password").status_code == 422
    assert sid(browser) == before
    assert post(browser, "/verify", password=PASSWORD).status_code == 302
    assert sid(browser) != before
    assert browser.get("/services").status_code == 200
    assert copy.get("/services").status_code == 303


# --- when it was last used ---


def test_last_use_is_stored_after_the_answer_at_most_every_ten_minutes(app: Flask, browser: Browser) -> None:
    session_id = last_session().id
    set_time(app, NOON + 10 * MINUTE)
    answer = browser.get("/services")
    assert last_session().seen_at == NOON
    db.session.rollback()
    answer.close()
    assert (last_session().id, last_session().seen_at) == (session_id, NOON + 10 * MINUTE)

    set_time(app, NOON + 19 * MINUTE)
    with nothing_written():
        browser.get("/services").close()


def test_page_does_not_wait_for_a_locked_database_to_store_the_last_use(app: Flask, browser: Browser) -> None:
    set_time(app, NOON + HOUR)
    db.session.rollback()
    with db.engine.connect() as other:
        other.execute(update(ClientSession).values(browser="Edge"))
        started = time.monotonic()
        answer = browser.get("/services")
        answer.close()
        waited = time.monotonic() - started
        other.rollback()
    assert answer.status_code == 200
    assert waited < 5  # a lock is waited for during 15 seconds
    assert last_session().seen_at == NOON


def test_session_stores_the_device_in_words_and_a_truncated_address(app: Flask, client: Browser) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    form = {"csrf_token": client.token(), "email": FR, "password": PASSWORD}
    client.post("/login", data=form, headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    row = last_session()
    assert (row.browser, row.system, row.address) == ("Firefox", "Linux", "203.0.113.x")
