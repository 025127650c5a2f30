"""Every page of the demonstration passes the automatic checks in each language, colour scheme and width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Page, ViewportSize
from sqlalchemy import select

from kajoom.models.cancellation import Cancellation
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.accounts.links import LinkKind, make_token, signing_keys
from tests.browser.axe import axe
from tests.browser.conftest import OpenPage
from tests.browser.live_app import NOON, LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.untranslated import untranslated_texts

_DESKTOP: ViewportSize = {"width": 1280, "height": 900}
_PHONE: ViewportSize = {"width": 360, "height": 780}
_NARROWEST: ViewportSize = {"width": 320, "height": 700}
_TABLET: ViewportSize = {"width": 820, "height": 1100}
_HALF_DESKTOP: ViewportSize = {"width": 640, "height": 900}
_REFERENCE = "demo-fr-hosting"

_CHOICES = (
    "plan=c&cycle=monthly",
    "plan=b&cycle=annually",
    "plan=base&cycle=monthly",
    "plan=base&cycle=monthly&when=now",
)

# Elements wider than the page, and boxes that cut off what overflows them.
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
# Header rows, and words of the header or of a panel's "Close" that are broken over two lines.
_HEADER_FAULTS = """(most) => {
  const middle = ({top, bottom}) => Math.round((top + bottom) / 2);
  const items = [...document.querySelectorAll(".top :is(a, button)")];
  const rows = new Set(items.map(it => middle(it.getBoundingClientRect())));
  const broken = [...document.querySelectorAll("nav.main a, .me :is(a, button), .panel header .btn")].filter(it => {
    const words = document.createRange();
    words.selectNodeContents(it);
    return new Set([...words.getClientRects()].filter(({width}) => width).map(middle)).size > 1;
  });
  return [...(rows.size > most ? [`the header has ${rows.size} rows`] : []),
    ...broken.map(it => `broken over two lines: ${it.textContent.trim()}`)];
}"""
_DOUBLE_TEXT = "() => { document.documentElement.style.fontSize = '200%' }"
_DUPLICATE_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map(it => it.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""


def pages_of_services(live_app: LiveApp) -> Iterator[str]:
    """The product, plan and cancellation pages of each service of the French-speaking client."""
    for service in _rows(live_app, Service):
        yield from (f"/services/{service.id}{path}" for path in ("", "/plan", "/cancellation"))


def pages_of_a_choice(live_app: LiveApp) -> Iterator[str]:
    """Choices and reviews of one service."""
    service = live_app.service_path(_REFERENCE)
    yield f"{service}?tab=information"
    for choice in _CHOICES:
        yield f"{service}/plan?{choice}"
        yield f"{service}/plan/review?{choice}"
    yield from (f"{service}/cancellation/review?when={when}" for when in ("period_end", "now"))


def pages_of_documents(live_app: LiveApp) -> Iterator[str]:
    """Each order, invoice and cancellation request of the French-speaking client, and the lists of them."""
    yield from ("/services", "/invoices", "/account", "/account/sessions")
    yield from (f"/orders/{order.reference}" for order in _rows(live_app, Order))
    yield from (f"/invoices/{invoice.number}" for invoice in _rows(live_app, Invoice))
    yield from (f"/cancellations/{request.reference}" for request in _rows(live_app, Cancellation))


def pages_of_accounts(live_app: LiveApp) -> Iterator[str]:
    """The pages of the password and the address, and those of links that were sent."""
    yield from ("/reset", "/reset?sent=yes", "/account/password", "/account/email", "/verify?next=/account/email")
    with live_app.app_context():
        client = client_by_email("fr@example.com")
        assert client is not None
        yield f"/reset/{make_token(signing_keys(live_app.app.config), LinkKind.RESET, client, NOON)}"


def _rows(live_app: LiveApp, kind: type[Base]) -> list[Any]:
    """The French-speaking client's rows of a table."""
    with live_app.app_context():
        return list(db.session.scalars(select(kind).join(Client).where(Client.email == "fr@example.com")))


GROUPS = {
    "services": pages_of_services,
    "choices": pages_of_a_choice,
    "documents": pages_of_documents,
    "accounts": pages_of_accounts,
}

