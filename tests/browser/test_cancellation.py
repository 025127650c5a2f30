"""A cancellation request takes two clicks and a review, and can be withdrawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from kajoom.models.cancellation import Cancellation
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import HOSTING, expect_address, expect_title, focused, formats, is_same_document, mark_document


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_request_is_reviewed_sent_and_withdrawn(
    open_page: OpenPage, live_app: LiveApp, language: str, javascript: bool
) -> None:
    service = live_app.service_path(HOSTING[language])
    due = "2022-11-01" if language == "fr" else "2022-10-29"
    requests = live_app.count(Cancellation)
    page = open_page(language, service, java_script_enabled=javascript)
    texts = formats(page)

    page.get_by_role("link", name=texts.gettext("Cancellation request"), exact=True).click()
    expect_address(page, f"{service}/cancellation")
    expect_title(page, "Cancellation request")
    if javascript:
        mark_document(page)
    expect(page.locator("[name=when][value=period_end]")).to_be_checked()
    page.get_by_role("button", name=texts.gettext("Continue"), exact=True).click()
    expect_address(page, f"{service}/cancellation/review", when="period_end")
    expect_title(page, "Review your cancellation request")
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", due)
    assert live_app.count(Cancellation) == requests

    page.get_by_role("button", name=texts.gettext("End the service on %(date)s", date=due)).click()
    expect(page.locator("#cancellation-status")).to_have_attribute("data-status", "open")
    expect(page.locator("#cancellation-title")).to_contain_text(due)
    expect(page.locator("#cancellation")).to_contain_text("RS-2022-")
    expect(page.locator("#cancellation")).to_contain_text("12\N{NO-BREAK SPACE}h" if language == "fr" else "12:00")
    assert live_app.count(Cancellation) == requests + 1
    if javascript:
        assert focused(page) == "#cancellation-title"

    page.get_by_role("button", name=texts.gettext("Withdraw my request")).click()
    expect(page.locator("#cancellation-status")).to_have_attribute("data-status", "withdrawn")
    expect(page.locator("#alert-cancellation")).to_have_count(0)
    if javascript:
        assert is_same_document(page)
    page.goto(f"{service}/plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()


def test_with_an_open_request_only_its_withdrawal_is_offered(open_page: OpenPage, live_app: LiveApp) -> None:
    service = live_app.service_path("demo-fr-cancelling")
    page = open_page("fr", service)
    expect(page.locator("#alert-cancellation")).to_be_visible()
    page.locator("#upgrade").click()
    notice = page.locator("[data-refusal=cancellation_requested]")
    expect(notice).to_be_visible()
    expect(page.locator("#blocked-title")).to_be_focused()
    page.goto(f"{service}/cancellation")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Retirer ma demande").click()
    expect(page.locator("#cancellation-status")).to_have_attribute("data-status", "withdrawn")
    expect(page.locator("#alert-cancellation")).to_have_count(0)


def test_open_change_must_be_cancelled_before_the_service(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 409")
    service = live_app.service_path("demo-fr-waiting-payment")
    page = open_page("fr", f"{service}/cancellation/review?when=period_end")
    expect(page.locator("[data-refusal=change_under_way]")).to_be_visible()
    page.get_by_role("link", name="Voir le changement en cours").click()
    page.get_by_role("button", name="Annuler le changement").click()
    expect(page.locator("#order-status")).to_have_attribute("data-status", "cancelled")
    page.goto(f"{service}/cancellation")
    expect(page.locator("#choose-title")).to_be_visible()


def test_immediate_cancellation_cannot_be_withdrawn(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(HOSTING["fr"]) + "/cancellation/review?when=now")
    expect(page.locator("#review")).to_contain_text("ne pourra pas être rétabli")
    page.get_by_role("button", name="Mettre fin au service maintenant").click()
    expect(page.locator("#cancellation")).to_be_visible()
    expect(page.get_by_role("button", name="Retirer ma demande")).to_have_count(0)
