"""The payment method of a change: chosen on the review, offered only where its money arrives before the due date."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import When
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service_snapshot import service_snapshot_of
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.orders.quotes import Choice, quote_change
from kajoom.worker.emails import email_for_message
from tests.architecture.files import ROOT
from tests.conftest import Browser, set_time
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, reference_of, service_in
from tests.web.pages import hidden_fields, post, refusal_in, value_of

QUERY = "plan=b&cycle=monthly&when=now"
DUE = date(2022, 11, 1)


def review_of(browser: Browser, service: str) -> str:
    """The review of the change to plan B, with its character references decoded."""
    return html.unescape(browser.get(f"{service}/plan/review?{QUERY}").text)


def methods_in(page: str) -> list[str]:
    """The methods that a review offers, its own first."""
    chosen = re.findall(r'<input type="hidden" name="method" value="(\w+)"', page)
    others = page.partition('<nav class="other-ways')[2].partition("</nav>")[0]
    return chosen + re.findall(r' href="[^"]*[&]method=(\w+)', html.unescape(others))


def confirm(browser: Browser, service: str, **more: str) -> Order:
    """Confirm the change to plan B and return its order."""
    fields = hidden_fields(browser.get(f"{service}/plan/review?{QUERY}").text, "review")
    response = post(browser, f"{service}/plan", **{**fields, **more})
    assert response.status_code == 303
    db.session.rollback()
    return db.session.scalars(select(Order).order_by(Order.id.desc())).first() or pytest.fail("no order")


def move_days(app: Flask, days: int) -> None:
    """Move the application's clock."""
    set_time(app, NOON + timedelta(days=days))


def offline_on(browser: Browser, path: str) -> list[str]:
    """The offline methods whose instructions a page shows."""
    ways = browser.get(path).text.partition('class="column ways"')[2]
    return [html.unescape(name) for name in re.findall(r"<summary>([^<]+)</summary>", ways)]


def test_review_offers_each_method_with_its_last_day(french: Browser, address: Address) -> None:
    page = review_of(french, address("hosting"))

    assert methods_in(page) == ["demonstration", "interac", "cheque"]
    assert "Prévoyez 2\xa0jours. À payer au plus tard le 24\xa0octobre 2022." in page.replace("2 jours", "2\xa0jours")
    assert "À payer au plus tard le 31\xa0octobre 2022." in page


@pytest.mark.parametrize(
    ("days", "offered"),
    [
        (4, ["demonstration", "interac", "cheque"]),  # October 21 and 10 days: October 31
        (5, ["demonstration", "interac"]),
        (12, ["demonstration", "interac"]),
        (13, ["demonstration"]),
        (14, ["demonstration"]),
    ],
)
def test_review_offers_only_the_methods_that_are_fast_enough(
    app: Flask, french: Browser, address: Address, days: int, offered: list[str]
) -> None:
    move_days(app, days)

    assert methods_in(review_of(french, address("hosting"))) == offered