PAGES_OF_STAFF = (
    "/staff",
    "/staff/jobs",
    "/staff/overdue",
    "/staff/payments",
    "/staff/payments?q=2022-0005",
    "/staff/payments?q=zzz",
    "/staff/search",
    "/staff/search?q=e",
    "/staff/search?q=CH-2022-000001",
    "/staff/search?q=zzz",
    "/staff/clients/1",
    "/staff/clients/1/credit",
    "/staff/credit",
    "/staff/exports",
    "/staff/services/7/suspension?origin=overdue",
    "/staff/services/8/suspension?origin=client",
    "/staff/services/1/terms",
    "/staff/services/1/terms/review?price=165&plan=b&quantity=2&due=2022-11-15",
    "/staff/services/2/terms",
    "/staff/services/6/terms/review?price=165&start=today",
)


def faults_in(page: Page, path: str, language: str, header_rows: tuple[int, int] = (2, 2)) -> Iterator[str]:
    """The faults of one page on a desktop in light colours and on phones in dark colours.

    ``header_rows`` are the most rows that the header may have on a phone, and at 320 pixels.
    """
    page.set_viewport_size(_DESKTOP)
    page.emulate_media(color_scheme="light")
    response = page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    yield from html_faults(response.text() if response else "")
    if page.locator("html").get_attribute("lang") != f"{language}-CA":
        yield "the lang attribute names another language"
    yield from (f"not translated: {text!r}" for text in untranslated_texts(page, language))
    yield from (f"duplicate id: {each}" for each in page.evaluate(_DUPLICATE_IDS))
    yield from (f"desktop: {each}" for each in [*page.evaluate(_OVERFLOWS), *axe(page)])
    page.set_viewport_size(_TABLET)
    yield from (f"tablet: {each}" for each in page.evaluate(_OVERFLOWS))
    page.set_viewport_size(_PHONE)
    page.emulate_media(color_scheme="dark")
    yield from (
        f"phone: {each}"
        for each in [*page.evaluate(_OVERFLOWS), *page.evaluate(_HEADER_FAULTS, header_rows[0]), *axe(page)]
    )
    page.set_viewport_size(_NARROWEST)
    yield from (
        f"320 px: {each}" for each in [*page.evaluate(_OVERFLOWS), *page.evaluate(_HEADER_FAULTS, header_rows[1])]
    )
    page.set_viewport_size(_HALF_DESKTOP)
    page.evaluate(_DOUBLE_TEXT)
    yield from (f"640 px, text of double size: {each}" for each in page.evaluate(_OVERFLOWS))


def html_faults(text: str) -> Iterator[str]:
    """The errors of a strict HTML parser, and htmx attributes without the prefix ``data-``."""
    parser = html5lib.HTMLParser()
    parser.parse(text)
    yield from (f"HTML: {code} at {place}" for place, code, _ in parser.errors)
    if " hx-" in text:
        yield "HTML: an hx- attribute"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("group", GROUPS)
def test_pages_have_no_faults(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, group: str, language: str
) -> None:
    page = open_page("fr", "/services")
    faults = {path: list(faults_in(page, path, language)) for path in GROUPS[group](live_app)}
    assert {path: errors for path, errors in faults.items() if errors} == {}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_of_staff_have_no_faults(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, language: str
) -> None:
    page = open_page("staff", "/staff")
    page_errors.expect("HTTP 409")  # a change that is not paid waits for nobody
    refusals = [f"/staff/orders/{order.reference}/refuse" for order in _rows(live_app, Order)]
    # All the links of staff are in view, in as many rows as they need.
    pages = (*PAGES_OF_STAFF, *refusals[:4])
    faults = {path: list(faults_in(page, path, language, header_rows=(3, 4))) for path in pages}
    assert {path: errors for path, errors in faults.items() if errors} == {}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_sign_in_and_error_pages_have_no_faults(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, language: str
) -> None:
    page_errors.expect("HTTP 404", "HTTP 422", "HTTP 409")
    page = open_page("fr", "/services")
    service, busy = live_app.service_path(_REFERENCE), live_app.service_path("demo-fr-waiting-person")
    paths = (
        "/nowhere",
        f"{service}/plan/review?plan=b",
        f"{service}/plan?plan=zzz",
        f"{service}/plan?plan=a&cycle=monthly",
        f"{busy}/plan/review?plan=a&cycle=monthly",
    )
    faults = {path: list(faults_in(page, path, language)) for path in paths}
    page.context.clear_cookies()
    faults["/login"] = list(faults_in(page, "/login", language))
    assert {path: errors for path, errors in faults.items() if errors} == {}
