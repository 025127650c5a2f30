"""The terms of a service changed in a browser: with htmx and the keyboard, and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from kajoom.models.db import db
from kajoom.models.terms_change import TermsChange
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import is_same_document, mark_document, tab_to


def changes(live_app: LiveApp) -> list[tuple[int, str]]:
    """The amount in cents and the reason of each change of terms."""
    with live_app.app_context():
        rows = db.session.execute(select(TermsChange.to_cents, TermsChange.reason).order_by(TermsChange.id))
        return [(cents, reason) for cents, reason in rows]


def fill_price(page: Page, price: str) -> None:
    page.get_by_label("Price before tax").fill(price)
    page.get_by_role("button", name="See what changes").click()


def test_terms_are_changed_by_keyboard_after_a_reason_was_missing(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", "/staff/services/1/terms?lang=en")
    tab_to(page, "#price")
    page.keyboard.type("165.00")
    page.keyboard.press("Enter")
    expect(page.locator("#renewal-after")).to_have_attribute("value", "189.71")
    mark_document(page)
    tab_to(page, "#terms-review .go")
    page.keyboard.press("Enter")
    expect(page.locator("[data-refusal=no_reason]")).to_be_focused()
    assert is_same_document(page)
    tab_to(page, "#reason")
    page.keyboard.type("Price by telephone")
    page.keyboard.press("Enter")
    expect(page.locator(".act-done")).to_contain_text("the terms were changed")
    assert changes(live_app) == [(16500, "Price by telephone")]


def test_second_of_two_people_reads_that_the_service_has_changed(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 409")
    pages = [open_page("staff", f"/staff/services/1/terms/review?price={price}&lang=en") for price in (165, 170)]
    for page in pages:
        page.get_by_label("Reason").fill("Discount")
        page.get_by_role("button", name="Change the terms").click()
        expect(page.locator(".act-done, [data-refusal]").first).to_be_visible()
    expect(pages[1].locator("[data-refusal=changed_since]")).to_be_focused()
    expect(pages[1].get_by_label("Reason")).to_have_value("Discount")
    assert changes(live_app) == [(16500, "Discount")]
    pages[1].get_by_role("button", name="Change the terms").click()
    expect(pages[1].locator(".act-done")).to_be_visible()
    assert len(changes(live_app)) == 2


def test_terms_are_changed_without_javascript(open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", "/staff/clients/1?lang=en", java_script_enabled=False)
    page.get_by_role("link", name="Terms exemple.ca").first.click()
    fill_price(page, "dear")
    expect(page.locator("#price-error")).to_contain_text("Enter an amount")
    fill_price(page, "$1,165.00")
    page.get_by_label("Reason").fill("Discount")
    page.get_by_role("button", name="Change the terms").click()
    expect(page.locator(".act-done")).to_contain_text("the terms were changed")
    assert changes(live_app) == [(116500, "Discount")]
