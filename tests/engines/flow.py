"""A change of plan from sign-in to "operational", as each engine must do it; the price stays in the window."""

from __future__ import annotations

from pathlib import Path

from kajoom.models.order import Order
from tests.browser.chromium import PASSWORD
from tests.browser.live_app import LiveApp
from tests.browser.steps import HOSTING
from tests.engines.page import Page

_CHOICES = (
    ("plan", "c"),
    ("plan", "base"),
    ("when", "now"),
    ("cycle", "annually"),
    ("cycle", "monthly"),
    ("plan", "b"),
)
_DUE_OF_PLAN_B = {"fr": "41.72", "en": "34.49"}
_IS_PRICED = """!document.querySelector("#quote[data-stale], #quote.htmx-request")"""
_IS_PRICE_IN_VIEW = """[...document.querySelectorAll("#quote #due-today, #quote-bar .due-today")].some(figure => {
  const box = figure.getBoundingClientRect();
  return box.width > 0 && box.top >= 0 && box.bottom <= innerHeight;
})"""
_SCROLL = """(() => {
  const box = document.querySelector("#choose").getBoundingClientRect();
  scrollTo(0, scrollY + box.top + %s * Math.max(0, box.height - innerHeight));
  return true;
})()"""
_DUE_TODAY = """document.querySelector("#due-today").value"""
_IS_SAME_DOCUMENT = "window.mark === 'kept'"
_SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_TITLE_TOP = """document.querySelector("#choose-title").getBoundingClientRect().top / innerHeight"""


def change_plan(page: Page, app: LiveApp, language: str, files: Path) -> None:
    """Take every step of a change, with its screenshot in ``files``; ``AssertionError`` at one that does not work."""
    service = app.address + app.service_path(HOSTING[language])
    sign_in(page, app, language, files)
    page.open(service)
    _look(page, files, "product")
    page.read("window.mark = 'kept'")
    page.click("#upgrade")
    page.wait_for("!!document.querySelector('#choose')")
    assert page.read(_TITLE_TOP) < 0.35, "the choice is not scrolled into the window"
    choose(page, service)
    _look(page, files, "choice")
    assert page.read(_DUE_TODAY) == _DUE_OF_PLAN_B[language]
    review_and_confirm(page, app, files)
    assert page.read(_IS_SAME_DOCUMENT), "a page was loaded between the product and the order"
    follow(page, app, files)


def sign_in(page: Page, app: LiveApp, language: str, files: Path) -> None:
    """Sign in with the form."""
    page.open(f"{app.address}/login?lang={language}")
    _look(page, files, "sign-in")
    page.fill("#email", f"{language}@example.com")
    page.fill("#password", PASSWORD)
    page.click(".btn.go")
    page.wait_for("location.pathname === '/services'")
    _look(page, files, "services")


def choose(page: Page, service: str) -> None:
    """Press radios one after the other, and scroll: the amount due today is always in the window."""
    for name, value in _CHOICES:
        page.click(f"label:has(input[name={name}][value={value}])")
        page.wait_for(f"new URLSearchParams(location.search).get('{name}') === '{value}' && {_IS_PRICED}")
        assert page.read("location.href").startswith(f"{service}/plan?")
        assert page.read(_IS_PRICE_IN_VIEW), f"the price is not in the window after {name}={value}"
    for part in (1, 0.66, 0.33, 0):
        page.read(_SCROLL % part)
        assert page.read(_IS_PRICE_IN_VIEW), f"the price is not in the window at {part} of the choice"


def review_and_confirm(page: Page, app: LiveApp, files: Path) -> None:
    """Continue to the review and confirm it: that makes one order."""
    orders = app.count(Order)
    page.click(":is(#quote, #quote-bar) .btn.go")
    page.wait_for("!!document.querySelector('#review')")
    _look(page, files, "review")
    page.click("#review form .btn.go")
    page.wait_for("!!document.querySelector('#order')")
    assert app.count(Order) == orders + 1
    _look(page, files, "order-paid")


def follow(page: Page, app: LiveApp, files: Path) -> None:
    """The order's page finds out by itself that the change is made; Back from the invoice orders nothing more."""
    orders = app.count(Order)
    app.work()
    page.wait_for("document.querySelector('#order-status').dataset.status === 'completed'")
    _look(page, files, "order")
    page.open(page.read("document.querySelector('#order a[href*=\"/invoices/\"]').href"))
    _look(page, files, "invoice")
    page.go_back()
    page.wait_for("!!document.querySelector('#order')")
    assert app.count(Order) == orders


def _look(page: Page, files: Path, name: str) -> None:
    assert not page.read(_SCROLLS_SIDEWAYS), f"{name} scrolls sideways"
    page.save(files / f"{name}.png")
