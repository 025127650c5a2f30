"""The steps of a change as a client takes them, and what a page shows and says at each."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from kajoom.i18n.formats import Formats, formats_for

HOSTING = {"fr": "demo-fr-hosting", "en": "demo-en-hosting"}
"""Each client's service on which nothing is open."""

_FURTHEST = 60


def formats(page: Page) -> Formats:
    """The words of the page's language."""
    return formats_for((page.locator("html").get_attribute("lang") or "")[:2])


def figure(page: Page, name: str) -> str:
    """The machine value of a figure."""
    return page.locator(f"data#{name}").get_attribute("value") or ""


def figures(page: Page, *names: str) -> dict[str, str]:
    """The machine values of some figures."""
    return {name: figure(page, name) for name in names}


def focused(page: Page) -> str:
    """What has the focus: its id, else its name and value, else its element."""
    found: str = page.evaluate(
        """() => {
          const it = document.activeElement;
          return it.id ? "#" + it.id : it.name ? `${it.name}=${it.value}` : it.localName;
        }"""
    )
    return found


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on ``selector``, as someone without a mouse does."""
    for _ in range(_FURTHEST):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def mark(page: Page) -> None:
    """Leave a mark that any real loading of a page would wipe."""
    page.evaluate("() => { window.mark = 'kept' }")


def is_same_document(page: Page) -> bool:
    """Whether the page was never really loaded since it was marked."""
    return bool(page.evaluate("() => window.mark === 'kept'"))


def expect_title(page: Page, message: str, **values: object) -> None:
    """The page's title is this sentence in its language, then the name of the house."""
    expect(page).to_have_title(f"{formats(page).gettext(message, **values)} · Kajoom")


def expect_said(page: Page, message: str, **values: object) -> None:
    """The live region says this sentence in the page's language, without the reader being moved."""
    expect(page.locator("#status")).to_have_text(formats(page).gettext(message, **values))


def expect_address(page: Page, path: str, **fields: str) -> None:
    """The address shown is ``path`` with these fields, in any order."""
    wanted = "".join(f"(?=.*[?&]{name}={value}(&|$))" for name, value in fields.items())
    expect(page).to_have_url(re.compile(rf"^http://[^/]+{re.escape(path)}{wanted}([?].*)?$"))


def choose(page: Page, plan: str) -> None:
    """Choose a plan by its card, and wait for its price to be the one shown."""
    page.locator(f"#plan-{plan} .name").click()
    expect(page).to_have_url(re.compile(rf"[?&]plan={plan}(&|$)"))


def go_on(page: Page) -> None:
    """Go on to the review."""
    page.locator("#quote .btn.go").click()
    expect(page.locator("#review")).to_be_visible()


def confirm(page: Page) -> None:
    """Confirm what is reviewed, and wait for the order."""
    page.locator("#review form .btn.go").click()
    expect(page.locator("#order")).to_be_visible()


def expect_status(page: Page, status: str) -> None:
    """The order stands so."""
    expect(page.locator("#order-status")).to_have_attribute("data-status", status)
