"""What pages and e-mails say of taxes: nothing to a client who pays none, else each tax with its number."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask

from kajoom.models.catalog import CatalogVersion
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.worker.emails import email_for_message
from tests.conftest import Browser, SignIn
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, reference_of, service_in
from tests.web.pages import hidden_fields, post, value_of

pytestmark = pytest.mark.slow

REASON = "Conseil de bande, carte 1234"
TAX = re.compile(r"(?i)\btax|\bTPS\b|\bTVQ\b|\bTVH\b|\bGST\b|\bQST\b|\bHST\b")


def live_abroad() -> None:
    for client in db.session.query(Client):
        client.country, client.province = "FR", ""
    db.session.commit()


def become_exempt() -> None:
    for client in db.session.query(Client):
        client.tax_exempt = REASON
    db.session.commit()


def lose_the_numbers() -> None:
    row = db.session.query(CatalogVersion).one()
    row.seller = {name: value for name, value in row.seller.items() if not name.endswith("_number")}
    row.version += 1
    db.session.commit()


UNTAXED = [live_abroad, become_exempt, lose_the_numbers]


def visible(page: str) -> str:
    """The text of a page, without its scripts and styles, and without what says why the client is exempt."""
    text = re.sub(r"(?s)<(script|style|title)\b.*?</\1>|<[^>]*>", " ", page)
    return re.sub(r"(Exempt from taxes|Exonéré de taxes)[^.]*?1234", "", html.unescape(text))


def emails() -> list[str]:
    """The texts of the e-mails that are queued."""
    messages = db.session.query(Message).filter_by(kind="email")
    written = [email_for_message(message.ids, message.key, NOON) for message in messages]
    return [email.get_body(("plain",)).get_content() for email in written if email is not None]  # type: ignore[union-attr]


@pytest.mark.parametrize("stop_taxes", UNTAXED)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_speaks_of_taxes_to_a_client_who_pays_none(
    app: Flask, signed_in: SignIn, address: Address, stop_taxes: Callable[[], None], language: str
) -> None:
    browser, service = signed_in(f"{language}@example.com"), address("hosting", language)
    db.session.query(Message).delete()
    stop_taxes()
    pages = {path: browser.get(path).text for path in (service, f"{service}/plan", f"{service}/plan?cycle=annually")}
    pages["preview"] = browser.fragment(f"{service}/plan?plan=b&cycle=monthly&when=now&asked=monthly.now").text
    pages["later"] = browser.get(f"{service}/plan/review?plan=b&cycle=monthly&when=renewal").text
    pages["review"] = browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text
    assert post(browser, f"{service}/plan", **hidden_fields(pages["review"], "review")).status_code == 303
    pages["order"] = browser.get(f"/orders/{reference_of('hosting', language)}").text
    written = emails()

    assert value_of(pages["review"], "due-today") == {"fr": "36.29", "en": "30.00"}[language]
    assert value_of(pages["review"], "renewal-after") == "225.00"
    assert written
    for name, page in {**pages, "e-mail": "\n".join(written)}.items():
        assert not TAX.search(visible(page)), (name, TAX.findall(visible(page)))


@pytest.mark.parametrize(("language", "words"), [("fr", "avant taxes"), ("en", "before taxes")])
def test_price_before_tax_says_so_to_a_client_who_pays_taxes(
    signed_in: SignIn, address: Address, language: str, words: str
) -> None:
    page = signed_in(f"{language}@example.com").get(f"{address('hosting', language)}/plan").text
    assert words in visible(page)


def test_invoice_of_an_exempt_client_prints_the_reason_and_no_tax(french: Browser, address: Address) -> None:
    become_exempt()
    service = address("hosting")
    review = french.get(f"{service}/plan/review?plan=b&cycle=monthly").text
    post(french, f"{service}/plan", **hidden_fields(review, "review"))

    page = french.get(f"/invoices/{number_of('hosting')}").text
    assert REASON in page
    assert 'id="gst"' not in page


def test_invoice_has_only_the_tax_and_the_number_that_the_seller_has(french: Browser, address: Address) -> None:
    row = db.session.query(CatalogVersion).one()
    row.seller, row.version = {**row.seller, "qst_number": ""}, row.version + 1
    db.session.commit()
    service = address("hosting")
    review = french.get(f"{service}/plan/review?plan=b&cycle=monthly").text
    post(french, f"{service}/plan", **hidden_fields(review, "review"))

    page = french.get(f"/invoices/{number_of('hosting')}").text
    assert (value_of(page, "gst"), value_of(page, "total")) == ("1.81", "38.10")
    assert row.seller["gst_number"] in page
    assert "TVQ" not in visible(page)


def test_service_in_a_currency_without_a_price_has_no_upgrade(french: Browser, address: Address) -> None:
    service_in("hosting").currency = "EUR"
    db.session.commit()
    service = address("hosting")

    assert 'id="upgrade"' not in french.get(service).text
    page = french.get(f"{service}/plan").text
    assert 'data-refusal="other_currency"' in page
    assert "Ce changement n’est pas offert dans la devise de votre service." in visible(page)
    assert french.get(f"{service}/plan/review?plan=a&cycle=monthly").status_code == 409


def test_service_at_no_price_shows_the_due_date_that_has_moved_on(french: Browser, address: Address) -> None:
    row = service_in("hosting")
    row.recurring_cents, row.next_due_date, row.anchor_day = 0, NOON.date().replace(month=3, day=1), 1
    db.session.commit()
    service = address("hosting")

    page = french.get(service).text
    assert value_of(page, "due-date") == "2022-11-01"
    assert 'id="alert-' not in page
    assert 'datetime="2022-11-01"' in french.get("/services").text
    assert 'datetime="2022-03-01"' not in french.get("/services").text
    review = french.get(f"{service}/plan/review?plan=b&cycle=monthly").text
    assert value_of(review, "next-due") == "2022-11-01"
