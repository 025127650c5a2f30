"""The log of a whole run: everything that security needs is in it, and no secret and nothing personal."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from click import Command
from flask import Flask
from werkzeug.test import TestResponse

from kajoom.cli.staff import staff
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod
from kajoom.operations.upkeep.audit import seal_new_acts
from kajoom.worker.emails import email_for_message
from tests.conftest import PASSWORD, Browser
from tests.operations.ledger_checks import rows
from tests.paypal.fixtures import fake, paypal, paypal_client, paypal_with_vault
from tests.paypal.server import FakePayPal
from tests.web.conftest import NOON, Address
from tests.web.log_lines import events, lines
from tests.web.pages import post
from tests.web.paypal_payer import confirm_plan_b, last_order, order_to_approve, path_of, with_paypal
from tests.web.test_factors import enter, set_up
from tests.worker.email_parts import text_of
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

__all__ = ["fake", "lines", "paypal", "paypal_client", "paypal_with_vault", "with_paypal"]

EMAIL, NEW_EMAIL = "fr@example.com", "nouvelle.adresse@example.net"
WRONG, SECOND, THIRD = "pas le bon du tout", "une phrase bien à moi", "une autre phrase à moi"


class RecordingBrowser(Browser):
    """A browser that notes the cookies and CSRF tokens that it is given."""

    noted: set[str]

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        for cookie in response.headers.getlist("Set-Cookie"):
            value = cookie.partition("=")[2].partition(";")[0]
            self.noted |= {value} if len(value) > 2 else set()
        self.noted |= set(re.findall(r'name="(?:csrf_token|digest|key)" value="([^"]+)"', response.text))
        return response


@pytest.fixture
def browser(app: Flask) -> RecordingBrowser:
    """A browser that is not signed in."""
    made = RecordingBrowser(app)
    made.noted = set()
    return made


def link_of(kind: str, first_part: str) -> str:
    """The path of the link in the last e-mail of a kind."""
    db.session.rollback()
    message = [each for each in rows(Message) if each.ids.get("email") == kind][-1]
    email = email_for_message(message.ids, message.key, NOON)
    assert email is not None
    found = re.search(rf"http://[^/]+({first_part}/\S+)", text_of(email))
    assert found is not None
    return found[1]


def sign_in(browser: Browser, password: str, email: str = EMAIL) -> None:
    browser.send("/login", email=email, password=password)


def reset(browser: Browser) -> str:
    """Set a new password by a link, which is returned."""
    browser.send("/reset", email=EMAIL)
    link = link_of("password_reset", "/reset")
    token = browser.token(link)
    fields = {"csrf_token": token, "password": SECOND, "password_confirm": SECOND}
    assert browser.post(link, data=fields).status_code == 303
    return link


def change_account(browser: Browser) -> str:
    """Change the password and the address of the signed-in client; the link of the address is returned."""
    assert post(browser, "/account/password", password=THIRD, password_confirm=THIRD).location == "/account"
    assert post(browser, "/account/email", email=NEW_EMAIL).status_code == 303
    link = link_of("address_confirm", "/account/email")
    assert post(browser, link).location == "/account"
    return link


def use_factor(browser: Browser) -> set[str]:
    """Set up an app, and sign in again with a recovery code; the key and the codes are returned."""
    phone, codes = set_up(browser)
    post(browser, "/logout")
    sign_in(browser, THIRD, NEW_EMAIL)
    assert enter(browser, "000000").status_code == 422
    assert enter(browser, codes[0], "recovery").status_code == 303
    return {phone.key, *codes, *(code.replace("-", "") for code in codes)}


def pay_and_save(browser: Browser, fake: FakePayPal, service: str) -> str:
    """Pay a change by PayPal, and remove the account that is saved by it; the address of the approval is returned."""
    confirm_plan_b(browser, service, saves="yes")
    order = last_order().reference
    approval = fake.ledger.approve(order_to_approve(fake))
    browser.get(path_of(approval))
    post(browser, f"/orders/{order}/payment", verify="1")
    assert post(browser, f"/account/saved/{rows(SavedMethod)[-1].id}/remove").status_code == 303
    return approval


def run_command(app: Flask, command: Command, *arguments: str) -> None:
    db.session.rollback()
    assert app.test_cli_runner().invoke(command, arguments).exit_code == 0
    db.session.rollback()


def stored_secrets() -> set[str]:
    """What the database holds that no log may name."""
    clients = [text for row in rows(Client) for text in (row.email, row.name, row.fs_uniquifier, row.password or "")]
    orders = [text for row in rows(Order) for text in (row.key, row.digest)]
    attempts = [text for row in rows(Attempt) for text in (row.key, row.approve_url)]
    return {*clients, *orders, *attempts, *(row.token for row in rows(SavedMethod))} - {""}


def parts_to_find(secret: str) -> set[str]:
    """What no log may have of a secret: all of it, and of a link its token too.

    Only a link has parts: what follows the last "/" of a hash in base64 may be one character, or nothing.
    """
    is_link = secret.startswith(("/", "http"))
    return {secret, secret.rpartition("/")[2]} if is_link else {secret}


@pytest.mark.parametrize(
    ("secret", "parts"),
    [
        ("/reset/abc.def", {"/reset/abc.def", "abc.def"}),
        ("http://localhost/return?token=1", {"http://localhost/return?token=1", "return?token=1"}),
        ("$argon2id$v=19$m=8$AbC/e", {"$argon2id$v=19$m=8$AbC/e"}),
        ("$argon2id$v=19$m=8$AbC/", {"$argon2id$v=19$m=8$AbC/"}),
    ],
)
def test_parts_of_a_secret_never_depend_on_its_random_characters(secret: str, parts: set[str]) -> None:
    assert parts_to_find(secret) == parts


@pytest.mark.usefixtures("with_paypal", "paypal_with_vault")
def test_log_of_a_whole_run_has_the_events_of_security_no_secret_and_nothing_personal(
    app: Flask, browser: RecordingBrowser, fake: FakePayPal, address: Address, lines: io.StringIO
) -> None:
    sign_in(browser, WRONG)
    sign_in(browser, PASSWORD)
    assert browser.post("/services/1/plan").status_code == 403
    assert browser.get(address("hosting", "en")).status_code == 404
    secrets = stored_secrets() | {pay_and_save(browser, fake, address("hosting"))}
    post(browser, "/logout")
    secrets |= {reset(browser), change_account(browser), *use_factor(browser)} | stored_secrets()
    run_command(app, staff, "credit", "en@example.com", "--amount", "5.00", "--reason", "Panne du serveur")
    for _ in range(7):
        sign_in(app.test_client(), WRONG, "en@example.com")  # type: ignore[arg-type]
    drain(app.extensions["kajoom"], NOON)
    seal_new_acts([app.config["SECRET_KEY"]], NOON)

    log = lines.getvalue()
    assert events(lines) >= {
        "signed in", "sign-in failed", "throttled", "access refused", "session ended", "sessions ended",
        "password reset requested", "recovery code used", "act", "staff act", "message done",
        "e-mail sent", "audit sealed",
    }  # fmt: skip
    acts = set(re.findall(r"act=(\w+)", log))
    assert acts >= {
        "invoice_issued", "payment_recorded", "payment_account_saved", "payment_account_ended", "password_set",
        "address_changed", "credit_changed", "factor_added",
    }  # fmt: skip
    assert len(browser.noted) > 10
    passwords = {PASSWORD, WRONG, SECOND, THIRD, app.config["SECRET_KEY"]}
    for secret in secrets | passwords | stored_secrets() | browser.noted | {NEW_EMAIL, "exemple.ca", "127.0.0.1", "@"}:
        assert secret not in log, secret
        last = secret.rpartition("/")[2]  # of an address; a hash may have a "/" close to its end
        assert len(last) < 8 or last not in log, secret
