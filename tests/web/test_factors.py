"""Two-step verification: setting it up, signing in with it, its recovery codes, and who must have it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from passlib.totp import TOTP
from sqlalchemy import select
from werkzeug.test import TestResponse

from kajoom.domain.staff import StaffRole
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.models.factor import Factor, RecoveryCode
from kajoom.models.outbox import Message
from kajoom.operations.accounts.factor_keys import FactorKeys
from kajoom.operations.accounts.factors import CODES, use_code
from kajoom.operations.accounts.staff import StaffDetails, create_staff
from tests.conftest import PASSWORD, Browser, SignIn, set_time
from tests.web.conftest import NOON, Application

pytestmark = pytest.mark.slow

EMAIL = "fr@example.com"
STEP = timedelta(seconds=30)


class Phone:
    """An authenticator app that has scanned the QR code of a page."""

    def __init__(self, page: str) -> None:
        [text] = re.findall(r'id="factor-key">([A-Z2-7 ]+)<', page)
        self.key = text.replace(" ", "")

    def code(self, at: datetime) -> str:
        """What it shows at an instant."""
        return str(TOTP(self.key).generate(time=at).token)


def post(browser: Browser, path: str, page: str, **fields: str) -> TestResponse:
    """Post a form with the token of a page."""
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return browser.post(path, data={"csrf_token": token, **fields})


def set_up(browser: Browser, at: datetime = NOON) -> tuple[Phone, list[str]]:
    """Set up an app in a browser that is signed in; returns it and the recovery codes."""
    page = browser.get("/account/factors/setup").text
    phone = Phone(page)
    [setup] = re.findall(r'name="setup" value="([^"]+)"', page)
    answer = post(browser, "/account/factors/setup", page, setup=setup, code=phone.code(at))
    assert answer.status_code == 200, answer.text
    return phone, re.findall(r"<li><code>([0-9A-Z-]+)</code>", answer.text)


def give_password(app: Flask, email: str = EMAIL, path: str = "/login") -> Browser:
    """A browser that is not signed in, and has sent the right password."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    answer = post(browser, path, browser.get("/login").text, email=email, password=PASSWORD)
    assert answer.headers["Location"] == "/login/code", answer.headers
    return browser


def enter(browser: Browser, code: str, method: str = "code", **fields: str) -> TestResponse:
    """Enter a code in the second step."""
    return post(browser, f"/login/{method}", browser.get("/login").text, code=code, **fields)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def changes() -> list[str]:
    """What clients are written to about their second factor."""
    db.session.rollback()
    return [row.ids["change"] for row in db.session.query(Message).order_by(Message.id) if "change" in row.ids]


@pytest.fixture
def phone(french: Browser) -> tuple[Phone, list[str]]:
    """The app and the recovery codes of the French-speaking client."""
    return set_up(french)


def test_setup_shows_the_key_as_text_and_as_inline_svg_and_stores_neither_it_nor_the_codes(french: Browser) -> None:
    page = french.get("/account/factors/setup").text
    assert '<svg class="qr"' in page
    assert "data:image" not in page
    assert db.session.query(Factor).all() == []

    phone, codes = set_up(french)

    [factor], hashes = db.session.query(Factor).all(), db.session.query(RecoveryCode).all()
    assert len(set(codes)) == len(hashes) == CODES
    stored = [factor.secret, *(row.code_hash for row in hashes)]
    assert not [text for text in stored for secret in (phone.key, *codes) if secret in text or secret[:5] in text]
    assert changes() == ["added"]
    assert "activée depuis le 17" in french.get("/account/factors").text


def test_wrong_code_sets_nothing_up_and_shows_the_same_key_again(french: Browser, english: Browser) -> None:
    page = french.get("/account/factors/setup").text
    [setup] = re.findall(r'name="setup" value="([^"]+)"', page)
    code = Phone(page).code(NOON - 3 * STEP)
    for fields in ({"setup": setup, "code": code}, {"setup": setup}):
        answer = post(french, "/account/factors/setup", page, **fields)
        assert (answer.status_code, Phone(answer.text).key) == (422, Phone(page).key)
    other = english.get("/account/factors/setup").text
    for wrong, browser, form in ((setup[:-4], french, page), (setup, english, other), ("", french, page)):
        right = Phone(page).code(NOON)
        answer = post(browser, "/account/factors/setup", form, setup=wrong, code=right)
        assert (answer.status_code, Phone(answer.text).key == Phone(page).key) == (422, False)
    assert db.session.query(Factor).all() == []


