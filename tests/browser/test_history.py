"""Back, Forward, reload and an address opened cold each show the whole page of their state."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.journey import (
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
    mark,
)
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

_FR = "demo-fr-hosting"


@dataclass(frozen=True)
class State:
    """A page by its address below the service's, its panel, and its title as the sources have it."""

    path: str
    panel: str
    title: str


PRODUCT = State("", "#record", "Product management")
CHOICE = State("/plan?plan=c&cycle=monthly", "#choose", "Change plan")
REVIEW = State("/plan/review?plan=c&cycle=monthly", "#review", "Review and confirm your change")
LEAVING = State("/cancellation", "#choose", "Cancellation request")
LEAVING_REVIEW = State("/cancellation/review?when=period_end", "#review", "Review your cancellation request")
STATES = [PRODUCT, CHOICE, REVIEW, LEAVING, LEAVING_REVIEW]
_NAMES = ["product", "choice", "review", "leaving", "leaving-review"]


def expect_whole(page: Page, state: State) -> None:
    """The whole page of a state: its panel once, in one product page, under its title."""
    expect_title(page, state.title)
    expect(page.locator(f"#panel > {state.panel}")).to_be_visible()
    for once in ("header.top", "h1", "main", "#panel", "#service-status", "footer"):
        expect(page.locator(once)).to_have_count(1)


@pytest.mark.parametrize("state", STATES, ids=_NAMES)
def test_every_state_opened_cold_and_reloaded_is_the_whole_page(visit: Visit, house: LiveApp, state: State) -> None:
    page = visit("fr", house.service(_FR) + state.path)
    expect_whole(page, state)
    page.reload()
    expect_whole(page, state)


def test_back_and_forward_walk_the_states_of_a_change(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service(_FR))
    page.locator("#upgrade").click()
    choose(page, "c")
    go_on(page)
    for state in (CHOICE, PRODUCT):
        page.go_back()
        expect_whole(page, state)
    for state in (CHOICE, REVIEW):
        page.go_forward()
        expect_whole(page, state)
    assert figure(page, "due-today") == "111.26"


def test_back_from_the_order_never_offers_the_same_change_again(visit: Visit, house: LiveApp, watch: Watch) -> None:
    watch.provokes("answer 409")
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly")
    confirm(page)
    order = page.url
    page.go_back()
    expect(page.locator("[data-refusal=change_under_way]")).to_be_visible()
    page.get_by_role("link", name=formats(page).gettext("See the change under way")).click()
    expect(page).to_have_url(order)
    page.reload()
    expect_status(page, "awaiting_provisioning")
    expect(page.locator("#panel > #order")).to_be_visible()


def test_modify_leads_back_to_the_very_choice_that_was_reviewed(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service(_FR) + "/plan/review?plan=b&cycle=annually")
    mark(page)
    page.get_by_role("link", name=formats(page).gettext("Modify")).click()
    expect_address(page, house.service(_FR) + "/plan", plan="b", cycle="annually")
    expect(page.locator("#pick-b")).to_be_checked()
    expect(page.locator("[name=cycle][value=annually]")).to_be_checked()
    assert is_same_document(page)


@pytest.mark.parametrize("state", STATES, ids=_NAMES)
def test_the_language_toggle_keeps_the_page_and_its_query_and_is_remembered(
    visit: Visit, house: LiveApp, state: State
) -> None:
    page = visit("fr", house.service(_FR) + state.path)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en-CA")
    expect_whole(page, state)
    path, _, query = state.path.partition("?")
    expect_address(page, house.service(_FR) + path, **dict(field.split("=") for field in query.split("&") if field))
    page.goto(house.service(_FR))
    expect(page.locator("html")).to_have_attribute("lang", "en-CA")
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr-CA")


def test_the_language_toggle_follows_the_choice_made_without_any_reload(visit: Visit, house: LiveApp) -> None:
    page = visit("en", house.service(HOSTING["en"]))
    page.locator("#upgrade").click()
    choose(page, "c")
    go_on(page)
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr-CA")
    expect_address(page, house.service(HOSTING["en"]) + "/plan/review", plan="c", cycle="monthly")
    expect_whole(page, REVIEW)
