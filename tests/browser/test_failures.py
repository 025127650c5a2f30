"""When the network or the server fails, the page says what is known, keeps its state and can be used again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from kajoom.models.order import Order
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import choose, confirm, figure, focused, formats, go_on

_FR = "demo-fr-hosting"
_LOST = "htmx:error: Failed to fetch"  # htmx's message in the console
_FAILED = re.compile("échec|échoué|failed|failure", re.IGNORECASE)


def disconnect(route: Route) -> None:
    """Fail a request as an offline browser does."""
    route.abort("internetdisconnected")


def lose_response(route: Route) -> None:
    """Let a request arrive and lose its response."""
    route.fetch()
    route.abort("connectionreset")


def expect_alert(page: Page, message: str) -> None:
    """Expect this message in the alert region; it never speaks of a failure, as the outcome may be unknown."""
    alert = page.locator("#alert")
    expect(alert).to_contain_text(formats(page).gettext(message))
    expect(alert).not_to_contain_text(_FAILED)
    assert alert.get_attribute("role") == "alert"


def test_offline_preview_says_so_and_can_be_repeated(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    address = page.url
    page.route("**/plan?**", disconnect)
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


def test_offline_order_page_says_so_once(open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    confirm(page)  # the page of an order being set up looks for news every two seconds
    page.evaluate("""() => {
        window.changes = 0;
        const observer = new MutationObserver(() => { window.changes += 1; });
        observer.observe(document.getElementById("alert"), {childList: true});
    }""")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.route("**/orders/**", disconnect)
    while len(requests) < 4:
        page.wait_for_timeout(200)
    expect_alert(page, "You seem to be offline. Nothing was changed: try again once you are connected.")
    assert page.evaluate("window.changes") == 1


def test_continue_after_a_lost_preview_reviews_the_selected_plan(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    page.route("**/plan?**", disconnect)
    page.locator("#plan-c .name").click()
    expect(page.locator("#alert")).not_to_be_empty()
    page.unroute_all()
    go_on(page)
    assert figure(page, "due-today") == "111.26"


def test_confirmation_with_a_lost_response_has_an_unknown_outcome_and_links_to_the_order(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_CONNECTION_RESET", "HTTP 409")
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    orders = live_app.count(Order)
    page.route(re.compile(r"/plan$"), lose_response)
    page.locator("#review form .btn.go").click()
    expect_alert(page, "We don’t know yet whether your request went through. Check it before trying again.")
    assert "Nous ne savons pas encore" in page.locator("#alert").inner_text()
    assert live_app.count(Order) == orders + 1

    page.locator("#alert a").click()
    page.get_by_role("link", name=formats(page).gettext("See the change under way")).click()
    expect(page.locator("#order")).to_be_visible()


def test_confirming_again_after_a_lost_response_shows_the_order_already_placed(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_CONNECTION_RESET")
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    orders, charges = live_app.count(Order), len(live_app.charges())
    page.route(re.compile(r"/plan$"), lose_response)
    page.locator("#review form .btn.go").click()
    expect(page.locator("#alert")).not_to_be_empty()
    page.unroute_all()
    confirm(page)
    assert (live_app.count(Order), len(live_app.charges())) == (orders + 1, charges + 1)
    expect(page.locator("#alert")).to_be_empty()


def test_server_error_keeps_choice_address_and_focus(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 500")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    address = page.url
    page.locator("#pick-b").focus()
    with live_app.without_table("service"):
        page.keyboard.press("ArrowDown")
        expect_alert(page, "Something went wrong on our side. Try again in a moment.")
    assert figure(page, "due-today") == "41.72"
    assert focused(page) == "#pick-c"
    assert page.url == address
    expect(page).to_have_title("exemple.ca · Changer de forfait · Kajoom")

    choose(page, "base")
    expect(page.locator("#alert")).to_be_empty()


def test_server_error_while_confirming_writes_nothing_and_the_retry_works(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 500")
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    address, orders = page.url, live_app.count(Order)
    page.locator("#review form .btn.go").focus()
    with live_app.without_table("invoice"):
        page.keyboard.press("Enter")
        expect_alert(page, "Something went wrong on our side. Try again in a moment.")
    assert page.url == address
    expect(page.locator("#review form .btn.go")).to_be_focused()
    assert live_app.count(Order) == orders
    page.keyboard.press("Enter")
    expect(page.locator("#order")).to_be_visible()


def test_server_error_on_a_direct_request_is_a_page_with_a_link(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 500")
    address = live_app.service_path(_FR)
    with live_app.without_table("service"):
        page = open_page("fr", address)
    assert page.title().startswith(("Erreur\N{NO-BREAK SPACE}:", "Error:"))
    expect(page.locator("#content a.btn")).to_be_visible()
