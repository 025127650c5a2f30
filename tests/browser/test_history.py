"""Back, Forward, reload and a direct request each show the whole page."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import (
    HOSTING,
    choose,
    confirm,
    expect_address,
    expect_status,
    expect_title,
    figure,
    formats,
    go_on,
    is_same_document,
    mark_document,
)

_FR = "demo-fr-hosting"


@dataclass(frozen=True)
class State:
    """A page: its path below the service's, the selector of its panel, and its title in the sources."""

    path: str
    panel: str
    title: str


PRODUCT = State("", "#record", "Manage product")
CHOICE = State("/plan?plan=c&cycle=monthly", "#choose", "Change plan")
REVIEW = State("/plan/review?plan=c&cycle=monthly", "#review", "Review and confirm your change")
CANCELLATION = State("/cancellation", "#choose", "Cancellation request")
CANCELLATION_REVIEW = State("/cancellation/review?when=period_end", "#review", "Review your cancellation request")
STATES = [PRODUCT, CHOICE, REVIEW, CANCELLATION, CANCELLATION_REVIEW]
_NAMES = ["product", "choice", "review", "cancellation", "cancellation-review"]


def expect_whole_page(page: Page, state: State) -> None:
    """Expect the whole page: title, one layout and one panel."""
    expect_title(page, state.title)
    expect(page.locator(f"#panel > {state.panel}")).to_be_visible()
    for selector in ("header.top", "h1", "main", "#panel", "#service-status", "footer"):
        expect(page.locator(selector)).to_have_count(1)


@pytest.mark.parametrize("state", STATES, ids=_NAMES)
def test_direct_request_and_reload_show_the_whole_page(open_page: OpenPage, live_app: LiveApp, state: State) -> None:
    page = open_page("fr", live_app.service_path(_FR) + state.path)
    expect_whole_page(page, state)
    page.reload()
    expect_whole_page(page, state)


def test_back_and_forward_show_the_steps_of_a_change(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(_FR))
    page.locator("#upgrade").click()
    choose(page, "c")
    go_on(page)
    for state in (CHOICE, PRODUCT):
        page.go_back()
        expect_whole_page(page, state)
    for state in (CHOICE, REVIEW):
        page.go_forward()
        expect_whole_page(page, state)
    assert figure(page, "due-today") == "111.26"


@pytest.mark.parametrize("leave", ["#quote .btn.go", "#choose header a"])
def test_back_shows_a_choice_that_was_left_as_soon_as_it_had_its_price(
    open_page: OpenPage, live_app: LiveApp, leave: str
) -> None:
    page = open_page("fr", live_app.service_path(_FR) + "/plan?plan=b&cycle=monthly")
    page.evaluate(
        """leave => document.addEventListener(
          "htmx:after:swap", () => document.querySelector(leave).click(), {once: true})""",
        leave,
    )
    page.locator("#plan-c .name").click()
    expect(page.locator("#choose")).to_be_hidden()
    page.go_back()
    expect_whole_page(page, CHOICE)
    expect_address(page, live_app.service_path(_FR) + "/plan", plan="c")
    assert figure(page, "due-today") == "111.26"


def scroll_to(page: Page, top: int) -> int:
    """Scroll, and return the position once the page has taken note of it."""
    position: int = page.evaluate(
        """top => new Promise(resolve => {
          scrollTo(0, top);
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(Math.round(scrollY))));
        })""",
        top,
    )
    return position


def expect_scroll(page: Page, position: int) -> None:
    """Expect the loaded page at a position, also after another moment."""
    page.wait_for_load_state("load")
    for _ in range(2):
        page.wait_for_function("top => Math.abs(scrollY - top) <= 1", arg=position)
        page.wait_for_timeout(150)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_scroll_position_is_kept_by_swaps_reload_back_and_forward(
    open_page: OpenPage, live_app: LiveApp, width: int, height: int
) -> None:
    page = open_page("fr", live_app.service_path(_FR), viewport=ViewportSize(width=width, height=height))
    product = scroll_to(page, 90)
    page.locator("#upgrade").click()
    expect(page.locator("#choose-title")).to_be_in_viewport()

    choice = scroll_to(page, 480)
    page.reload()
    expect_scroll(page, choice)
    choice = scroll_to(page, page.evaluate(f"document.querySelector('#plan-c').offsetTop - {height // 3}"))
    page.locator("#pick-c").check()
    expect(page).to_have_url(re.compile("plan=c"))
    expect_scroll(page, choice)

    # Not by a click: Playwright would scroll the bar of a phone out of the padding that is left for it.
    page.locator(":is(#quote, #quote-bar) .btn.go:visible").evaluate("button => button.click()")
    expect(page.locator("#review-title")).to_be_in_viewport()
    review = scroll_to(page, 300)
    for move, position in ((page.go_back, choice), (page.go_forward, review), (page.go_back, choice)):
        move()
        expect_scroll(page, position)
    page.go_back()
    expect(page.locator("#record")).to_be_visible()
    expect_scroll(page, product)


def test_back_from_the_order_does_not_offer_the_change_again(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 409")
    page = open_page("fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly")
    confirm(page)
    order = page.url
    page.go_back()
    expect(page.locator("[data-refusal=change_under_way]")).to_be_visible()
    page.get_by_role("link", name=formats(page).gettext("See the change under way")).click()
    expect(page).to_have_url(order)
    page.reload()
    expect_status(page, "awaiting_provisioning")
    expect(page.locator("#panel > #order")).to_be_visible()


def test_modify_leads_back_to_the_reviewed_choice(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(_FR) + "/plan/review?plan=b&cycle=annually")
    mark_document(page)
    page.get_by_role("link", name=formats(page).gettext("Modify")).click()
    expect_address(page, live_app.service_path(_FR) + "/plan", plan="b", cycle="annually")
    expect(page.locator("#pick-b")).to_be_checked()
    expect(page.locator("[name=cycle][value=annually]")).to_be_checked()
    assert is_same_document(page)


@pytest.mark.parametrize("state", STATES, ids=_NAMES)
def test_language_switch_keeps_page_and_query_and_is_remembered(
    open_page: OpenPage, live_app: LiveApp, state: State
) -> None:
    page = open_page("fr", live_app.service_path(_FR) + state.path)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en-CA")
    expect_whole_page(page, state)
    path, _, query = state.path.partition("?")
    expect_address(
        page, live_app.service_path(_FR) + path, **dict(field.split("=") for field in query.split("&") if field)
    )
    page.goto(live_app.service_path(_FR))
    expect(page.locator("html")).to_have_attribute("lang", "en-CA")
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr-CA")


def test_language_switch_keeps_a_choice_made_with_htmx(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("en", live_app.service_path(HOSTING["en"]))
    page.locator("#upgrade").click()
    choose(page, "c")
    go_on(page)
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr-CA")
    expect_address(page, live_app.service_path(HOSTING["en"]) + "/plan/review", plan="c", cycle="monthly")
    expect_whole_page(page, REVIEW)
