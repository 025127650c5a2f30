"""Unpaid renewals on the pages: of the service, of the change that begins with it, and before a choice of plan."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.daily import bill_day
from kajoom.worker.emails import email_for_message
from tests.conftest import Browser, set_time
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, record_received, reference_of, service_in
from tests.web.pages import hidden_fields, post, refusal_in
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

DUE = date(2022, 11, 9)


def bill(state: str, language: str = "fr") -> str:
    """Issue the renewal of a service of the demonstration; its invoice number."""
    invoice = issue_renewal(service_in(state, language).id, NOON.date(), NOON)
    assert invoice is not None
    return invoice.number


def text_of(browser: Browser, path: str) -> str:
    """A page with its character references decoded."""
    return html.unescape(browser.get(path).text)


def test_daily_run_of_the_demonstrations_day_bills_nothing_on_its_first_service(
    french: Browser, address: Address
) -> None:
    bill_day(NOON.date(), NOON, 0)
    assert 'id="alert-' not in french.get(address("hosting")).text


def test_scheduled_change_begins_with_its_renewal(french: Browser, address: Address) -> None:
    assert "Rien n’est à payer d’ici là" in text_of(french, address("scheduled"))
    number = bill("scheduled")

    page = text_of(french, address("scheduled"))
    assert "le 9\xa0novembre 2022, une fois son renouvellement payé" in page
    assert "Rien n’est à payer d’ici là" not in page
    order = text_of(french, f"/orders/{reference_of('scheduled')}")
    assert f"facture {number}, de 109,23\xa0$, à payer au plus tard le 9\xa0novembre 2022" in order
    assert f"/invoices/{number}?next=" in order


def test_scheduled_change_begins_with_its_renewal_in_english(english: Browser, address: Address) -> None:
    bill("scheduled", "en")
    assert "once its renewal is paid" in english.get(address("scheduled", "en")).text


def test_change_whose_day_has_passed_begins_as_soon_as_its_renewal_is_paid(
    app: Flask, french: Browser, address: Address
) -> None:
    bill("scheduled")
    set_time(app, NOON + (DUE - NOON.date()) + timedelta(days=1))
    assert "dès que son renouvellement est payé" in text_of(french, address("scheduled"))


def test_paid_renewal_leads_back_to_the_order_which_starts_on_its_day(app: Flask, french: Browser) -> None:
    number, order = bill("scheduled"), f"/orders/{reference_of('scheduled')}"
    response = post(french, f"/invoices/{number}/payment", method="demonstration", next=order)
    assert (response.status_code, response.location) == (303, order)
    page = french.get(order).text
    assert "?next=" not in page
    assert "data-poll" not in page

    on_the_day = NOON + (DUE - NOON.date())
    set_time(app, on_the_day)
    assert 'data-poll="2"' in french.get(order).text
    bill_day(DUE, on_the_day, 0)
    drain(app.extensions["kajoom"], on_the_day)
    assert 'data-status="completed"' in french.get(order).text


def test_cancelled_change_has_its_renewal_replaced(french: Browser, address: Address) -> None:
    number = bill("scheduled")
    post(french, f"/orders/{reference_of('scheduled')}/cancel")
    page = french.get(address("scheduled")).text
    assert number not in page
    assert "258,69" in page


@pytest.mark.parametrize("path", ["/plan", "/plan/review"])
def test_paid_renewal_leads_back_to_the_choice_it_blocked(french: Browser, address: Address, path: str) -> None:
    record_received(number_of("unpaid-renewal"), "1.00")
    choice = f"{address('unpaid-renewal')}{path}?plan=b&cycle=annually&when=now"
    page = french.get(choice).text
    assert refusal_in(page) == "unpaid_invoice"
    links = (html.unescape(link) for link in re.findall(r'href="(/invoices/[^"]+)"', page))
    link = next(link for link in links if "next=" in link)
    next_path = parse_qs(urlsplit(link).query)["next"][0]
    assert next_path == choice

    assert f'value="{html.escape(choice)}"' in french.get(link).text
    response = post(french, f"{urlsplit(link).path}/payment", method="demonstration", next=next_path)
    assert response.location == choice
    assert refusal_in(french.get(choice).text) is None


VOIDED = "pour votre prochain renouvellement, est annulée quand vous confirmez"


@pytest.mark.parametrize(
    ("query", "after"),
    [
        ("plan=b&cycle=monthly", "facturé de nouveau une fois le changement fait, ou s’il est annulé"),
        ("plan=b&cycle=annually&when=now", "facturé de nouveau si le changement est annulé"),
        ("plan=base&cycle=monthly", "une autre, au nouveau prix, la remplace"),
    ],
)
def test_review_says_that_the_open_renewal_is_voided(french: Browser, address: Address, query: str, after: str) -> None:
    page = text_of(french, f"{address('unpaid-renewal')}/plan/review?{query}")

    assert f"La facture {number_of('unpaid-renewal')}, {VOIDED}" in page
    assert after in page
    assert VOIDED not in text_of(french, f"{address('hosting')}/plan/review?{query}")


def test_confirmation_voids_the_open_renewal_and_its_email_says_so(
    app: Flask, french: Browser, address: Address
) -> None:
    service, renewal = address("unpaid-renewal"), number_of("unpaid-renewal")
    fields = hidden_fields(french.get(f"{service}/plan/review?plan=base&cycle=monthly").text, "review")

    assert post(french, f"{service}/plan", **fields).status_code == 303

    assert "annulée" in text_of(french, f"/invoices/{renewal}")
    page = text_of(french, service)
    assert f"La facture {number_of('unpaid-renewal')}, de 109,23" in page
    drain(app.extensions["kajoom"], NOON)
    assert f"La facture {renewal}, pour votre prochain renouvellement, est annulée" in emails_of(app, "scheduled")


def emails_of(app: Flask, kind: str) -> str:
    """The texts of the e-mails of a kind that are queued, written now."""
    db.session.rollback()
    messages = [each for each in db.session.query(Message) if each.ids.get("email") == kind]
    with app.test_request_context():
        written = [email_for_message(each.ids, each.key, NOON) for each in messages]
        return "\n".join(each.get_body(("plain",)).get_content() for each in written if each is not None)  # type: ignore[union-attr]


def test_renewal_is_late_from_the_day_after_its_own_due_date(app: Flask, french: Browser, address: Address) -> None:
    """The service's date has passed, and the invoice issued today is to be paid today."""
    row = service_in("unpaid-renewal")
    invoice = db.session.query(Invoice).filter_by(service_id=row.id).one()
    row.next_due_date = invoice.period_start = NOON.date() - timedelta(days=10)
    invoice.due_on = NOON.date()
    db.session.commit()

    page = text_of(french, address("unpaid-renewal"))
    assert "Facture impayée" in page
    assert "Facture en retard" not in page
    set_time(app, NOON + timedelta(days=1))
    assert "Facture en retard" in text_of(french, address("unpaid-renewal"))


