"""Throttling: wrong passwords meet 429 without locking anyone out, and one client causes only so much in an hour."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask, request, session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from kajoom.domain.throttle import ThrottleKind, Window
from kajoom.models.client import client_by_email
from kajoom.models.throttle import Throttle
from kajoom.operations.accounts import throttling as counting
from kajoom.web import throttling
from kajoom.web.hashing import HashingThread
from tests.conftest import PASSWORD, Browser, SignIn, set_time
from tests.operations.ledger_checks import rows
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields

pytestmark = pytest.mark.slow

WRONG = "not the password"
FRENCH, ENGLISH, NOBODY = "fr@example.com", "en@example.com", "no@example.com"


def visitor(app: Flask) -> Browser:
    """A browser that has never been here."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    return browser


def sign_in(
    browser: Browser, email: str = FRENCH, password: str = PASSWORD, *, at: str = "192.0.2.1", token: str = ""
) -> TestResponse:
    """Send the sign-in form from a network address."""
    form = {"csrf_token": token or browser.token(), "email": email, "password": password}
    return browser.post("/login", data=form, environ_base={"REMOTE_ADDR": at})


def sign_out(browser: Browser) -> None:
    """Send the form that ends the session; the browser keeps its other cookies."""
    assert browser.post("/logout", data={"csrf_token": browser.token("/services")}).status_code == 302


def guess(browser: Browser, times: int, email: str = FRENCH, *, at: str = "192.0.2.1") -> Counter[int]:
    """Send wrong passwords; how often each status came."""
    token = browser.token()
    return Counter(sign_in(browser, email, WRONG, at=at, token=token).status_code for _ in range(times))


@pytest.mark.parametrize("email", [FRENCH, NOBODY])
def test_sixth_wrong_password_meets_429_known_or_not(app: Flask, client: Browser, email: str) -> None:
    assert guess(client, 9, email) == {422: 5, 429: 4}
    response = sign_in(client, email)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "30")
    assert "Réessayez dans 1\N{NO-BREAK SPACE}minute.</a>" in response.text
    assert f'value="{email}"' in response.text


def test_throttled_page_is_in_the_language_of_the_visitor_and_leads_back(app: Flask, client: Browser) -> None:
    client.get("/login?lang=en")
    guess(client, 8)
    set_time(app, NOON + timedelta(minutes=1))
    guess(client, 1)
    set_time(app, NOON + timedelta(minutes=2))
    guess(client, 1)
    form = {"csrf_token": client.token(), "email": FRENCH, "password": PASSWORD, "next": "/services/1"}
    response = client.post("/login", data=form, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "120")
    assert "Try again in 2 minutes." in response.text
    assert '<input type="hidden" name="next" value="/services/1">' in response.text


def test_client_at_another_address_gets_in(app: Flask, client: Browser) -> None:
    guess(client, 8)
    assert sign_in(visitor(app), at="192.0.2.2").status_code == 302


def test_client_behind_the_address_of_a_stranger_gets_in_with_a_known_browser(app: Flask, client: Browser) -> None:
    known = visitor(app)
    assert sign_in(known).status_code == 302
    sign_out(known)
    for number in range(4):
        assert guess(client, 6, f"{number or 'fr'}@example.com") == {422: 5, 429: 1}
    assert sign_in(known).status_code == 302
    assert sign_in(visitor(app)).status_code == 429


def test_known_browser_is_throttled_by_its_own_wrong_passwords(app: Flask) -> None:
    known = visitor(app)
    sign_in(known)
    sign_out(known)
    assert guess(known, 10) == {422: 5, 429: 5}
    assert sign_in(visitor(app)).status_code == 302


def test_browser_known_to_one_account_is_not_to_another(app: Flask) -> None:
    known = visitor(app)
    sign_in(known, ENGLISH)
    sign_out(known)
    guess(visitor(app), 5)
    assert sign_in(known).status_code == 429


def test_browser_stays_known_to_the_accounts_that_share_it(app: Flask) -> None:
    known = visitor(app)
    for email in (FRENCH, ENGLISH):
        assert sign_in(known, email).status_code == 302
        sign_out(known)
    for email in (FRENCH, ENGLISH):
        guess(visitor(app), 5, email)
        assert sign_in(known, email).status_code == 302
        sign_out(known)


