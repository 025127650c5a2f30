"""A session that ended leads, by a real navigation, to the sign-in page and back to the very same choice."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.chromium import PASSWORD
from tests.browser.conftest import Visit
from tests.browser.journey import expect_address, figure, focused, is_same_document, mark
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

_FR = "demo-fr-hosting"


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill the sign-in page by keyboard."""
    page.locator("#email").fill("fr@example.com")
    page.locator("#password").fill(password)
    page.locator("#password").press("Enter")


def expect_sign_in(page: Page) -> None:
    """The sign-in page is a page of its own: nothing of the service is around it."""
    page.wait_for_url("**/login?next=*")
    expect(page.locator("#email")).to_be_visible()
    expect(page.locator("#panel")).to_have_count(0)
    assert not is_same_document(page)


def test_a_session_that_ended_during_a_preview_leads_back_to_the_plan_that_was_chosen(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 401")
    page = visit("fr", house.service(_FR) + "/plan?plan=b&cycle=monthly")
    mark(page)
    page.context.clear_cookies()
    page.locator("#plan-c .name").click()
    expect_sign_in(page)
    sign_in(page)
    expect_address(page, house.service(_FR) + "/plan", plan="c", cycle="monthly")
    expect(page.locator("#pick-c")).to_be_checked()
    assert figure(page, "due-today") == "111.26"


def test_a_session_that_ended_before_confirming_leads_back_to_the_review_and_charges_nothing(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 401")
    charges = house.charges()
    page = visit("fr", house.service(_FR) + "/plan/review?plan=b&cycle=monthly")
    mark(page)
    page.context.clear_cookies()
    page.locator("#review form .btn.go").click()
    expect_sign_in(page)
    sign_in(page)
    expect_address(page, house.service(_FR) + "/plan/review", plan="b", cycle="monthly")
    assert house.charges() == charges
    page.locator("#review form .btn.go").click()
    expect(page.locator("#order")).to_be_visible()


def test_a_wrong_password_is_told_at_once_and_keeps_the_way_back(visit: Visit, house: LiveApp, watch: Watch) -> None:
    watch.provokes("answer 422")
    page = visit("fr", house.service(_FR))
    page.context.clear_cookies()
    page.goto(house.service(_FR) + "/plan?plan=c&cycle=monthly")
    sign_in(page, "not the password")
    expect(page.locator(".summary")).to_be_focused()
    assert page.title().startswith(("Error:", "Erreur\N{NO-BREAK SPACE}:"))
    sign_in(page)
    expect_address(page, house.service(_FR) + "/plan", plan="c")


def test_nobody_is_led_out_of_the_house_by_signing_in(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service(_FR))
    page.context.clear_cookies()
    page.goto("/login?next=https://elsewhere.example/")
    sign_in(page)
    page.wait_for_url("**/services")
    assert urlsplit(page.url).netloc == urlsplit(house.address).netloc


def test_signing_out_ends_the_session(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service(_FR))
    page.get_by_role("button", name="Fermer la session").click()
    page.wait_for_url("**/login*")
    page.goto(house.service(_FR))
    assert parse_qs(urlsplit(page.url).query)["next"] == [house.service(_FR)]
    assert focused(page) in {"body", "#email"}
