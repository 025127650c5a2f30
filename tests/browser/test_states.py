"""Every state of the demonstration, in each language, scheme and width, is sound to a machine's eye."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from kajoom.models.cancellation import Cancellation
from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from tests.browser.axe import axe
from tests.browser.conftest import Visit
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch
from tests.browser.untranslated import in_the_other_language

_DESK = {"width": 1280, "height": 900}
_PHONE = {"width": 360, "height": 780}
_NARROWEST = {"width": 320, "height": 700}
_REFERENCE = "demo-fr-hosting"

_CHOICES = (
    "plan=c&cycle=monthly",
    "plan=b&cycle=annually",
    "plan=base&cycle=monthly",
    "plan=base&cycle=monthly&when=now",
)

# What sticks out of the page, or is cut off by a box that hides what overflows it.
_OVERFLOWS = """() => {
  const out = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) out.push(`the page scrolls by ${root.scrollWidth - root.clientWidth} px`);
  for (const it of document.querySelectorAll("body *")) {
    if (it.closest(".unseen, svg") || it.localName === "meter" || !it.checkVisibility()) continue;
    const style = getComputedStyle(it);
    if (["hidden", "clip"].includes(style.overflowX) && it.scrollWidth > it.clientWidth + 1)
      out.push(`${it.localName}#${it.id}.${it.className} cuts off ${it.scrollWidth - it.clientWidth} px`);
  }
  return out;
}"""
_TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map(it => it.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""


def pages_of_services(house: LiveApp) -> Iterator[str]:
    """The product page of each service of the French client, and the panel each of its two ways leads to."""
    for service in _rows(house, Service):
        yield from (f"/services/{service.id}{way}" for way in ("", "/plan", "/cancellation"))


def pages_of_a_choice(house: LiveApp) -> Iterator[str]:
    """What can be chosen for the reference service, and its reviews."""
    service = house.service(_REFERENCE)
    yield f"{service}?tab=information"
    for choice in _CHOICES:
        yield f"{service}/plan?{choice}"
        yield f"{service}/plan/review?{choice}"
    yield from (f"{service}/cancellation/review?when={when}" for when in ("period_end", "now"))


def pages_of_papers(house: LiveApp) -> Iterator[str]:
    """Each order, invoice and request of the French client, and the pages around them."""
    yield from ("/services", "/invoices", "/account")
    yield from (f"/orders/{order.reference}" for order in _rows(house, Order))
    yield from (f"/invoices/{invoice.number}" for invoice in _rows(house, Invoice))
    yield from (f"/cancellations/{request.reference}" for request in _rows(house, Cancellation))


def _rows(house: LiveApp, kind: type[Base]) -> list[Any]:
    """The French client's rows of a table, let go of before any page is asked for."""
    with house.inside():
        return list(db.session.scalars(select(kind).join(Client).where(Client.email == "fr@example.com")))


GROUPS = {"services": pages_of_services, "choices": pages_of_a_choice, "papers": pages_of_papers}


def faults_of(page: Page, path: str, language: str) -> Iterator[str]:
    """What is wrong with one page, seen from a desk by day and on a phone at night."""
    page.set_viewport_size(_DESK)
    page.emulate_media(color_scheme="light")
    answer = page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    yield from ill_formed(answer.text() if answer else "")
    if page.locator("html").get_attribute("lang") != f"{language}-CA":
        yield "the page says it is in another language"
    yield from (f"in the other language: {text!r}" for text in in_the_other_language(page, language))
    yield from (f"an id stands twice: {each}" for each in page.evaluate(_TWICE))
    yield from (f"desk: {each}" for each in [*page.evaluate(_OVERFLOWS), *axe(page)])
    page.set_viewport_size(_PHONE)
    page.emulate_media(color_scheme="dark")
    yield from (f"phone: {each}" for each in [*page.evaluate(_OVERFLOWS), *axe(page)])
    page.set_viewport_size(_NARROWEST)
    yield from (f"320 px: {each}" for each in page.evaluate(_OVERFLOWS))


def ill_formed(text: str) -> Iterator[str]:
    """What a strict parser of HTML says against a page; htmx is spoken to in data attributes only."""
    parser = html5lib.HTMLParser()
    parser.parse(text)
    yield from (f"HTML: {code} at {place}" for place, code, _ in parser.errors)
    if " hx-" in text:
        yield "HTML: an attribute that is none"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("group", GROUPS)
def test_no_machine_finds_fault_with_any_state(
    visit: Visit, house: LiveApp, watch: Watch, group: str, language: str
) -> None:
    page = visit("fr", "/services")
    found = {path: list(faults_of(page, path, language)) for path in GROUPS[group](house)}
    assert {path: errors for path, errors in found.items() if errors} == {}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_machine_finds_fault_with_the_pages_of_a_stranger_and_of_a_mistake(
    visit: Visit, house: LiveApp, watch: Watch, language: str
) -> None:
    watch.provokes("answer 404", "answer 422", "answer 409")
    page = visit("fr", "/services")
    service, busy = house.service(_REFERENCE), house.service("demo-fr-waiting-person")
    paths = (
        "/nowhere",
        f"{service}/plan/review?plan=b",
        f"{service}/plan?plan=zzz",
        f"{service}/plan?plan=a&cycle=monthly",
        f"{busy}/plan/review?plan=a&cycle=monthly",
    )
    found = {path: list(faults_of(page, path, language)) for path in paths}
    page.context.clear_cookies()
    found["/login"] = list(faults_of(page, "/login", language))
    assert {path: errors for path, errors in found.items() if errors} == {}
