"""Orders and invoices on paper: one page each, with how to pay what is not paid."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp


def documents(live_app: LiveApp) -> list[str]:
    """The path of each order and invoice of the French-speaking client."""
    with live_app.app_context():
        orders = db.session.scalars(select(Order.reference).where(Order.locale == "fr")).all()
        invoices = db.session.scalars(select(Invoice.number).where(Invoice.locale == "fr")).all()
    return [*(f"/orders/{each}" for each in orders), *(f"/invoices/{each}" for each in invoices)]


@pytest.mark.parametrize(("language", "paper"), [("fr", "Letter"), ("en", "A4")])
def test_each_document_prints_on_one_page(open_page: OpenPage, live_app: LiveApp, language: str, paper: str) -> None:
    page = open_page("fr", "/services")
    pages = {}
    for path in documents(live_app):
        page.goto(f"{path}?lang={language}")
        pages[path] = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper)))
    assert len(pages) > 6
    assert {path: count for path, count in pages.items() if count != 1} == {}


@pytest.mark.parametrize("kind", ["order", "invoice"])
def test_what_is_not_paid_prints_how_to_pay(open_page: OpenPage, live_app: LiveApp, kind: str) -> None:
    page = open_page("fr", f"{live_app.service_path('demo-fr-waiting-payment')}")
    page.get_by_role("link", name="Payer ou annuler").click()
    if kind == "invoice":
        page.get_by_role("link", name=re.compile("^Facture ")).first.click()
    page.emulate_media(media="print")
    paper = page.locator(".on-paper")
    for text in ("77,89", "24 octobre 2022", "/invoices/2022-", "Virement Interac", "paiements@example.com"):
        assert text in paper.inner_text().replace("\xa0", " "), text
    for hidden in (".go-row", ".ways", ".links", ".top nav", ".foot", "aside"):
        assert not any(each.is_visible() for each in page.locator(hidden).all()), hidden
