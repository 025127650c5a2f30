"""A renewal is said where it is owed: on the page of its service, of the change it begins, and before a choice."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import service_by_external_id
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.daily import bill_day
from tests.conftest import Browser
from tests.web.conftest import NOON, Address
from tests.worker_runs import drain

DUE = date(2022, 11, 9)


def bill(state: str, language: str = "fr") -> str:
    """Issue the renewal of a service of the demonstration; its number."""
    row = service_by_external_id(f"demo-{language}-{state}")
    assert row is not None
    invoice = issue_renewal(row.id, NOON.date(), NOON)
    assert invoice is not None
    return invoice.number


def pressed(visitor: Browser, page: str, path: str, **fields: str) -> TestResponse:
    """Press a button of a page, whose form goes to ``path``."""
    return visitor.post(path, data={"csrf_token": visitor.token(page), **fields})


def scheduled_order() -> str:
    row = service_by_external_id("demo-fr-scheduled")
    assert row is not None
    return db.session.query(Order).filter_by(service_id=row.id).one().reference


def test_the_demonstration_bills_nothing_of_its_first_service_by_itself(french: Browser, address: Address) -> None:
    bill_day(NOON.date(), NOON, 0)
    assert 'id="alert-' not in french.get(address("hosting")).text


def test_a_scheduled_change_says_that_it_begins_with_its_renewal(french: Browser, address: Address) -> None:
    assert "Rien n'est à payer d'ici là" in html.unescape(french.get(address("scheduled")).text)
    number = bill("scheduled")

    page = html.unescape(french.get(address("scheduled")).text)
    assert "le 9\xa0novembre 2022, une fois son renouvellement payé" in page
    assert "Rien n'est à payer d'ici là" not in page
    order = html.unescape(french.get(f"/orders/{scheduled_order()}").text)
    assert f"facture {number}, de 109,23\xa0$, à payer au plus tard le 9\xa0novembre 2022" in order
    assert f"/invoices/{number}?next=" in order


def test_english_says_the_same(english: Browser, address: Address) -> None:
    bill("scheduled", "en")
    assert "once its renewal is paid" in english.get(address("scheduled", "en")).text


def test_a_change_whose_day_has_passed_begins_as_soon_as_it_is_paid(
    french: Browser, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill("scheduled")
    late = NOON + (DUE - NOON.date()) + timedelta(days=1)
    monkeypatch.setattr(french.application.extensions["clock"], "now", lambda: late)
    assert "dès que son renouvellement est payé" in html.unescape(french.get(address("scheduled")).text)


def test_paying_the_renewal_leads_back_to_the_order_and_its_day_starts_it(
    french: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, order = bill("scheduled"), f"/orders/{scheduled_order()}"
    result = pressed(french, f"/invoices/{number}", f"/invoices/{number}/payment", method="demonstration", next=order)
    assert (result.status_code, result.location) == (303, order)
    page = french.get(order).text
    assert "?next=" not in page
    assert 'data-hx-trigger="every' not in page

    on_the_day = NOON + (DUE - NOON.date())
    monkeypatch.setattr(french.application.extensions["clock"], "now", lambda: on_the_day)
    assert 'data-hx-trigger="every 2s"' in french.get(order).text
    bill_day(DUE, on_the_day, 0)
    doors = french.application.extensions["kajoom"]
    drain(doors, on_the_day)
    assert 'data-status="completed"' in french.get(order).text


def test_keeping_the_present_plan_replaces_the_renewal(french: Browser, address: Address) -> None:
    number, order = bill("scheduled"), scheduled_order()
    pressed(french, f"/orders/{order}", f"/orders/{order}/cancel")
    page = french.get(address("scheduled")).text
    assert number not in page
    assert "258,69" in page


@pytest.mark.parametrize("path", ["/plan", "/plan/review"])
def test_an_unpaid_renewal_is_paid_and_leads_back_to_the_same_choice(
    french: Browser, address: Address, path: str
) -> None:
    choice = f"{address('unpaid-renewal')}{path}?plan=b&cycle=annually&when=now"
    page = french.get(choice).text
    assert 'data-refusal="unpaid_invoice"' in page
    links = (html.unescape(link) for link in re.findall(r'href="(/invoices/[^"]+)"', page))
    link = next(link for link in links if "next=" in link)
    back = parse_qs(urlsplit(link).query)["next"][0]
    assert back == choice

    invoice = french.get(link).text
    assert f'value="{html.escape(choice)}"' in invoice
    result = pressed(french, link, f"{urlsplit(link).path}/payment", method="demonstration", next=back)
    assert result.location == choice
    assert 'data-refusal="' not in french.get(choice).text


def test_no_letter_is_left_unsent_by_a_renewal_that_is_shown(french: Browser) -> None:
    bill("scheduled")
    drain(french.application.extensions["kajoom"], NOON)
    db.session.rollback()
    assert db.session.query(Message).filter(Message.dead_at.is_not(None)).count() == 0
