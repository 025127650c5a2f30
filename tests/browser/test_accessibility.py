"""The pages work with touch, keyboard, screen readers, forced colours, reduced motion and large text."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.steps import confirm

_FR = "demo-fr-hosting"
_STEPS = {
    "product": "",
    "choice": "/plan?plan=base&cycle=monthly",
    "review": "/plan/review?plan=base&cycle=monthly&when=now",
    "cancellation": "/cancellation",
    "cancellation-review": "/cancellation/review?when=period_end",
}
STEPS = pytest.mark.parametrize("step", _STEPS.values(), ids=_STEPS.keys())

# Buttons, links that look like buttons, and the labels of choices.
_SMALL_TARGETS = """() => [
  ...document.querySelectorAll("button, .btn, .plan, .pills label, label.tick, .tabs a, header.top a")]
  .filter(it => it.checkVisibility())
  .map(it => [it.id || it.textContent.trim(), it.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44)
  .map(([name, box]) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""

# Whether the focused element, or the card or pill around it, has an outline.
_HAS_OUTLINE = """() => {
  for (let it = document.activeElement; it && it !== document.body; it = it.parentElement) {
    const {outlineStyle, outlineWidth} = getComputedStyle(it);
    if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) return true;
    if (!it.parentElement.closest("label, li.card")) break;
  }
  return false;
}"""
_FOCUSED = """() => {
  const it = document.activeElement;
  return it === document.body ? "" : `${it.localName}#${it.id}[${it.name ?? ""}] ${it.textContent.trim().slice(0, 30)}`;
}"""


@STEPS
def test_touch_targets_are_44_pixels_wide_and_high(open_page: OpenPage, live_app: LiveApp, step: str) -> None:
    page = open_page("fr", live_app.service_path(_FR) + step, viewport={"width": 360, "height": 780}, has_touch=True)
    assert page.evaluate(_SMALL_TARGETS) == []


@STEPS
def test_keyboard_focus_is_visible(open_page: OpenPage, live_app: LiveApp, step: str) -> None:
    page = open_page("fr", live_app.service_path(_FR) + step)
    stops: dict[str, bool] = {}
    page.locator("body").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused and focused not in stops:
            stops[focused] = page.evaluate(_HAS_OUTLINE)
    assert len(stops) > 8
    assert [focused for focused, is_visible in stops.items() if not is_visible] == []


@STEPS
def test_page_works_with_forced_colours_and_reduced_motion(open_page: OpenPage, live_app: LiveApp, step: str) -> None:
    page = open_page("fr", live_app.service_path(_FR) + step, forced_colors="active", reduced_motion="reduce")
    assert axe(page) == []
    assert page.evaluate("() => document.getAnimations().length") == 0
    # An empty page compresses to far less.
    assert len(page.screenshot()) > 15_000


@STEPS
def test_text_of_double_size_fits_the_window(open_page: OpenPage, live_app: LiveApp, step: str) -> None:
    page = open_page("fr", live_app.service_path(_FR) + step)
    for width in (1280, 640):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
        assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


_STYLES = """selector => {
  const style = getComputedStyle(document.querySelector(selector));
  const {outlineStyle, outlineWidth, borderTopStyle, borderTopWidth} = style;
  return {outline: `${outlineStyle} ${outlineWidth}`, border: `${borderTopStyle} ${borderTopWidth}`};
}"""


def test_choice_focus_status_and_meter_are_visible_in_forced_colours(open_page: OpenPage, live_app: LiveApp) -> None:
    """There no background nor shadow is drawn, so that each needs a line."""
    page = open_page("fr", live_app.service_path(_FR), forced_colors="active")
    for selector in ("#service-status", "meter", "#upgrade"):
        assert page.evaluate(_STYLES, selector)["border"] == "solid 1px", selector
    page.locator("#upgrade").click()
    page.locator("#plan-c .name").click()
    expect(page.locator("#pick-c")).to_be_focused()
    page.locator("#choose-title").focus()
    assert page.evaluate(_STYLES, "#plan-c")["outline"] == "solid 3px"
    assert page.evaluate(_STYLES, "#plan-b")["outline"].startswith("none")
    page.locator("#pick-c").focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate(_STYLES, "#plan-b")["outline"] == "dashed 3px"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_plans_have_a_short_name_and_the_rest_as_description(
    open_page: OpenPage, live_app: LiveApp, language: str
) -> None:
    """The name says which plan, its price and what is due today; the limits are read only when they are wanted."""
    page = open_page(language, f"{live_app.service_path(f'demo-{language}-hosting')}/plan")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    radios = [node for node in tree if not node["ignored"] and node["role"]["value"] == "radio"]
    plans = {node["name"]["value"]: node.get("description", {}).get("value", "") for node in radios}
    plans = {name: text for name, text in plans.items() if "$" in name}
    disk = "Espace disque" if language == "fr" else "Disk space"
    assert len(plans) == 4
    for name, description in plans.items():
        assert len(name) <= 110, name
        assert disk in description
        assert disk not in name
    assert sum(("aujourd" if language == "fr" else "today") in name for name in plans) == 3
    assert all(len(node["name"]["value"]) <= 50 for node in radios if "$" not in node["name"]["value"])


def is_focus_in_view(page: Page) -> bool:
    """Whether the focused element is inside the window."""
    return bool(
        page.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              return box.top >= 0 && box.top < innerHeight;
            }"""
        )
    )


def test_each_step_scrolls_its_heading_into_view_on_a_phone(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path(_FR), viewport={"width": 360, "height": 640})
    page.locator("#upgrade").click()
    expect(page.locator("#choose-title")).to_be_focused()
    assert is_focus_in_view(page)
    page.locator("#quote-bar .btn.go").click()
    expect(page.locator("#review-title")).to_be_focused()
    assert is_focus_in_view(page)
    confirm(page)
    expect(page.locator("#order-title")).to_be_focused()
    assert is_focus_in_view(page)
