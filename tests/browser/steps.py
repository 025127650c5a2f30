"""The steps of a change as a client takes them, and what tests expect of a page."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from kajoom.i18n.formats import Formats, formats_for

HOSTING = {"fr": "demo-fr-hosting", "en": "demo-en-hosting"}
"""Each client's service without an open change."""

_MAX_TABS = 60


def formats(page: Page) -> Formats:
    """The formats and translations of the page's language."""
    return formats_for((page.locator("html").get_attribute("lang") or "")[:2])


def figure(page: Page, name: str) -> str:
    """The machine-readable value of an amount."""
    return page.locator(f"data#{name}").get_attribute("value") or ""


def figures(page: Page, *names: str) -> dict[str, str]:
    """The machine-readable values of some amounts."""
    return {name: figure(page, name) for name in names}


def focused(page: Page) -> str:
    """The focused element: its id, else its name and value, else its tag."""
    name: str = page.evaluate(
        """() => {
          const it = document.activeElement;
          return it.id ? "#" + it.id : it.name ? `${it.name}=${it.value}` : it.localName;
        }"""
    )
    return name


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on ``selector``."""
    for _ in range(_MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def mark_document(page: Page) -> None:
    """Set a variable that is lost when a page is loaded."""
    page.evaluate("() => { window.mark = 'kept' }")


def is_same_document(page: Page) -> bool:
    """Whether no page was loaded since the document was marked."""
    return bool(page.evaluate("() => window.mark === 'kept'"))


def expect_title(page: Page, message: str, **values: object) -> None:
    """Expect the page's title: the domain on a service's page, this message in the page's language, the application."""
    title = re.escape(f"{formats(page).gettext(message, **values)} · Kajoom")
    expect(page).to_have_title(re.compile(rf"^(\S+ · )?{title}$"))


def expect_status_message(page: Page, message: str, **values: object) -> None:
    """Expect this message, in the page's language, in the live region."""
    expect(page.locator("#status")).to_have_text(formats(page).gettext(message, **values))


def expect_address(page: Page, path: str, **fields: str) -> None:
    """Expect the URL ``path`` with these query fields, in any order."""
    query = "".join(f"(?=.*[?&]{name}={value}(&|#|$))" for name, value in fields.items())
    expect(page).to_have_url(re.compile(rf"^http://[^/]+{re.escape(path)}{query}([?#].*)?$"))


def choose(page: Page, plan: str) -> None:
    """Choose a plan and wait for its preview."""
    page.locator(f"#plan-{plan} .name").click()
    expect(page).to_have_url(re.compile(rf"[?&]plan={plan}(&|#|$)"))


def go_on(page: Page) -> None:
    """Continue to the review."""
    page.locator(":is(#quote, #quote-bar) .btn.go:visible").click()
    expect(page.locator("#review")).to_be_visible()


def confirm(page: Page) -> None:
    """Confirm the review and wait for the order."""
    page.locator("#review form .btn.go").click()
    expect(page.locator("#order")).to_be_visible()


def expect_status(page: Page, status: str) -> None:
    """Expect the order to have a status."""
    expect(page.locator("#order-status")).to_have_attribute("data-status", status)
