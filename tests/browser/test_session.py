"""A request after the session ended navigates to the sign-in page, and from there back to the same page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import PASSWORD
from tests.browser.chromium import sign_in as sign_in_as
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import expect_address, figure, focused, is_same_document, mark_document

_FR = "demo-fr-hosting"


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the sign-in form by keyboard."""
    page.locator("#email").fill("fr@example.com")
    page.locator("#password").fill(password)
    page.locator("#password").press("Enter")


def expect_sign_in(page: Page) -> None:
    """Expect the whole sign-in page, loaded by a navigation and not swapped into the service's page."""
    page.wait_for_url("**/login?next=*")
    expect(page.locator("#email")).to_be_visible()
    expect(page.locator("#panel")).to_have_count(0)
    assert not is_same_document(page)


def test_session_that_ended_during_a_preview_leads_back_to_the_chosen_plan(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 401")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    mark_document(page)
    page.context.clear_cookies()
    page.locator("#plan-c .name").click()
    expect_sign_in(page)
    sign_in(page)
    expect_address(page, live_app.service_path(_FR) + "/plan", plan="c", cycle="monthly")
    expect(page.locator("#pick-c")).to_be_checked()
    assert figure(page, "due-today") == "111.26"


def test_session_that_ended_before_confirming_leads_back_to_the_review_and_charges_nothing(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 401")
    charges = live_app.charges()
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    mark_document(page)
    page.context.clear_cookies()
    page.locator("#review form .btn.go").click()
    expect_sign_in(page)
    expect(page.locator(".notice")).to_have_text("Your session has expired. Nothing was charged.")
    sign_in(page)
    expect_address(page, live_app.service_path(_FR) + "/plan/review", plan="b", cycle="monthly")
    assert live_app.charges() == charges
    page.locator("#review form .btn.go").click()
    expect(page.locator("#order")).to_be_visible()


def test_wrong_password_is_an_error_and_keeps_the_return_address(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("fr", live_app.service_path(_FR))
    page.context.clear_cookies()
    page.goto(live_app.service_path(_FR) + "/plan?plan=c&cycle=monthly")
    sign_in(page, "not the password")
    expect(page.locator(".summary")).to_be_focused()
    assert page.title().startswith(("Error:", "Erreur\N{NO-BREAK SPACE}:"))
    sign_in(page)
    expect_address(page, live_app.service_path(_FR) + "/plan", plan="c")


def test_signing_in_redirects_to_no_other_site(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(_FR))
    page.context.clear_cookies()
    page.goto("/login?next=https://elsewhere.example/")
    sign_in(page)
    page.wait_for_url("**/services")
    assert urlsplit(page.url).netloc == urlsplit(live_app.address).netloc


def test_signing_out_ends_the_session(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(_FR))
    page.get_by_role("button", name="Fermer la session").click()
    page.wait_for_url("**/login*")
    page.goto(live_app.service_path(_FR))
    assert parse_qs(urlsplit(page.url).query)["next"] == [live_app.service_path(_FR)]
    assert focused(page) in {"body", "#email"}


@pytest.mark.parametrize("javascript", [True, False])
def test_other_sessions_are_closed_from_the_account(
    open_page: OpenPage, live_app: LiveApp, chromium: Browser, javascript: bool
) -> None:
    page = open_page("fr", "/account", java_script_enabled=javascript)
    context = chromium.new_context(
        base_url=live_app.address, storage_state=sign_in_as(chromium, live_app.address, "fr")
    )
    other = context.new_page()
    other.goto("/services")
    page.get_by_role("link", name="Voir mes sessions").click()
    expect(page.locator("#this-session")).to_contain_text("cette session")
    page.get_by_role("button", name="Fermer toutes les autres sessions").click()
    expect(page.get_by_role("button", name="Fermer toutes les autres sessions")).to_have_count(0)
    expect(page.locator("#this-session")).to_be_visible()
    other.reload()
    expect(other.locator("#email")).to_be_visible()
    context.close()
