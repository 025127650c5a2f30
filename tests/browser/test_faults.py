"""When the network or the server fails, the page says what is known, moves nobody, and can be used again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from kajoom.models.order import Order
from tests.browser.conftest import Visit
from tests.browser.journey import choose, confirm, figure, focused, formats, go_on
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

_FR = "demo-fr-hosting"
_LOST = "htmx:error: Failed to fetch"  # what htmx itself tells the console of a lost network
_FAILED = re.compile("échec|échoué|failed|failure", re.IGNORECASE)


def lose(route: Route) -> None:
    """The network is gone."""
    route.abort("internetdisconnected")


def lose_answer(route: Route) -> None:
    """The request arrives, and its answer never does."""
    route.fetch()
    route.abort("connectionreset")


def expect_alert(page: Page, message: str) -> None:
    """The assertive region says this sentence of the sources in the page's language, and speaks of no failure."""
    alert = page.locator("#alert")
    expect(alert).to_contain_text(formats(page).gettext(message))
    expect(alert).not_to_contain_text(_FAILED)
    assert alert.get_attribute("role") == "alert"


def test_a_preview_that_lost_the_network_says_so_and_can_be_asked_again(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = visit("fr", house.service(_FR) + "/plan?plan=b&cycle=monthly")
    address = page.url
    page.route("**/plan?**", lose)
    page.locator("#pick-b").focus()
    page.keyboard.press("ArrowDown")
    expect_alert(page, "You seem to be offline. Nothing was changed: try again once you are connected.")
    assert focused(page) == "#pick-c"
    assert page.url == address

    page.unroute_all()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(page.locator("data#due-today")).to_have_attribute("value", "111.26")
    expect(page.locator("#alert")).to_be_empty()


def test_going_on_after_a_lost_preview_reviews_the_plan_that_is_selected(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = visit("fr", house.service(_FR) + "/plan?plan=b&cycle=monthly")
    page.route("**/plan?**", lose)
    page.locator("#plan-c .name").click()
    expect(page.locator("#alert")).not_to_be_empty()
    page.unroute_all()
    go_on(page)
    assert figure(page, "due-today") == "111.26"


def test_a_confirmation_whose_answer_is_lost_is_of_unknown_outcome_and_leads_to_its_order(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes(_LOST, "net::ERR_CONNECTION_RESET", "answer 409")
    page = visit("fr", house.service(_FR) + "/plan/review?plan=b&cycle=monthly")
    orders = house.count(Order)
    page.route(re.compile(r"/plan$"), lose_answer)
    page.locator("#review form .btn.go").click()
    expect_alert(page, "We do not know yet whether your request went through. Look at its state before trying again.")
    assert "inconnue" in page.locator("#alert").inner_text()
    assert house.count(Order) == orders + 1

    page.locator("#alert a").click()
    page.get_by_role("link", name=formats(page).gettext("See the change under way")).click()
    expect(page.locator("#order")).to_be_visible()


def test_confirming_again_after_a_lost_answer_finds_the_order_already_made(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes(_LOST, "net::ERR_CONNECTION_RESET")
    page = visit("fr", house.service(_FR) + "/plan/review?plan=b&cycle=monthly")
    orders, charges = house.count(Order), len(house.charges())
    page.route(re.compile(r"/plan$"), lose_answer)
    page.locator("#review form .btn.go").click()
    expect(page.locator("#alert")).not_to_be_empty()
    page.unroute_all()
    confirm(page)
    assert (house.count(Order), len(house.charges())) == (orders + 1, charges + 1)
    expect(page.locator("#alert")).to_be_empty()


def test_a_fault_of_the_server_leaves_the_choice_its_address_and_the_focus_as_they_were(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 500")
    page = visit("fr", house.service(_FR) + "/plan?plan=b&cycle=monthly")
    address = page.url
    page.locator("#pick-b").focus()
    with house.broken("service"):
        page.keyboard.press("ArrowDown")
        expect_alert(page, "Something went wrong on our side. Try again in a moment.")
    assert figure(page, "due-today") == "41.72"
    assert focused(page) == "#pick-c"
    assert page.url == address
    expect(page).to_have_title("Changer de forfait · Kajoom")

    choose(page, "base")
    expect(page.locator("#alert")).to_be_empty()


def test_a_fault_while_confirming_leaves_nothing_half_done_and_the_retry_works(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 500")
    page = visit("fr", house.service(_FR) + "/plan/review?plan=b&cycle=monthly")
    address, orders = page.url, house.count(Order)
    page.locator("#review form .btn.go").focus()
    with house.broken("invoice"):
        page.keyboard.press("Enter")
        expect_alert(page, "Something went wrong on our side. Try again in a moment.")
    assert page.url == address
    expect(page.locator("#review form .btn.go")).to_be_focused()
    assert house.count(Order) == orders
    page.keyboard.press("Enter")
    expect(page.locator("#order")).to_be_visible()


def test_a_page_opened_cold_while_the_server_is_at_fault_is_a_page_with_a_way_on(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 500")
    address = house.service(_FR)
    with house.broken("service"):
        page = visit("fr", address)
    assert page.title().startswith(("Erreur\N{NO-BREAK SPACE}:", "Error:"))
    expect(page.locator("#content a.btn")).to_be_visible()
