"""Sessions live at the server: a copied cookie is of no use once its session has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from html import unescape

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
from tests.conftest import PASSWORD, Browser, Statements, set_time
from tests.operations.ledger_checks import nothing_written, rows
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields, post

pytestmark = pytest.mark.slow

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


def test_cookie_holds_nothing_computed_from_the_address_and_the_browser(browser: Browser) -> None:
    with browser.session_transaction() as session:
        assert session["_id"] == ""


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


# --- « Mes sessions » ---


def sessions_shown(page: str) -> list[str]:
    """The text of each session in the list."""
    rows_of_list = page.partition('<dl class="facts slim flat">')[2].partition("</dl>")[0].split("<dt>")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows_of_list]


def sign_in_elsewhere(app: Flask, email: str = FR) -> Browser:
    """Another browser in which a client has signed in."""
    other = app.test_client()
    assert isinstance(other, Browser)
    form = {"csrf_token": other.token(), "email": email, "password": PASSWORD}
    headers = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/26.0 Safari/604.1"}
    assert other.post("/login", data=form, headers=headers).status_code == 302
    return other


def test_sessions_are_listed_with_device_address_and_last_use(app: Flask, french: Browser) -> None:
    set_time(app, NOON + HOUR)
    sign_in_elsewhere(app)
    set_time(app, NOON + 14 * HOUR)
    sign_in_elsewhere(app, "en@example.com")
    [this] = sessions_shown(french.get("/account/sessions").text)
    assert this.startswith(
        "Appareil inconnu cette session Dernière utilisation : 2022-10-17, 12 h Adresse IP : 127.0.0.x"
    )

    set_time(app, NOON + 12 * HOUR)
    page = french.get("/account/sessions").text
    [phone, this] = sessions_shown(page)
    assert phone.startswith("Safari sur iPhone Dernière utilisation : 2022-10-17, 13 h")
    assert "cette session" in this
    assert page.count("Fermer toutes les autres sessions") == 1


def test_closed_session_is_signed_out_and_this_one_is_not(app: Flask, french: Browser) -> None:
    other = sign_in_elsewhere(app)
    path = f"/account/sessions/{last_session().id}/close"
    for _ in range(2):
        assert post(french, path).location == "/account/sessions"
    assert other.get("/services").status_code == 303
    assert len(sessions_shown(french.get("/account/sessions").text)) == 1


def test_closing_all_others_leaves_this_session_and_those_of_other_clients(
    app: Flask, french: Browser, english: Browser
) -> None:
    others = [sign_in_elsewhere(app) for _ in range(2)]
    answer = french.fragment(
        "/account/sessions/close-others", method="POST", data={"csrf_token": french.token("/services")}
    )
    assert answer.headers["HX-Redirect"] == "/account/sessions"
    assert [each.get("/services").status_code for each in (*others, french, english)] == [303, 303, 200, 200]


def test_closing_this_session_signs_out(app: Flask, browser: Browser) -> None:
    copy = copy_of(app, browser)
    assert post(browser, f"/account/sessions/{last_session().id}/close").location == "/login"
    assert [each.get("/services").status_code for each in (browser, copy)] == [303, 303]


def test_session_of_another_client_is_not_found(app: Flask, french: Browser) -> None:
    other = sign_in_elsewhere(app, "en@example.com")
    assert post(french, f"/account/sessions/{last_session().id}/close").status_code == 404
    assert post(french, "/account/sessions/999999999/close").status_code == 404
    assert other.get("/services").status_code == 200


def test_list_of_sessions_takes_three_statements(app: Flask, french: Browser, statements: Statements) -> None:
    for _ in range(5):
        sign_in_elsewhere(app)
    french.get("/account/sessions")
    with statements() as executed:
        french.get("/account/sessions")
    assert len(executed) == 3


# --- why one is asked to sign in ---

_EXPIRED = "Votre session a expiré."
_NOT_PAID = "Votre session a expiré. Rien n’a été débité."
_NOT_CHARGED = "Votre session a expiré. Rien n’a été facturé."


@pytest.mark.parametrize("is_cleared", [False, True], ids=["expired", "cookie lost"])
@pytest.mark.parametrize("by_htmx", [False, True], ids=["page", "fragment"])
def test_confirmation_after_the_session_expired_says_so_and_leads_back_to_the_review(
    app: Flask, browser: Browser, address: Address, by_htmx: bool, is_cleared: bool
) -> None:
    review = f"{address('hosting')}/plan/review?plan=b&cycle=monthly"
    form = {"csrf_token": browser.token("/services"), **hidden_fields(browser.get(review).text, "review")}
    set_time(app, NOON + 12 * HOUR)
    if is_cleared:
        browser.delete_cookie("session")

    headers = {"Referer": f"http://localhost{review}", "HX-Current-URL": f"http://localhost{review}"}
    send = browser.fragment if by_htmx else browser.open
    answer = send(f"{address('hosting')}/plan", method="POST", data=form, headers=headers)
    sign_in = answer.headers["HX-Redirect"] if by_htmx else answer.location

    page = browser.get(sign_in).text
    assert _NOT_CHARGED in page
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    answer = browser.post(
        "/login", data={"email": FR, "password": PASSWORD, **fields, "next": unescape(fields["next"])}
    )
    assert answer.location == review


@pytest.mark.parametrize(
    ("method", "path", "sentence"),
    [
        ("GET", "/services", _EXPIRED),
        ("GET", "/services/1/plan?plan=b", _NOT_CHARGED),
        ("POST", "/orders/CH-1/payment", _NOT_PAID),
        ("POST", "/invoices/2022-0001/payment", _NOT_PAID),
        ("POST", "/cancellations/AN-1/withdraw", "Votre session a expiré. Rien n’a été modifié."),
    ],
)
def test_request_after_the_session_expired_says_what_did_not_happen(
    app: Flask, browser: Browser, method: str, path: str, sentence: str
) -> None:
    set_time(app, NOON + 12 * HOUR)
    page = browser.get(browser.open(path, method=method).location)
    assert page.status_code == 200
    assert f"<span>{sentence}</span>" in page.text


def test_sign_in_page_after_the_session_expired_is_in_the_language_of_the_client(app: Flask, browser: Browser) -> None:
    set_time(app, NOON + 12 * HOUR)
    english = {"Accept-Language": "en-CA"}
    assert '<html lang="fr-CA">' in browser.get("/login?reason=expired", headers=english).text
    assert '<html lang="en-CA">' in app.test_client().get("/login?reason=expired", headers=english).text


def test_visitor_is_not_told_that_a_session_expired(client: Browser) -> None:
    link = client.get(client.get("/invoices?page=2").location).text
    assert "Ouvrez une session pour voir la page demandée." in link
    for path in ("/", "/services"):
        start = client.get(client.get(path).location).text
        assert "Vos services, vos factures et votre forfait" in start
    assert "expiré" not in client.get("/login?reason=unknown").text


def test_wrong_password_replaces_the_reason_by_the_error(client: Browser) -> None:
    page = client.send("/login?reason=expired&next=/invoices", email=FR, password="not the password").text
    assert "L’adresse courriel ou le mot de passe est incorrect" in page
    assert _EXPIRED not in page