@pytest.mark.parametrize("forged", ["", "x", "WyJ4IiwxXQ.aa.bb", "é"])
def test_forged_cookie_of_a_known_browser_is_ignored(app: Flask, client: Browser, forged: str) -> None:
    client.set_cookie("device", forged)
    assert guess(client, 6) == {422: 5, 429: 1}


def test_cookie_of_a_known_browser_holds_no_address_and_is_out_of_reach_of_scripts(app: Flask) -> None:
    browser = visitor(app)
    header = next(each for each in sign_in(browser).headers.getlist("Set-Cookie") if each.startswith("device="))
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert "example" not in header


def test_one_address_that_tries_many_accounts_meets_429(client: Browser) -> None:
    token = client.token()
    statuses = [sign_in(client, f"{number}@example.com", WRONG, token=token).status_code for number in range(22)]
    assert statuses == [422] * 20 + [429] * 2


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_ipv6_addresses_of_one_network_are_counted_together(
    client: Browser, first: str, second: str, is_same: bool
) -> None:
    guess(client, 5, at=first)
    assert sign_in(client, at=second).status_code == (429 if is_same else 302)


def test_address_that_a_request_claims_is_not_believed_without_a_proxy(app: Flask, client: Browser) -> None:
    token, statuses = client.token(), []
    for number in range(6):
        form = {"csrf_token": token, "email": FRENCH, "password": WRONG}
        claimed = {"X-Forwarded-For": f"192.0.2.{number}", "Forwarded": f"for=192.0.2.{number}"}
        statuses.append(client.post("/login", data=form, headers=claimed).status_code)
    assert statuses == [422] * 5 + [429]


@pytest.mark.parametrize("spelling", ["FR@Example.com", "FR@EXAMPLE.COM"])
def test_spellings_of_an_address_are_one_account(client: Browser, spelling: str) -> None:
    guess(client, 5, spelling)
    assert sign_in(client).status_code == 429


def test_right_password_ends_the_failures(app: Flask, client: Browser) -> None:
    guess(client, 4)
    assert sign_in(client).status_code == 302
    assert guess(visitor(app), 6) == {422: 5, 429: 1}


def test_right_passwords_are_never_throttled(app: Flask) -> None:
    for number in range(8):
        assert sign_in(visitor(app), at=f"192.0.2.{number % 2}").status_code == 302
    assert sum(each.count for each in rows(Throttle)) == 0


def test_sign_in_that_was_not_checked_does_not_count(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(app.extensions["security"].pwd_context, "_thread", HashingThread(admitted=0))
        assert guess(client, 10) == {429: 10}
    assert guess(client, 5) == {422: 5}


@pytest.mark.parametrize("form", [{"email": FRENCH}, {"password": WRONG}, {}], ids=str)
def test_empty_field_is_no_guess(client: Browser, form: dict[str, str]) -> None:
    for _ in range(10):
        assert client.post("/login", data={"csrf_token": client.token(), **form}).status_code == 422
    assert sum(each.count for each in rows(Throttle)) == 0


def test_password_asked_again_is_throttled_too(app: Flask, signed_in: SignIn) -> None:
    copied = signed_in(FRENCH)
    token = copied.token("/verify")
    form = {"csrf_token": token, "password": WRONG}
    statuses = Counter(copied.post("/verify", data=form).status_code for _ in range(8))
    assert statuses == {422: 5, 429: 3}
    response = copied.fragment("/verify", "POST", data={"csrf_token": token, "password": PASSWORD})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "30")
    assert '<p id="error">' in response.text


def test_table_names_neither_address_nor_account(client: Browser) -> None:
    guess(client, 1)
    stored = rows(Throttle)
    assert {each.kind for each in stored} == {"pair", "address"}
    assert all(len(each.key) == 64 and int(each.key, 16) for each in stored)


