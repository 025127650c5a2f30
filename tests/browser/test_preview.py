"""The preview shows the last choice, is announced once, and leaves the focus where it is."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.steps import choose, expect_address, figure, focused, go_on

_RECORD_ANNOUNCEMENTS = """() => {
  window.announced = [];
  for (const id of ["status", "alert"])
    new MutationObserver(() => {
      const text = document.getElementById(id).textContent;
      if (text) window.announced.push([id, text]);
    }).observe(document.getElementById(id), {childList: true, characterData: true, subtree: true});
}"""
_FR = "demo-fr-hosting"


def open_choice(open_page: OpenPage, live_app: LiveApp, plan: str = "b") -> Page:
    """Open the choice of a service on plan A, with a plan chosen."""
    return open_page("fr", f"{live_app.service_path(_FR)}/plan?plan={plan}&cycle=monthly")


def delay_preview(page: Page, plan: str) -> list[Route]:
    """Hold back the previews of a plan; the test answers the routes that are collected."""
    delayed: list[Route] = []

    def delay(route: Route) -> None:
        delayed.append(route)

    page.route(re.compile(rf"/plan\?.*plan={plan}&.*asked="), delay)
    return delayed


def preview_url(plan: str) -> re.Pattern[str]:
    """The URL of the preview of a plan."""
    return re.compile(rf"/plan\?.*plan={plan}&")


def is_preview_of(plan: str) -> Callable[[Request], bool]:
    """A predicate: whether a request is for the preview of a plan."""
    return lambda request: preview_url(plan).search(request.url) is not None


def test_older_preview_does_not_replace_that_of_the_last_choice(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app)
    delayed = delay_preview(page, "c")
    with page.expect_request(preview_url("c")):
        page.locator("#plan-c .name").click()
    with page.expect_event("requestfailed", is_preview_of("c")):
        choose(page, "base")
    expect(page.locator("data#due-today")).to_have_attribute("value", "0.00")

    for route in delayed:
        route.fulfill(status=200, body='<section id="quote"><data id="due-today" value="999.99">older</data></section>')
    choose(page, "b")
    expect(page.locator("data#due-today")).to_have_attribute("value", "41.72")
    expect(page.get_by_text("older")).to_have_count(0)


def test_three_quick_choices_show_the_price_of_the_last(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app)
    page.locator("#pick-b").focus()
    for key in ("ArrowDown", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    expect_address(page, f"{live_app.service_path(_FR)}/plan", plan="c")
    # 200.00 × 15 days of 31 = 96.77; GST 4.84; QST 9.65.
    assert figure(page, "due-today") == "111.26"
    expect(page.locator("#pick-c")).to_be_checked()
    assert focused(page) == "#pick-c"


def test_continue_during_a_preview_reviews_the_selected_plan(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app)
    delay_preview(page, "c")
    with page.expect_request(preview_url("c")):
        page.locator("#plan-c .name").click()
    page.unroute_all()
    go_on(page)
    expect_address(page, f"{live_app.service_path(_FR)}/plan/review", plan="c")
    assert figure(page, "due-today") == "111.26"


def test_preview_is_announced_once_and_keeps_the_focus(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app)
    page.evaluate(_RECORD_ANNOUNCEMENTS)
    page.locator("#pick-b").focus()
    page.keyboard.press("ArrowDown")
    expect_address(page, f"{live_app.service_path(_FR)}/plan", plan="c")
    expect(page.locator("#status")).to_contain_text("111,26")
    assert page.evaluate("() => window.announced") == [
        [
            "status",
            "Aperçu\N{NO-BREAK SPACE}: Forfait C, mensuel. "
            "À payer aujourd’hui\N{NO-BREAK SPACE}: 111,26\N{NO-BREAK SPACE}$, taxes comprises.",
        ]
    ]
    assert page.locator("#status").get_attribute("role") == "status"
    assert focused(page) == "#pick-c"


def test_another_billing_cycle_updates_the_price_of_every_plan(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app)
    page.get_by_label("Annuel").check()
    expect_address(page, f"{live_app.service_path(_FR)}/plan", plan="b", cycle="annually")
    expect(page.locator("#price-b")).to_contain_text("2\N{NO-BREAK SPACE}250,00\N{NO-BREAK SPACE}$")
    expect(page.locator("#price-c")).to_contain_text("3\N{NO-BREAK SPACE}500,00\N{NO-BREAK SPACE}$")
    # 2,250.00 for the year, less 15 days of 31 of 150.00 = 72.58: 2,177.42; GST 108.87; QST 217.20.
    assert figure(page, "due-today") == "2503.49"
    assert figure(page, "renewal-after") == "2586.94"


def test_same_plan_can_be_chosen_with_another_cycle(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app)
    expect(page.locator("#pick-a")).to_be_disabled()
    page.get_by_label("Annuel").check()
    expect_address(page, f"{live_app.service_path(_FR)}/plan", cycle="annually")
    choose(page, "a")
    # 1,500.00 less 72.58: 1,427.42; GST 71.37; QST 142.39.
    assert figure(page, "due-today") == "1641.18"
    go_on(page)
    expect_address(page, f"{live_app.service_path(_FR)}/plan/review", plan="a", cycle="annually")


def test_free_service_opens_on_the_first_cycle_with_a_plan_to_choose(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path("demo-fr-free"))
    page.locator("#upgrade").click()
    expect_address(page, live_app.service_path("demo-fr-free") + "/plan", plan="card", cycle="monthly")
    # 9.99 for a first month; GST 0.50; QST 1.00.
    assert figure(page, "due-today") == "11.49"