def test_review_of_a_change_without_a_charge_asks_for_no_method(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan/review?plan=base&cycle=monthly").text

    assert methods_in(page) == []


def test_confirmation_without_a_method_takes_the_usual_one(french: Browser, address: Address) -> None:
    order = confirm(french, address("hosting"))

    assert (order.payment_method, order.status) == ("demonstration", "awaiting_provisioning")


def test_usual_offline_method_is_preselected_and_charges_nothing(english: Browser, address: Address) -> None:
    service = service_in("yearly", "en")
    page = english.get(f"{address('yearly', 'en')}/plan/review?plan=c&cycle=annually").text

    assert methods_in(page) == [service.payment_method, "interac", "demonstration"]


def test_chosen_offline_method_waits_with_its_instructions_and_its_days(french: Browser, address: Address) -> None:
    order = confirm(french, address("hosting"), method="cheque")

    assert (order.payment_method, order.status, order.expires_on) == ("cheque", "awaiting_payment", date(2022, 10, 31))
    assert offline_on(french, f"/orders/{order.reference}") == ["Chèque", "Virement Interac"]
    assert "10 jours" in french.get(f"/orders/{order.reference}").text


def test_email_of_a_change_paid_offline_has_the_instructions_of_its_method(
    app: Flask, french: Browser, address: Address
) -> None:
    order = confirm(french, address("hosting"), method="cheque")
    key = f"change_requested-{order.reference}"
    message = db.session.scalars(select(Message).where(Message.key == key)).one()

    with app.test_request_context():
        email = email_for_message(message.ids, message.key, NOON)

    assert email is not None
    text = email.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Faites votre chèque" in text
    assert "Interac" not in text


@pytest.mark.parametrize("method", ["gold", "paypal", "credit", "card", "bank_transfer"])
def test_method_that_is_not_offered_is_refused(french: Browser, address: Address, method: str) -> None:
    service = address("hosting")
    fields = hidden_fields(review_of(french, service), "review")

    response = post(french, f"{service}/plan", **{**fields, "method": method})

    assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")
    assert db.session.scalars(select(Order).where(Order.service_id == service_in("hosting").id)).all() == []


def test_method_that_is_too_slow_is_refused_and_the_review_shown_again(
    app: Flask, french: Browser, address: Address
) -> None:
    service = address("hosting")
    move_days(app, 5)
    fields = hidden_fields(review_of(french, service), "review")

    response = post(french, f"{service}/plan", **{**fields, "method": "cheque"})

    assert (response.status_code, refusal_in(response.text)) == (409, "method_too_slow")
    assert methods_in(response.text) == ["demonstration", "interac"]


def test_refused_review_keeps_the_chosen_method(french: Browser, address: Address) -> None:
    service = address("hosting")
    fields = hidden_fields(review_of(french, service), "review")

    response = post(french, f"{service}/plan", **{**fields, "method": "cheque", "digest": "0-" + "0" * 32})

    assert (response.status_code, methods_in(response.text)[0]) == (409, "cheque")


@pytest.mark.parametrize("page", ["order", "invoice"])
def test_unpaid_change_offers_the_methods_that_still_arrive_in_time(
    app: Flask, french: Browser, address: Address, page: str
) -> None:
    order = confirm(french, address("hosting"), method="interac")
    path = f"/orders/{order.reference}" if page == "order" else f"/invoices/{number_of('hosting')}"
    assert order.expires_on == date(2022, 10, 24)
    assert offline_on(french, path) == ["Virement Interac"], "a cheque would arrive on October 27"

    move_days(app, 5)
    assert "Sinon, choisissez un autre mode" not in french.get(path).text
    move_days(app, 6)
    assert offline_on(french, path) == ["Virement Interac"], "the client may have sent it already"
    page = french.get(path).text
    assert "Sinon, choisissez un autre mode" in page
    assert "Virement Interac" not in page.partition('class="on-paper"')[2].partition("</section>")[0]


def test_change_that_was_to_be_paid_at_once_offers_no_cheque(french: Browser) -> None:
    assert offline_on(french, f"/orders/{reference_of('waiting-payment')}") == ["Virement Interac"]


def test_renewal_offers_every_method_until_it_is_paid(app: Flask, french: Browser) -> None:
    number = number_of("unpaid-renewal")
    invoice = invoice_by_number(number)
    assert isinstance(invoice, Invoice)
    set_time(app, NOON + timedelta(days=60))

    assert offline_on(french, f"/invoices/{number}") == ["Virement Interac", "Chèque"]


@pytest.fixture
def only_cheques(app: Flask) -> Iterator[None]:
    """A host without a payment provider, which takes nothing but cheques."""
    text = (ROOT / "demo" / "catalog.toml").read_text(encoding="utf-8")
    start, end = text.index("[payments.interac]"), text.index("[payments.cheque]")
    assert not load_catalog((text[:start] + text[end:]).encode(), NOON).errors
    providers = app.extensions["kajoom"].payments
    removed = dict(providers)
    providers.clear()
    yield
    providers.update(removed)


@pytest.mark.usefixtures("only_cheques")
def test_change_is_offered_for_the_due_date_where_no_method_is_fast_enough(
    app: Flask, french: Browser, address: Address
) -> None:
    service = address("hosting")
    assert methods_in(review_of(french, service)) == ["cheque"]

    move_days(app, 5)
    assert "Aucun de nos modes de paiement" in html.unescape(french.get(f"{service}/plan?{QUERY}").text)
    assert "Aucun de nos modes" not in html.unescape(french.get(f"{service}/plan?plan=base&cycle=monthly").text)
    page = review_of(french, service)

    assert "Aucun de nos modes de paiement n’arriverait à temps" in page
    assert 'method="post" action="/services' not in page.partition('id="review"')[2].partition("</section>")[0]
    link = re.search(r'id="schedule" href="([^"]+)"', page)
    assert link is not None
    scheduled = french.get(link[1])
    assert value_of(scheduled.text, "due-today") == "0.00"
    assert value_of(scheduled.text, "effective-on") == DUE.isoformat()


@pytest.mark.usefixtures("only_cheques")
def test_confirmation_is_refused_where_no_method_is_fast_enough(app: Flask, french: Browser, address: Address) -> None:
    row, on = service_in("hosting"), NOON.date() + timedelta(days=5)
    snapshot = service_snapshot_of(row.client_id, row.id, on)
    assert snapshot is not None
    digest = quote_change(snapshot, Choice("b", BillingCycle.MONTHLY, When.NOW)).digest
    move_days(app, 5)

    fields = {"plan": "b", "cycle": "monthly", "when": "now", "digest": digest, "key": "k" * 32}
    response = post(french, f"{address('hosting')}/plan", **fields)

    assert (response.status_code, refusal_in(response.text)) == (409, "method_too_slow")