def test_key_that_was_shown_over_half_an_hour_ago_is_not_set_up(app: Flask, french: Browser) -> None:
    page = french.get("/account/factors/setup").text
    [setup] = re.findall(r'name="setup" value="([^"]+)"', page)
    later = NOON + timedelta(minutes=31)
    set_time(app, later)
    answer = post(french, "/account/factors/setup", page, setup=setup, code=Phone(page).code(later))
    assert (answer.status_code, db.session.query(Factor).count()) == (422, 0)


def test_sign_in_takes_the_password_and_then_the_code(app: Flask, phone: tuple[Phone, list[str]]) -> None:
    browser = give_password(app)
    assert not is_signed_in(browser)
    page = browser.get("/login/code?next=/invoices").text
    assert 'autocomplete="one-time-code"' in page
    assert enter(browser, "000000").status_code == 422
    assert not is_signed_in(browser)
    set_time(app, NOON + STEP)
    typed = phone[0].code(NOON + STEP)
    answer = enter(browser, f"{typed[:3]} {typed[3:]}", next="/invoices")
    assert answer.headers["Location"] == "/invoices"
    assert is_signed_in(browser)
    assert browser.get("/login/code").headers["Location"] == "/services"


def test_code_is_of_no_use_twice_even_within_its_time(app: Flask, phone: tuple[Phone, list[str]]) -> None:
    assert enter(give_password(app), phone[0].code(NOON)).status_code == 422  # it confirmed the setup
    later = phone[0].code(NOON + STEP)
    first, second = give_password(app), give_password(app)
    assert enter(first, later).status_code == 303
    assert enter(second, later).status_code == 422
    assert enter(second, phone[0].code(NOON)).status_code == 422
    assert not is_signed_in(second)


def test_code_of_another_time_is_wrong(app: Flask, phone: tuple[Phone, list[str]]) -> None:
    set_time(app, NOON + 10 * STEP)
    browser = give_password(app)
    for steps in (8, 12):
        assert enter(browser, phone[0].code(NOON + steps * STEP)).status_code == 422
    assert enter(browser, phone[0].code(NOON + 9 * STEP)).status_code == 303


def test_recovery_code_signs_in_once(app: Flask, phone: tuple[Phone, list[str]]) -> None:
    code = phone[1][3]
    browser = give_password(app)
    answer = enter(browser, f" {code.lower().replace('-', ' ')} ", "recovery")
    assert answer.headers["Location"] == "/services"
    assert "Vous avez utilisé un code de récupération" in browser.get("/services").text
    assert enter(give_password(app), code, "recovery").status_code == 422
    assert db.session.query(RecoveryCode).count() == CODES - 1
    assert changes() == ["added", "code_used"]
    for nothing in ("", "-", phone[0].code(NOON + STEP)):
        assert enter(give_password(app), nothing, "recovery").status_code == 422


def test_second_step_needs_the_password_of_a_moment_ago(app: Flask, phone: tuple[Phone, list[str]]) -> None:
    stranger = app.test_client()
    assert isinstance(stranger, Browser)
    for method in ("code", "recovery"):
        assert stranger.get(f"/login/{method}").headers["Location"] == "/login?next=%2F&reason=too_late"
    browser = give_password(app)
    later = NOON + timedelta(minutes=11)
    set_time(app, later)
    answer = enter(browser, phone[0].code(later))
    assert answer.headers["Location"] == "/login?next=%2F&reason=too_late"
    assert "Trop de temps" in browser.get(answer.headers["Location"]).text


def test_wrong_codes_delay_the_next_one(app: Flask, phone: tuple[Phone, list[str]]) -> None:
    browser = give_password(app)
    answers = [enter(browser, "000000", method).status_code for method in ("code", "recovery") * 4]
    assert answers[:5] == [422] * 5
    assert answers[-1] == 429
    assert enter(browser, phone[0].code(NOON + STEP)).status_code == 429


