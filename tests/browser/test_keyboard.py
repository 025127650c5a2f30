"""The flow is made for fingers, for keyboards, for other colours, for stillness and for large letters."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import Visit
from tests.browser.journey import confirm
from tests.browser.live_app import LiveApp

_FR = "demo-fr-hosting"
_STEPS = {
    "product": "",
    "choice": "/plan?plan=base&cycle=monthly",
    "review": "/plan/review?plan=base&cycle=monthly&when=now",
    "leaving": "/cancellation",
    "leaving-review": "/cancellation/review?when=period_end",
}
STEPS = pytest.mark.parametrize("step", _STEPS.values(), ids=_STEPS.keys())

# Buttons, what looks like one, and the whole label of a choice.
_SMALL = """() => [...document.querySelectorAll("button, .btn, .plan, .pills label, label.tick, .tabs a, header.top a")]
  .filter(it => it.checkVisibility())
  .map(it => [it.id || it.textContent.trim(), it.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44)
  .map(([name, box]) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""

# The outline of what has the focus, or of the card or pill that is drawn round it.
_OUTLINE = """() => {
  for (let it = document.activeElement; it && it !== document.body; it = it.parentElement) {
    const {outlineStyle, outlineWidth} = getComputedStyle(it);
    if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) return true;
    if (!it.parentElement.closest("label, li.card")) break;
  }
  return false;
}"""
_WHERE = """() => {
  const it = document.activeElement;
  return it === document.body ? "" : `${it.localName}#${it.id}[${it.name ?? ""}] ${it.textContent.trim().slice(0, 30)}`;
}"""


@STEPS
def test_whatever_a_finger_presses_is_44_pixels_each_way(visit: Visit, house: LiveApp, step: str) -> None:
    page = visit("fr", house.service(_FR) + step, viewport={"width": 360, "height": 780}, has_touch=True)
    assert page.evaluate(_SMALL) == []


@STEPS
def test_each_stop_of_the_tab_key_is_seen(visit: Visit, house: LiveApp, step: str) -> None:
    page = visit("fr", house.service(_FR) + step)
    stops: dict[str, bool] = {}
    page.locator("body").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        where = page.evaluate(_WHERE)
        if where and where not in stops:
            stops[where] = page.evaluate(_OUTLINE)
    assert len(stops) > 8
    assert [where for where, seen in stops.items() if not seen] == []


@STEPS
def test_forced_colours_and_stillness_leave_the_page_whole(visit: Visit, house: LiveApp, step: str) -> None:
    page = visit("fr", house.service(_FR) + step, forced_colors="active", reduced_motion="reduce")
    assert axe(page) == []
    assert page.evaluate("() => document.getAnimations().length") == 0
    # A page of one colour packs into next to nothing.
    assert len(page.screenshot()) > 15_000


@STEPS
def test_letters_of_twice_the_size_fit_the_desk_and_the_phone(visit: Visit, house: LiveApp, step: str) -> None:
    page = visit("fr", house.service(_FR) + step)
    for width in (1280, 640):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
        assert page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def sticks_in_view(page: Page) -> bool:
    """Whether what has the focus is within the window."""
    return bool(
        page.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              return box.top >= 0 && box.top < innerHeight;
            }"""
        )
    )


def test_each_state_of_the_flow_brings_its_heading_into_view_on_a_phone(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service(_FR), viewport={"width": 360, "height": 640})
    page.locator("#upgrade").click()
    expect(page.locator("#choose-title")).to_be_focused()
    assert sticks_in_view(page)
    page.locator("#quote .btn.go").click()
    expect(page.locator("#review-title")).to_be_focused()
    assert sticks_in_view(page)
    confirm(page)
    expect(page.locator("#order-title")).to_be_focused()
    assert sticks_in_view(page)
