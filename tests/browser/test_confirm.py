"""A confirmation is one order, one invoice and one charge, at the price that was seen or not at all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from tests.browser.conftest import Visit
from tests.browser.journey import expect_address, expect_status, figure, focused, formats
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

_FR = "demo-fr-hosting"
_THRICE = "form => { form.requestSubmit(); form.requestSubmit(); form.requestSubmit(); }"


def reviewed(visit: Visit, house: LiveApp, **options: object) -> Page:
    """The review of the move from A to B: 41.72 due today."""
    return visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly", **options)


def tally(house: LiveApp) -> tuple[int, int, int]:
    """How many orders, invoices and charges there are."""
    return house.count(Order), house.count(Invoice), len(house.charges())


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_a_double_click_makes_one_order_one_invoice_and_one_charge(
    visit: Visit, house: LiveApp, scripted: bool
) -> None:
    before = tally(house)
    page = reviewed(visit, house, java_script_enabled=scripted)
    page.locator("#review form .btn.go").dblclick()
    expect(page.locator("#order")).to_be_visible()
    expect_address(page, f"/orders/{house.last_order()}")
    assert tally(house) == tuple(count + 1 for count in before)


def test_three_quick_submits_make_one_order_one_invoice_and_one_charge(visit: Visit, house: LiveApp) -> None:
    before = tally(house)
    page = reviewed(visit, house)
    page.locator("#review form").evaluate(_THRICE)
    expect(page.locator("#order")).to_be_visible()
    assert tally(house) == tuple(count + 1 for count in before)


def test_two_tabs_that_confirm_make_one_order_and_the_second_is_led_to_it(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 409")
    before = tally(house)
    first = reviewed(visit, house)
    second = first.context.new_page()
    second.goto(first.url)
    for page in (first, second):
        page.locator("#review form .btn.go").click()
        expect(page.locator("#review")).to_have_count(0)
    assert second.locator("[data-refusal]").first.get_attribute("data-refusal") == "change_under_way"
    assert focused(second) == "#blocked-title"
    second.get_by_role("link", name=formats(second).gettext("See the change under way")).click()
    expect(second.locator("#order")).to_be_visible()
    assert tally(house) == tuple(count + 1 for count in before)


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_figures_that_moved_are_shown_old_and_new_and_nothing_is_written_until_confirmed_again(
    visit: Visit, house: LiveApp, watch: Watch, scripted: bool
) -> None:
    watch.provokes("answer 409")
    before = tally(house)
    page = reviewed(visit, house, java_script_enabled=scripted)
    address = page.url
    # From 225.00 to 250.00: 100.00 × 15 days of 31 = 48.39; GST 2.42; QST 4.83; total 55.64.
    house.reprice('"225.00"', '"250.00"')
    page.locator("#review form .btn.go").click()

    notice = page.locator("[data-refusal=quote_changed]")
    expect(notice).to_be_focused()
    assert [each.get_attribute("value") for each in notice.locator("data").all()] == ["41.72", "55.64"]
    expect(page).to_have_title("Erreur\N{NO-BREAK SPACE}: Vérifiez et confirmez votre changement · Kajoom")
    assert figure(page, "due-today") == "55.64"
    assert tally(house) == before
    if scripted:
        expect(page).to_have_url(address)

    page.locator("#review form .btn.go").click()
    expect(page.locator("#order")).to_be_visible()
    expect_status(page, "awaiting_provisioning")
    assert house.charges()[-1] == ("captured", 5564)
    assert tally(house) == tuple(count + 1 for count in before)
