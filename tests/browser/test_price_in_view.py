"""While a plan is chosen the amount due today stays inside the window, and a price out of date says so."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import HOSTING, expect_address

_IS_IN_VIEW = """() => [...document.querySelectorAll("#quote #due-today, #quote-bar .due-today")].some(figure => {
  const box = figure.getBoundingClientRect();
  return figure.checkVisibility() && box.width > 0 && box.top >= 0 && box.bottom <= innerHeight;
})"""
_SCROLL_WITHIN_CHOICE = """part => {
  const box = document.querySelector("#choose").getBoundingClientRect();
  scrollTo(0, scrollY + box.top + part * Math.max(0, box.height - innerHeight));
}"""
_LENGTH = "() => document.documentElement.scrollHeight / innerHeight"
_TITLE_TOP = """() => document.querySelector("#choose h2").getBoundingClientRect().top / innerHeight"""

_LOST = "htmx:error: Failed to fetch"  # htmx's message in the console
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])
WINDOWS = pytest.mark.parametrize(
    ("width", "height", "windows_long"), [(1440, 900, 2.0), (1366, 768, 2.4), (390, 844, 4.0), (360, 740, 4.6)]
)


def open_choice(
    open_page: OpenPage, live_app: LiveApp, language: str, width: int, height: int, **options: bool
) -> Page:
    """Open the product page in a window and press the green button."""
    path = live_app.service_path(HOSTING[language])
    page = open_page(language, path, viewport=ViewportSize(width=width, height=height), **options)
    page.locator("#upgrade").click()
    expect_address(page, f"{path}/plan")
    expect(page.locator("#choose")).to_be_visible()
    return page


@LANGUAGES
@WINDOWS
def test_price_stays_in_the_window(
    open_page: OpenPage, live_app: LiveApp, language: str, width: int, height: int, windows_long: float
) -> None:
    page = open_choice(open_page, live_app, language, width, height)
    assert 0 <= page.evaluate(_TITLE_TOP) < 0.35
    assert page.evaluate(_IS_IN_VIEW)
    assert page.evaluate(_LENGTH) <= windows_long
    for name, value in (("plan", "c"), ("plan", "base"), ("when", "now"), ("cycle", "annually"), ("plan", "b")):
        page.locator(f"input[name={name}][value={value}]").check()
        expect_address(page, f"{live_app.service_path(HOSTING[language])}/plan", **{name: value})
        assert page.evaluate(_IS_IN_VIEW), (name, value)
        assert page.evaluate(_LENGTH) <= windows_long, (name, value)
    for part in (0, 0.33, 0.66, 1):
        page.evaluate(_SCROLL_WITHIN_CHOICE, part)
        assert page.evaluate(_IS_IN_VIEW), part


@WINDOWS
def test_price_is_in_the_window_without_javascript(
    open_page: OpenPage, live_app: LiveApp, width: int, height: int, windows_long: float
) -> None:
    page = open_choice(open_page, live_app, "fr", width, height, java_script_enabled=False)
    box = page.locator("#choose-title").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 0.35 * height
    shown = page.locator("#quote #due-today, #quote-bar .due-today").all()
    boxes = [each.bounding_box() for each in shown if each.is_visible()]
    assert any(box and box["y"] >= 0 and box["y"] + box["height"] <= height for box in boxes), windows_long


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_price_that_could_not_be_fetched_is_marked(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, width: int, height: int
) -> None:
    page = open_choice(open_page, live_app, "fr", width, height)
    page_errors.expect(_LOST, "net::ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.locator("#plan-c .name").click()
    expect(page.locator("#quote[data-stale]")).to_have_count(1)
    note = page.locator(".stale-note:visible").last
    expect(note).to_contain_text("À recalculer")
    expect(note).to_contain_text("hors ligne")
    expect(note).to_be_in_viewport()

    page.context.set_offline(False)
    page.locator("#plan-b .name").click()
    expect(page.locator("#quote[data-stale]")).to_have_count(0)