def test_setting_up_replacing_and_removing_end_the_other_sessions(app: Flask, french: Browser) -> None:
    other = app.test_client()
    assert isinstance(other, Browser)
    other.send("/login", email=EMAIL, password=PASSWORD)
    assert is_signed_in(other)
    first, codes = set_up(french)
    assert (is_signed_in(french), is_signed_in(other)) == (True, False)

    set_time(app, NOON + 4 * STEP)
    second, _ = set_up(french, NOON + 4 * STEP)
    browser = give_password(app)
    assert enter(browser, first.code(NOON + 5 * STEP)).status_code == 422
    assert enter(browser, codes[0], "recovery").status_code == 422
    assert enter(browser, second.code(NOON + 5 * STEP)).status_code == 303

    page = french.get("/account/factors").text
    assert post(french, "/account/factors/remove", page).headers["Location"] == "/account/factors"
    assert (is_signed_in(french), is_signed_in(browser)) == (True, False)
    assert (db.session.query(Factor).count(), db.session.query(RecoveryCode).count()) == (0, 0)
    other.send("/login", email=EMAIL, password=PASSWORD)
    assert is_signed_in(other)
    assert changes() == ["added", "added", "removed"]


def test_new_recovery_codes_replace_the_former_ones(
    app: Flask, french: Browser, phone: tuple[Phone, list[str]]
) -> None:
    answer = post(french, "/account/factors/codes", french.get("/account/factors").text)
    new = re.findall(r"<li><code>([0-9A-Z-]+)</code>", answer.text)
    assert len(new) == CODES
    assert not set(new) & set(phone[1])
    assert enter(give_password(app), phone[1][0], "recovery").status_code == 422
    assert enter(give_password(app), new[0], "recovery").status_code == 303


@pytest.mark.parametrize("path", ["setup", "codes", "remove"])
def test_changes_ask_for_the_password_again_after_half_an_hour(
    french: Browser, phone: tuple[Phone, list[str]], path: str
) -> None:
    page = french.get("/account/factors").text
    with french.session_transaction() as cookie:
        cookie["fs_paa"] -= 31 * 60
        cookie.pop("fs_gexp", None)
    assert french.get("/account/factors").status_code == 200
    answer = post(french, f"/account/factors/{path}", page)
    assert answer.headers["Location"].startswith("/verify?next=%2Faccount%2Ffactors")
    assert (db.session.query(Factor).count(), db.session.query(RecoveryCode).count()) == (1, CODES)


def test_staff_set_it_up_before_anything_else_and_cannot_remove_it(application: Application) -> None:
    app = application()
    at = app.extensions["clock"].now()
    set_time(app, at)
    with app.test_request_context():
        hashed = app.extensions["security"].pwd_context.hash(PASSWORD)
    create_staff(StaffDetails("lea@kajoom.example", StaffRole.AGENT), at, hashed)
    browser = app.test_client()
    assert isinstance(browser, Browser)
    base = {"base_url": "https://client.example.com"}

    def send(path: str, **fields: str) -> TestResponse:
        page = browser.get("/account/factors" if fields.pop("inside", "") else "/login", **base).text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        return browser.post(path, data={"csrf_token": token, **fields}, **base)

    send("/login", email="lea@kajoom.example", password=PASSWORD)
    for path in ("/staff", "/account", "/account/sessions", "/orders/CH-2022-000001"):
        assert browser.get(path, **base).headers["Location"] == "/account/factors/setup"
    assert send("/account/sessions/close-others", inside="yes").headers["Location"] == "/account/factors/setup"
    page = browser.get("/account/factors/setup", **base).text
    assert "Les comptes du personnel" in page
    [setup] = re.findall(r'name="setup" value="([^"]+)"', page)
    assert send("/account/factors/setup", inside="yes", setup=setup, code=Phone(page).code(at)).status_code == 200
    assert browser.get("/staff", **base).status_code == 200
    assert send("/account/factors/remove", inside="yes").status_code == 403


def test_demonstration_does_not_require_it_of_staff(signed_in: SignIn) -> None:
    staff = signed_in("staff@example.com")
    assert staff.get("/staff").status_code == 200
    assert client_by_email("staff@example.com") is not None
    set_up(staff)
    assert "Désactiver la vérification" in staff.get("/account/factors").text


def test_key_is_read_with_a_former_secret_and_then_encrypted_with_the_current_one(
    phone: tuple[Phone, list[str]],
) -> None:
    [client_id] = db.session.scalars(select(Factor.client_id))
    for keys, is_right, step in ((["new"], False, 1), (["a secret for tests", "new"], True, 1), (["new"], True, 2)):
        at = NOON + step * STEP
        assert use_code(client_id, phone[0].code(at), FactorKeys(keys), at) is is_right
