"""Confirming creates one order, one invoice and one charge, at the reviewed price only."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import expect_address, expect_status, figure, focused, formats

_FR = "demo-fr-hosting"
_SUBMIT_THREE_TIMES = "form => { form.requestSubmit(); form.requestSubmit(); form.requestSubmit(); }"


def open_review(open_page: OpenPage, live_app: LiveApp, **options: object) -> Page:
    """Open the review of the change from A to B: 41.72 due today."""
    return open_page("fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly", **options)


def count_all(live_app: LiveApp) -> tuple[int, int, int]:
    """The number of orders, invoices and charges."""
    return live_app.count(Order), live_app.count(Invoice), len(live_app.charges())


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_double_click_creates_one_order_one_invoice_and_one_charge(
    open_page: OpenPage, live_app: LiveApp, javascript: bool
) -> None:
    before = count_all(live_app)
    page = open_review(open_page, live_app, java_script_enabled=javascript)
    page.locator("#review form .btn.go").dblclick()
    expect(page.locator("#order")).to_be_visible()
    expect_address(page, f"/orders/{live_app.last_order()}")
    assert count_all(live_app) == tuple(count + 1 for count in before)


def test_three_quick_submits_create_one_order_one_invoice_and_one_charge(
    open_page: OpenPage, live_app: LiveApp
) -> None:
    before = count_all(live_app)
    page = open_review(open_page, live_app)
    page.locator("#review form").evaluate(_SUBMIT_THREE_TIMES)
    expect(page.locator("#order")).to_be_visible()
    assert count_all(live_app) == tuple(count + 1 for count in before)


def test_second_tab_that_confirms_is_sent_to_the_first_order(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 409")
    before = count_all(live_app)
    first = open_review(open_page, live_app)
    second = first.context.new_page()
    second.goto(first.url)
    for page in (first, second):
        page.locator("#review form .btn.go").click()
        expect(page.locator("#review")).to_have_count(0)
    assert second.locator("[data-refusal]").first.get_attribute("data-refusal") == "change_under_way"
    assert focused(second) == "#blocked-title"
    second.get_by_role("link", name=formats(second).gettext("See the change under way")).click()
    expect(second.locator("#order")).to_be_visible()
    assert count_all(live_app) == tuple(count + 1 for count in before)


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_changed_price_is_shown_with_the_old_one_and_must_be_confirmed_again(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, javascript: bool
) -> None:
    page_errors.expect("HTTP 409")
    before = count_all(live_app)
    page = open_review(open_page, live_app, java_script_enabled=javascript)
    address = page.url
    # From 225.00 to 250.00: 100.00 × 15 days of 31 = 48.39; GST 2.42; QST 4.83; total 55.64.
    live_app.replace_in_catalog('"225.00"', '"250.00"')
    page.locator("#review form .btn.go").click()

    notice = page.locator("[data-refusal=quote_changed]")
    expect(notice).to_be_focused()
    expect(notice).to_be_in_viewport()
    assert [each.get_attribute("value") for each in notice.locator("data").all()] == ["41.72", "55.64"]
    expect(page).to_have_title("Erreur\N{NO-BREAK SPACE}: exemple.ca · Vérifiez et confirmez votre changement · Kajoom")
    assert figure(page, "due-today") == "55.64"
    assert count_all(live_app) == before
    if javascript:
        expect(page).to_have_url(address)

    page.locator("#review form .btn.go").click()
    expect(page.locator("#order")).to_be_visible()
    expect_status(page, "awaiting_provisioning")
    assert live_app.charges()[-1] == ("captured", 5564)
    assert count_all(live_app) == tuple(count + 1 for count in before)
