"""Suspending and restoring a service in a browser: with htmx and the keyboard, and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from kajoom.domain.service import SuspensionStep
from kajoom.models.service import Service, service_by_external_id
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import tab_to

SITE = "chalet-exemple.ca"
_ROW = f'[data-invoice]:has-text("{SITE}")'


def overdue_service(live_app: LiveApp) -> Service:
    with live_app.app_context():
        row = service_by_external_id("demo-fr-overdue")
        assert row is not None
        assert row.label == SITE
        return row


def open_form(page: Page, link: str) -> None:
    """Follow the button of the overdue service."""
    page.locator(_ROW).get_by_role("link", name=link).click()
    page.wait_for_url("**/suspension?origin=overdue")


def test_service_is_suspended_and_restored_by_keyboard(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", "/staff/overdue?lang=en")
    tab_to(page, "[data-invoice] .pay a.quiet")
    page.keyboard.press("Enter")
    page.wait_for_url("**/suspension?origin=overdue")
    tab_to(page, "#suspension .warn")
    page.keyboard.press("Enter")
    expect(page.locator(".summary[data-refusal=no_reason]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("Trois factures impayées.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/staff/overdue")
    expect(page.locator(".act-done")).to_contain_text(f"{SITE} is being suspended.")
    expect(page.locator(_ROW)).to_contain_text("Being suspended")
    assert overdue_service(live_app).suspension is SuspensionStep.SUSPENDING

    open_form(page, "Lift the suspension")
    page.get_by_label("Reason").fill("Entente de paiement.")
    page.get_by_role("button", name="Lift the suspension").click()
    page.wait_for_url("**/staff/overdue")
    expect(page.locator(".act-done")).to_contain_text(f"{SITE} is being restored.")


def test_two_people_suspend_and_the_second_reads_that_it_is_done(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 409")
    path = f"/staff/services/{overdue_service(live_app).id}/suspension?lang=en"
    first, second = (open_page("staff", path) for _ in range(2))
    for page in (first, second):
        page.get_by_label("Reason").fill("Impayé.")
        page.get_by_role("button", name="Suspend").click()
    expect(second.locator("[data-refusal=already_suspended]")).to_contain_text(f"{SITE} is already suspended")
    expect(second.locator("textarea")).to_have_count(0)
    assert overdue_service(live_app).suspension_no == 1


def test_service_is_suspended_and_restored_without_javascript(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("staff", "/staff/overdue?lang=en", java_script_enabled=False)
    open_form(page, "Suspend")
    page.get_by_label("Restore the service").uncheck()
    page.get_by_label("Reason").fill("Impayé.")
    page.get_by_role("button", name="Suspend").click()
    expect(page.locator(".act-done")).to_contain_text(f"{SITE} is being suspended.")
    assert not overdue_service(live_app).lifts_when_paid
    open_form(page, "Lift the suspension")
    page.get_by_label("Reason").fill("Payé.")
    page.get_by_role("button", name="Lift the suspension").click()
    expect(page.locator(".act-done")).to_contain_text(f"{SITE} is being restored.")
    assert overdue_service(live_app).suspension is SuspensionStep.LIFTING
