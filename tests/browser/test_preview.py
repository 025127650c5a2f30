"""The preview shows what was chosen last, tells it once, and never moves the one who chooses."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import Visit
from tests.browser.journey import choose, expect_address, figure, focused, go_on
from tests.browser.live_app import LiveApp

_LISTEN = """() => {
  window.told = [];
  for (const id of ["status", "alert"])
    new MutationObserver(() => {
      const text = document.getElementById(id).textContent;
      if (text) window.told.push([id, text]);
    }).observe(document.getElementById(id), {childList: true, characterData: true, subtree: true});
}"""
_FR = "demo-fr-hosting"


def chooser(visit: Visit, house: LiveApp, plan: str = "b") -> Page:
    """The choice of the reference service, with a plan chosen."""
    return visit("fr", f"{house.service(_FR)}/plan?plan={plan}&cycle=monthly")


def hold(page: Page, plan: str) -> list[Route]:
    """Keep back the answer for a plan until the test lets it go."""
    snapshot: list[Route] = []

    def keep(route: Route) -> None:
        snapshot.append(route)

    page.route(re.compile(rf"/plan\?.*plan={plan}&.*asked="), keep)
    return snapshot


def asks_for(plan: str) -> re.Pattern[str]:
    """The address of the preview of a plan."""
    return re.compile(rf"/plan\?.*plan={plan}&")


def is_preview_of(plan: str) -> object:
    """Whether a request was for the preview of a plan."""

    def asked(request: Request) -> bool:
        return asks_for(plan).search(request.url) is not None

    return asked


def test_an_older_answer_never_replaces_the_price_of_the_plan_chosen_last(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house)
    snapshot = hold(page, "c")
    with page.expect_request(asks_for("c")):
        page.locator("#plan-c .name").click()
    with page.expect_event("requestfailed", is_preview_of("c")):
        choose(page, "base")
    expect(page.locator("data#due-today")).to_have_attribute("value", "0.00")

    for route in snapshot:
        route.fulfill(status=200, body='<section id="quote"><data id="due-today" value="999.99">older</data></section>')
    choose(page, "b")
    expect(page.locator("data#due-today")).to_have_attribute("value", "41.72")
    expect(page.get_by_text("older")).to_have_count(0)


def test_three_quick_changes_end_on_the_last_plan_with_its_own_price(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house)
    page.locator("#pick-b").focus()
    for key in ("ArrowDown", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    expect_address(page, f"{house.service(_FR)}/plan", plan="c")
    # 200.00 × 15 days of 31 = 96.77; GST 4.84; QST 9.65.
    assert figure(page, "due-today") == "111.26"
    expect(page.locator("#pick-c")).to_be_checked()
    assert focused(page) == "#pick-c"


def test_going_on_while_a_preview_loads_reviews_the_plan_that_is_selected(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house)
    hold(page, "c")
    with page.expect_request(asks_for("c")):
        page.locator("#plan-c .name").click()
    page.unroute_all()
    go_on(page)
    expect_address(page, f"{house.service(_FR)}/plan/review", plan="c")
    assert figure(page, "due-today") == "111.26"


def test_a_preview_is_told_once_and_politely_and_leaves_the_focus_alone(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house)
    page.evaluate(_LISTEN)
    page.locator("#pick-b").focus()
    page.keyboard.press("ArrowDown")
    expect_address(page, f"{house.service(_FR)}/plan", plan="c")
    expect(page.locator("#status")).to_contain_text("111,26")
    assert page.evaluate("() => window.told") == [
        [
            "status",
            "Aperçu\N{NO-BREAK SPACE}: Forfait C, mensuel. "
            "À payer aujourd'hui\N{NO-BREAK SPACE}: 111,26\N{NO-BREAK SPACE}$, taxes comprises.",
        ]
    ]
    assert page.locator("#status").get_attribute("role") == "status"
    assert focused(page) == "#pick-c"


def test_another_billing_cycle_is_priced_for_every_plan_at_once(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house)
    page.get_by_label("Annuel").check()
    expect_address(page, f"{house.service(_FR)}/plan", plan="b", cycle="annually")
    expect(page.locator("#price-b")).to_contain_text("2\N{NO-BREAK SPACE}250,00\N{NO-BREAK SPACE}$")
    expect(page.locator("#price-c")).to_contain_text("3\N{NO-BREAK SPACE}500,00\N{NO-BREAK SPACE}$")
    # 2,250.00 for the year, less 15 days of 31 of 150.00 = 72.58: 2,177.42; GST 108.87; QST 217.20.
    assert figure(page, "due-today") == "2503.49"
    assert figure(page, "renewal-after") == "2586.94"


def test_the_same_plan_with_another_cycle_can_be_chosen(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house)
    expect(page.locator("#pick-a")).to_be_disabled()
    page.get_by_label("Annuel").check()
    expect_address(page, f"{house.service(_FR)}/plan", cycle="annually")
    choose(page, "a")
    # 1,500.00 less 72.58: 1,427.42; GST 71.37; QST 142.39.
    assert figure(page, "due-today") == "1641.18"
    go_on(page)
    expect_address(page, f"{house.service(_FR)}/plan/review", plan="a", cycle="annually")


def test_a_free_service_opens_on_the_first_cycle_that_has_a_plan_to_move_to(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service("demo-fr-free"))
    page.locator("#upgrade").click()
    expect_address(page, house.service("demo-fr-free") + "/plan", plan="card", cycle="monthly")
    # 9.99 for a first month; GST 0.50; QST 1.00.
    assert figure(page, "due-today") == "11.49"
