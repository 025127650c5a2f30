"""A forgotten password, an invitation, and a new password and address on the account, with and without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.operations.accounts.invitations import invite
from tests.browser.conftest import OpenPage
from tests.browser.live_app import NOON, LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import focused
from tests.worker.email_parts import text_in_file

PHRASE, EMAIL = "une phrase bien à moi", "fr@example.com"
both_ways = pytest.mark.parametrize("javascript", [True, False])


def link_sent(live_app: LiveApp, part: str) -> str:
    """Have the worker send what is queued, and return the path of the newest link with ``part`` in an e-mail."""
    live_app.work()
    folder = Path(live_app.app.instance_path) / "emails"
    texts = [text_in_file(path) for path in sorted(folder.rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns)]
    return str(re.findall(rf"http://[^/\s]+({part}\S+)", "\n".join(texts))[-1])


def choose_password(page: Page, password: str = PHRASE) -> None:
    """Type a new password twice."""
    page.locator("#password").fill(password)
    page.locator("#password_confirm").fill(password)
    page.locator("form .btn.go").click()


def visitor(page: Page) -> BrowserContext:
    """The context of a page, signed out."""
    page.context.clear_cookies()
    return page.context


@both_ways
def test_forgotten_password_is_replaced_by_a_link(open_page: OpenPage, live_app: LiveApp, javascript: bool) -> None:
    other, page = open_page("fr", "/services"), open_page("fr", "/account", java_script_enabled=javascript)
    visitor(page)
    page.goto("/login?lang=fr")
    page.get_by_role("link", name="Mot de passe oublié ou première visite?").click()
    page.locator("#email").fill(EMAIL)
    page.locator("#email").press("Enter")
    expect(page.get_by_role("heading", name="Consultez vos courriels")).to_be_visible()

    page.goto(link_sent(live_app, "/reset/"))
    choose_password(page)
    page.wait_for_url("**/services")
    expect(page.locator(".act-done")).to_contain_text("Votre mot de passe a été changé")
    other.reload()
    expect(other.locator("#password")).to_be_visible()


@both_ways
def test_invitation_activates_the_access_of_a_client_without_a_password(
    open_page: OpenPage, live_app: LiveApp, javascript: bool
) -> None:
    with live_app.app_context():
        client = client_by_email("en@example.com")
        assert client is not None
        client.password = None
        db.session.commit()
        invite("en@example.com", "staff:test", NOON)
    page = open_page("fr", "/services", java_script_enabled=javascript)
    visitor(page)
    page.goto(link_sent(live_app, "/invite/"))
    choose_password(page)
    page.wait_for_url("**/services")
    expect(page.locator(".act-done")).to_have_text("Welcome! Your access is active.")


def test_passwords_are_shown_by_a_button_and_hidden_again_when_sent(
    open_page: OpenPage,
) -> None:
    page = open_page("fr", "/account/password")
    password = page.locator("#password")
    password.fill("short")
    page.get_by_role("button", name="Afficher le mot de passe").click()
    expect(password).to_have_attribute("type", "text")
    expect(page.locator("#password_confirm")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Masquer le mot de passe").click()
    expect(password).to_have_attribute("type", "password")


def test_button_that_shows_passwords_needs_javascript(open_page: OpenPage) -> None:
    page = open_page("fr", "/account/password", java_script_enabled=False)
    expect(page.locator("[data-reveal]")).to_be_hidden()


@both_ways
def test_password_and_address_are_changed_on_the_account(
    open_page: OpenPage, live_app: LiveApp, javascript: bool
) -> None:
    page = open_page("fr", "/account", java_script_enabled=javascript)
    page.get_by_role("link", name="Changer mon mot de passe").click()
    choose_password(page)
    page.wait_for_url("**/account")
    expect(page.locator(".act-done")).to_contain_text("Votre mot de passe a été changé")

    page.get_by_role("link", name="Changer mon adresse courriel").click()
    page.locator("#email").fill("nouvelle@example.com")
    page.locator("form .btn.go").click()
    expect(page.locator(".notice")).to_contain_text("nouvelle@example.com")
    page.goto(link_sent(live_app, "/account/email/"))
    page.get_by_role("button", name="Utiliser cette adresse").click()
    page.wait_for_url("**/account")
    expect(page.locator(".act-done")).to_contain_text("Votre adresse courriel a été changée")
    expect(page.locator("#content")).to_contain_text("nouvelle@example.com")


def test_refused_password_takes_the_focus_to_its_reason(open_page: OpenPage, page_errors: PageErrors) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("fr", "/account/password")
    choose_password(page, "motdepasse2026")
    expect(page.locator(".summary")).to_be_focused()
    expect(page.locator("#password-error")).to_contain_text("facile à deviner")
    page.locator(".summary a").click()
    assert focused(page) == "#password"
