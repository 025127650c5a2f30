"""When the network or the server fails, the page says so inside the window, keeps its state and can be used again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from kajoom.models.order import Order
from tests.browser.axe import axe
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import HOSTING, choose, confirm, figure, focused, formats, go_on, tab_to

_FR = "demo-fr-hosting"
_LOST = "htmx:error: Failed to fetch"  # htmx's message in the console
_FAILED = re.compile("échec|échoué|failed|failure", re.IGNORECASE)
_OFFLINE = "You seem to be offline. Nothing was changed: try again once you are connected."
_UNKNOWN = "We don’t know yet whether your request went through. Check it before trying again."
_BROKEN = "Something went wrong on our side. Try again in a moment."
_STALLED = "This page is not updating. We keep trying."
_CONFIRM = "#review form .btn.go"

# What is wrong with the place of the messages: outside the window, over the price of a phone, or over the focus.
_MISPLACED = """() => {
  const toast = document.getElementById("toast").getBoundingClientRect();
  const covers = (it) => {
    const box = it.getBoundingClientRect();
    return box.height && box.top < innerHeight && box.bottom > 0 && box.top < toast.bottom && box.bottom > toast.top;
  };
  const [bar, active] = [document.getElementById("quote-bar"), document.activeElement];
  return [
    toast.height < 40 && "not shown",
    (toast.top < 0 || toast.bottom > innerHeight || toast.left < 0 || toast.right > innerWidth) && "outside the window",
    bar && covers(bar) && "over the price",
    active.matches("a, button, input") && covers(active) && `over ${active.outerHTML}`,
  ].filter(Boolean);
}"""
_SCROLL = "part => scrollTo(0, part * (document.documentElement.scrollHeight - innerHeight))"
_COUNT_CHANGES = """id => {
  window.changes = 0;
  new MutationObserver(() => { window.changes += 1; }).observe(document.getElementById(id), {childList: true});
}"""

LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
WINDOWS = pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])


def disconnect(route: Route) -> None:
    """Fail a request as an offline browser does."""
    route.abort("internetdisconnected")


def lose_response(route: Route) -> None:
    """Let a request arrive and lose its response."""
    route.fetch()
    route.abort("connectionreset")


def hold(page: Page, url: str | re.Pattern[str]) -> list[Route]:
    """Leave requests without an answer; returns them as they come."""
    requests: list[Route] = []

    def keep(route: Route) -> None:
        requests.append(route)

    page.route(url, keep)
    return requests


def answer_with(status: int) -> Callable[[Route], None]:
    """Answer a request with this status."""
    return lambda route: route.fulfill(status=status, body="-")


def expect_in_window(page: Page, *parts: float) -> None:
    """Expect the messages in the window, clear of the price and of the focus, at these scroll positions (0 to 1)."""
    assert page.evaluate(_MISPLACED) == []
    for part in parts:
        page.evaluate(_SCROLL, part)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert page.evaluate(_MISPLACED) == [], part


def expect_alert(page: Page, message: str) -> None:
    """Expect this message in the alert region; it never speaks of a failure, as the outcome may be unknown."""
    alert = page.locator("#alert")
    expect(alert).to_contain_text(formats(page).gettext(message))
    expect(alert).not_to_contain_text(_FAILED)
    assert alert.get_attribute("role") == "alert"
    expect_in_window(page)


@LANGUAGES
@WINDOWS
def test_message_stays_in_the_window_wherever_it_is_scrolled(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, language: str, width: int, height: int
) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED", "net::ERR_CONNECTION_RESET")
    path, viewport = live_app.service_path(HOSTING[language]), ViewportSize(width=width, height=height)
    page = open_page(language, path, viewport=viewport, color_scheme="light" if width > height else "dark")
    page.locator("#upgrade").click()
    page.route("**/plan?**", disconnect)
    for plan in ("base", "c"):
        page.locator(f"#plan-{plan} .name").click()
        expect_alert(page, _OFFLINE)
        expect_in_window(page, 0, 0.25, 0.5, 0.75, 1)
    for _ in range(8):
        page.keyboard.press("Tab")
        expect_in_window(page)

    page.goto(f"{path}/plan/review?plan=b&cycle=monthly")
    page.route(re.compile(r"/plan$"), lambda route: route.abort("connectionreset"))
    page.locator(_CONFIRM).click()
    expect_alert(page, _UNKNOWN)
    expect_in_window(page, 0, 0.25, 0.5, 0.75, 1)
    assert axe(page) == []


@LANGUAGES
@WINDOWS
def test_slow_form_shows_that_it_is_being_processed(
    open_page: OpenPage, live_app: LiveApp, language: str, width: int, height: int
) -> None:
    path = live_app.service_path(HOSTING[language]) + "/plan/review?plan=b&cycle=monthly"
    page = open_page(language, path, viewport=ViewportSize(width=width, height=height))
    page.clock.install()
    page.reload()
    requests = hold(page, re.compile(r"/plan$"))
    button = page.locator(_CONFIRM)
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(page.locator("#status")).to_be_empty()
    page.clock.fast_forward(800)
    expect(page.locator("#status")).to_have_text(formats(page).gettext("Working on it…"))
    expect_in_window(page, 0, 0.5, 1)
    expect(page.locator("#alert")).to_be_empty()
    expect(button).to_be_enabled()
    expect(button).to_be_focused()
    button.click()
    requests[0].continue_()
    expect(page.locator("#order")).to_be_visible()
    expect(page.locator("#status")).to_have_class("unseen")
    assert len(requests) == 1


@LANGUAGES
def test_request_without_an_answer_in_time_is_called_slow(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, language: str
) -> None:
    page_errors.expect("htmx:error: timeout")
    page = open_page(language, live_app.service_path(HOSTING[language]) + "/plan?plan=b&cycle=monthly")
    page.clock.install()
    page.reload()
    hold(page, "**/plan?**")
    page.locator("#plan-c .name").click()
    expect(page.locator("#quote")).to_have_attribute("data-stale", "")
    page.clock.fast_forward(15_000)
    expect_alert(page, "The server is taking too long to respond. Try again.")
    expect(page.locator("#quote .stale-note")).to_contain_text(formats(page).gettext("no response in time"))


def test_price_is_marked_only_when_the_next_one_is_not_there_at_once(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    page.clock.install()
    page.reload()
    page.clock.pause_at(page.evaluate("() => Date.now() / 1000 + 60"))
    page.locator("#plan-c .name").click()
    expect(page.locator("data#due-today")).to_have_attribute("value", "111.26")
    page.clock.run_for(1_000)
    expect(page.locator("#quote[data-stale]")).to_have_count(0)

    requests = hold(page, "**/plan?**")
    page.locator("#plan-base .name").click()
    expect(page.locator("#quote.htmx-request")).to_be_visible()
    expect(page.locator("#quote[data-stale]")).to_have_count(0)
    page.clock.run_for(100)
    expect(page.locator("#quote .stale-note")).to_be_visible()
    requests[0].continue_()
    expect(page.locator("#quote[data-stale]")).to_have_count(0)
    assert figure(page, "due-today") == "0.00"


def test_slow_form_without_htmx_shows_that_it_is_being_processed(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", "/services")
    page.clock.install()
    page.reload()
    page.route("**/logout", answer_with(204))  # the browser stays on the page, as while it waits
    button = page.locator("header form button")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    page.clock.fast_forward(800)
    expect(page.locator("#status")).to_have_text(formats(page).gettext("Working on it…"))
    expect_in_window(page)


def test_retry_repeats_the_request_and_gives_the_focus_back(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    page.route("**/plan?**", disconnect)
    page.locator("#plan-c .name").click()
    expect_alert(page, _OFFLINE)
    page.unroute_all()
    tab_to(page, "#retry")
    page.keyboard.press("Enter")
    expect(page.locator("data#due-today")).to_have_attribute("value", "111.26")
    expect(page.locator("#alert")).to_be_empty()
    expect(page.locator("#retry")).to_be_hidden()
    assert focused(page) == "#pick-c"


def test_message_is_dismissed_by_keyboard(open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    page.route("**/plan?**", disconnect)
    page.locator("#plan-c .name").click()
    expect_alert(page, _OFFLINE)
    page.keyboard.press("Escape")
    expect(page.locator("#alert")).to_be_empty()
    assert focused(page) == "#pick-c"

    page.locator("#plan-base .name").click()
    expect_alert(page, _OFFLINE)
    tab_to(page, "#dismiss")
    page.keyboard.press("Space")
    expect(page.locator("#alert")).to_be_empty()
    assert focused(page) == "#pick-base"


@pytest.mark.parametrize(
    ("status", "offers_retry"), [(403, False), (404, False), (405, False), (409, False), (429, True)]
)
def test_unexpected_answer_is_said_in_the_window_and_keeps_the_page(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, status: int, offers_retry: bool
) -> None:
    page_errors.expect(f"HTTP {status}")
    path = live_app.service_path(_FR)
    page = open_page("fr", path + "/plan?plan=b&cycle=monthly")
    headers = {"HX-Retarget": "#alert", "HX-Reswap": "innerHTML"}
    page.route("**/plan?**", lambda route: route.fulfill(status=status, headers=headers, body="<p>Non.</p>"))
    page.locator("#plan-c .name").click()
    expect_alert(page, "Non.")
    expect(page.locator("#quote[data-stale]")).to_be_visible()
    expect(page.locator("#retry")).to_be_visible(visible=offers_retry)


def test_leaving_the_page_says_nothing(open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    page.evaluate(_COUNT_CHANGES, "alert")
    requests = hold(page, "**/plan?**")
    page.locator("#plan-c .name").click()
    expect(page.locator("#quote")).to_have_attribute("data-stale", "")
    page.evaluate("() => dispatchEvent(new Event('beforeunload'))")
    with page.expect_console_message():
        disconnect(requests[0])
    expect(page.locator("#alert")).to_be_empty()
    page.unroute_all()

    page.route("**/plan?**", disconnect)
    page.locator("#plan-base .name").click()  # the page is still there: it was a link to an address of e-mail
    expect_alert(page, _OFFLINE)


def test_offline_preview_says_so_and_can_be_repeated(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    address = page.url
    page.route("**/plan?**", disconnect)
    page.locator("#pick-b").focus()
    page.keyboard.press("ArrowDown")
    expect_alert(page, _OFFLINE)
    assert focused(page) == "#pick-c"
    assert page.url == address

    page.unroute_all()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(page.locator("data#due-today")).to_have_attribute("value", "111.26")
    expect(page.locator("#alert")).to_be_empty()


@WINDOWS
def test_order_page_that_cannot_be_refreshed_says_so_once_and_recovers(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, width: int, height: int
) -> None:
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED", "HTTP 500", "HTTP 404")
    path = live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly"
    page = open_page("fr", path, viewport=ViewportSize(width=width, height=height))
    page.clock.install()
    page.reload()
    confirm(page)  # the page of an order being set up looks for news every two seconds
    page.evaluate(_COUNT_CHANGES, "status")
    for fail in (disconnect, answer_with(500), answer_with(404), disconnect):
        with page.expect_event("request"), page.expect_event("console", lambda each: each.type == "error"):
            page.route("**/orders/**", fail, times=1)
            page.clock.run_for(2000)
    expect(page.locator("#status")).to_have_text(formats(page).gettext(_STALLED))
    expect_in_window(page, 0, 0.5, 1)
    assert page.evaluate("window.changes") == 1
    expect(page.locator("#alert")).to_be_empty()

    live_app.work()
    page.clock.run_for(2000)
    expect(page.locator("#order-status")).to_have_attribute("data-status", "completed")
    expect(page.locator("#status")).to_have_class("unseen")


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
    page_errors.expect(_LOST, "net::ERR_CONNECTION_RESET")
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    orders = live_app.count(Order)
    page.route(re.compile(r"/plan$"), lose_response)
    page.locator(_CONFIRM).click()
    expect_alert(page, _UNKNOWN)
    assert "Nous ne savons pas encore" in page.locator("#alert").inner_text()
    assert live_app.count(Order) == orders + 1

    page.locator("#alert a").click()
    page.locator("#alert-change .btn").click()
    expect(page.locator("#order")).to_be_visible()


def test_retrying_after_a_lost_response_shows_the_order_already_placed(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect(_LOST, "net::ERR_CONNECTION_RESET")
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=monthly")
    orders, charges = live_app.count(Order), len(live_app.charges())
    page.route(re.compile(r"/plan$"), lose_response)
    page.locator(_CONFIRM).click()
    expect_alert(page, _UNKNOWN)
    page.unroute_all()
    page.locator("#retry").click()
    expect(page.locator("#order")).to_be_visible()
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
        expect_alert(page, _BROKEN)
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
        expect_alert(page, _BROKEN)
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