@pytest.mark.parametrize("view", ["app", "recovery"])
def test_codes_of_a_second_factor_are_counted_by_account_and_apart_for_a_known_browser(app: Flask, view: str) -> None:
    known, client = visitor(app), client_by_email(FRENCH)
    sign_in(known)
    cookie = known.get_cookie("device")
    assert client is not None
    assert cookie is not None
    account = client.fs_uniquifier

    def send_code(number: int, cookies: str = "") -> str:
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        with app.test_request_context(method="POST", headers={"Cookie": cookies}, environ_base=address):
            request.url_rule = Rule("/", endpoint=f"factor_sign_in.{view}")
            session["tf_user_id"] = account
            try:
                throttling._count_guess()
            except throttling.Throttled as error:
                return error.kind
            return "checked"

    assert [send_code(number) for number in range(6)] == ["checked"] * 5 + ["factor"]
    assert send_code(0, f"device={cookie.value}") == "checked"


# --- requests of a new password ---


@pytest.mark.parametrize("email", [FRENCH, NOBODY])
def test_account_gets_three_resets_an_hour_and_no_refusal(app: Flask, email: str) -> None:
    def ask(number: int, at: str = "") -> bool:
        with app.test_request_context(environ_base={"REMOTE_ADDR": at or f"192.0.2.{number}"}):
            return throttling.may_send_reset(email)

    assert [ask(number) for number in range(5)] == [True, True, True, False, False]
    for number in range(20):
        ask(number, "198.51.100.1")
    with pytest.raises(throttling.Throttled) as refused:
        ask(0, "198.51.100.1")
    assert refused.value.retry_after == 3600


# --- what one client may cause ---


@pytest.fixture
def four_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client may do four acts of each kind an hour."""
    monkeypatch.setattr(counting, "LIMITS", dict.fromkeys(ThrottleKind, Window(4, timedelta(hours=1))))


def change(browser: Browser, service: str) -> TestResponse:
    """Confirm a change of plan and cancel it."""
    fields = hidden_fields(browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text, "review")
    token = browser.token("/services")
    form = {"csrf_token": token, **fields, "method": "interac"}
    response = browser.post(f"{service}/plan", data=form)
    if response.status_code == 303:
        return browser.post(f"{response.location}/cancel", data={"csrf_token": token})
    return response


def test_confirmations_and_cancellations_of_one_client_are_counted_together(
    four_an_hour: None, app: Flask, french: Browser, english: Browser, address: Address
) -> None:
    assert [change(french, address("hosting")).status_code for _ in range(2)] == [303] * 2
    response = change(french, address("hosting"))
    assert (response.status_code, response.headers["Retry-After"]) == (429, "3600")
    assert "Réessayez dans 60\N{NO-BREAK SPACE}minutes. Rien n’a été modifié." in response.text
    assert change(english, address("hosting", "en")).status_code == 303
    set_time(app, NOON + timedelta(hours=1))
    assert change(french, address("hosting")).status_code == 303


def test_refused_confirmation_does_not_count(four_an_hour: None, french: Browser, address: Address) -> None:
    token = french.token("/services")
    form = {"csrf_token": token, "plan": "b", "cycle": "monthly", "digest": "1-x", "key": "k" * 32}
    for _ in range(5):
        assert french.post(f"{address('hosting')}/plan", data=form).status_code == 409
    assert french.post("/orders/CH-1999-000001/cancel", data={"csrf_token": token}).status_code == 404
    assert {each.count for each in rows(Throttle)} == {0}


def test_cancellation_requests_and_withdrawals_are_counted_together(
    four_an_hour: None, french: Browser, address: Address
) -> None:
    statuses, token = [], french.token("/services")
    for number in range(3):
        form = {"csrf_token": token, "when": "period_end", "key": f"{number:032d}"}
        response = french.post(f"{address('hosting')}/cancellation", data=form)
        statuses.append(response.status_code)
        if response.status_code == 303:
            statuses.append(french.post(f"{response.location}/withdraw", data=form).status_code)
    assert statuses == [303] * 4 + [429]


def test_payments_are_counted_whatever_becomes_of_them(four_an_hour: None, french: Browser) -> None:
    form = {"csrf_token": french.token("/services"), "method": "demonstration"}
    assert [french.post("/invoices/none/payment", data=form).status_code for _ in range(5)] == [404] * 4 + [429]
    assert french.post("/orders/none/payment", data=form).status_code == 429