def test_every_email_of_a_renewal_is_sent(app: Flask, french: Browser) -> None:
    bill("scheduled")
    drain(app.extensions["kajoom"], NOON)
    db.session.rollback()
    assert db.session.query(Message).filter(Message.dead_at.is_not(None)).count() == 0


def test_client_of_a_suspended_service_reads_that_the_suspension_is_being_lifted(
    app: Flask, french: Browser, address: Address
) -> None:
    row = service_in("overdue")
    row.status = ServiceStatus.SUSPENDED
    db.session.commit()
    number = number_of("overdue")
    assert "suspendu" not in text_of(french, f"/invoices/{number}")

    post(french, f"/invoices/{number}/payment", method="demonstration")

    assert "la suspension est en train d’être levée" in text_of(french, f"/invoices/{number}")
    assert "la suspension est en train d’être levée" in emails_of(app, "payment_received")


def test_service_says_when_it_will_be_suspended_and_what_restores_it(french: Browser, address: Address) -> None:
    invoice = db.session.query(Invoice).filter_by(number=number_of("overdue")).one()
    invoice.suspends_on = NOON.date() + timedelta(days=2)
    db.session.commit()
    assert "votre service sera suspendu le 19\xa0octobre 2022" in text_of(french, address("overdue"))
    service_in("overdue").status = ServiceStatus.SUSPENDED
    db.session.commit()

    page = text_of(french, address("overdue"))
    assert "Il sera rétabli dès que cette facture sera payée" in page
    assert "sera suspendu" not in page
