"""Paying from an order's page or an invoice's: as a page, a fragment, a refusal, for a stranger; credit; offline."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.client import client_by_email
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.payment import Attempt
from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, order_status, record_received, reference_of
from tests.web.pages import hidden_fields, post, post_fragment, refusal_in, value_of

SetBehaviour = Callable[[Behaviour], None]


@pytest.fixture(params=["order", "invoice"])
def payable(request: pytest.FixtureRequest, app: Flask) -> str:
    """The page of an unpaid order, and that of its invoice."""
    if request.param == "order":
        return f"/orders/{reference_of('waiting-payment')}"
    return f"/invoices/{number_of('waiting-payment')}"


@pytest.fixture
def set_behaviour(app: Flask) -> SetBehaviour:
    """Sets how the demonstration's provider handles the next payment."""

    def set_next(behaviour: Behaviour) -> None:
        app.extensions["kajoom"].demo_store.set_behaviour(DemoSystem.PAYMENT, behaviour, once=True)

    return set_next


def change_status() -> str:
    """The status of the order that the payable pages are about."""
    return order_status(reference_of("waiting-payment"))


def count_attempts() -> int:
    """How many payments were attempted."""
    return db.session.scalar(select(func.count()).select_from(Attempt)) or 0


# --- paying ---


def test_payment_redirects_to_the_page_it_was_made_on(french: Browser, payable: str) -> None:
    response = post(french, f"{payable}/payment", method="demonstration")
    assert (response.status_code, response.location) == (303, payable)
    assert change_status() == "awaiting_provisioning"
    assert 'action="/invoices' not in french.get(payable).text


def test_payment_from_the_orders_panel_shows_the_order_in_it(french: Browser) -> None:
    path = f"/orders/{reference_of('waiting-payment')}"
    response = post_fragment(french, f"{path}/payment", method="demonstration")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert 'data-status="awaiting_provisioning"' in response.text
    assert response.headers["HX-Push-Url"] == path


def test_payment_from_the_invoice_with_htmx_opens_its_page(french: Browser) -> None:
    path = f"/invoices/{number_of('waiting-payment')}"
    response = post_fragment(french, f"{path}/payment", method="demonstration")
    assert (response.status_code, response.text, response.headers["HX-Redirect"]) == (200, "", path)


def test_invoice_paid_from_another_page_leads_back_to_it(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    choice = "/services/6/plan?plan=b"
    response = post(french, f"/invoices/{number}/payment", method="demonstration", next=choice)
    assert (response.status_code, response.location) == (303, choice)
    assert value_of(french.get(f"/invoices/{number}").text, "balance") == "0.00"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_payment_leads_to_no_other_site(french: Browser, address: str) -> None:
    path = f"/invoices/{number_of('unpaid-renewal')}"
    response = post(french, f"{path}/payment", method="demonstration", next=address)
    assert response.location == path


def test_second_payment_is_not_charged(french: Browser, payable: str) -> None:
    post(french, f"{payable}/payment", method="demonstration")
    with nothing_written():
        response = post(french, f"{payable}/payment", method="demonstration")
    assert (response.status_code, response.location) == (303, payable)


# --- refusals ---


@pytest.mark.parametrize("method", ["interac", "", "gold", "paypal"])
def test_method_that_no_provider_offers_is_refused(french: Browser, payable: str, method: str) -> None:
    for send in (post, post_fragment):
        with nothing_written():
            response = send(french, f"{payable}/payment", method=method)
        assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "demonstration", "saved": "x"},
        {"method": "demonstration", "saved": "1", "saves": "yes"},
        {"method": ["demonstration", "demonstration"]},
    ],
)
def test_payment_with_an_invalid_field_is_refused(
    french: Browser, payable: str, fields: dict[str, str | list[str]]
) -> None:
    data = {"csrf_token": french.token("/services"), **fields}
    with nothing_written():
        page = french.post(f"{payable}/payment", data=data)
        fragment = french.fragment(f"{payable}/payment", method="POST", data=data)
    for response in (page, fragment):
        assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")


def test_declined_payment_is_shown_with_the_ways_to_go_on(
    french: Browser, payable: str, set_behaviour: SetBehaviour
) -> None:
    for send in (post, post_fragment):
        set_behaviour(Behaviour.REFUSE)
        response = send(french, f"{payable}/payment", method="demonstration")
        assert (response.status_code, refusal_in(response.text)) == (402, "payment_refused")
        assert f'action="{payable}/payment"' in response.text
    assert change_status() == "awaiting_payment"
    assert refusal_in(french.get(payable).text) == "payment_refused", "also when the page is opened again"


def test_payment_without_an_answer_is_looked_up_instead_of_paid_again(
    french: Browser, payable: str, set_behaviour: SetBehaviour
) -> None:
    set_behaviour(Behaviour.LOSE_AFTER)
    response = post(french, f"{payable}/payment", method="demonstration")
    page = french.get(response.location).text
    assert refusal_in(page) == "payment_pending"
    assert '<input type="hidden" name="verify" value="1">' in page
    assert 'name="method" value="demonstration"' not in page
    attempts = count_attempts()

    response = post(french, f"{payable}/payment", verify="1")
    assert (response.status_code, response.location) == (303, payable)
    assert change_status() == "awaiting_provisioning"
    assert count_attempts() == attempts


def test_payment_that_never_arrived_can_be_made_again(
    french: Browser, payable: str, set_behaviour: SetBehaviour
) -> None:
    set_behaviour(Behaviour.LOSE_BEFORE)
    post(french, f"{payable}/payment", method="demonstration")
    response = post(french, f"{payable}/payment", verify="1")
    assert (response.status_code, refusal_in(response.text)) == (402, "payment_refused")
    assert post(french, f"{payable}/payment", method="demonstration").status_code == 303
    assert change_status() == "awaiting_provisioning"


def test_verification_without_an_attempt_shows_the_page_again(french: Browser, payable: str) -> None:
    with nothing_written():
        response = post(french, f"{payable}/payment", verify="1")
    assert (response.status_code, response.location) == (303, payable)


def test_payment_without_a_csrf_token_is_refused(french: Browser, payable: str) -> None:
    with nothing_written():
        assert french.post(f"{payable}/payment", data={"method": "demonstration"}).status_code == 403


# --- strangers ---


@pytest.mark.parametrize("fields", [{"method": "demonstration"}, {"method": "credit"}, {"verify": "1"}])
def test_stranger_cannot_pay(english: Browser, client: Browser, payable: str, fields: dict[str, str]) -> None:
    with nothing_written():
        assert post(english, f"{payable}/payment", **fields).status_code == 404
        assert post_fragment(english, f"{payable}/payment", **fields).status_code == 404
        assert client.send(f"{payable}/payment", **fields).location.startswith("/login")


# --- account credit ---


def test_account_credit_pays_as_far_as_it_goes(french: Browser, payable: str) -> None:
    grant_credit("fr@example.com", "25.00", "Panne", NOON)
    assert "Utiliser 25,00\xa0$ de mon crédit au compte" in french.get(payable).text

    response = post(french, f"{payable}/payment", method="credit")

    assert (response.status_code, response.location) == (303, payable)
    assert value_of(french.get(f"/invoices/{number_of('waiting-payment')}").text, "credit-used") == "25.00"
    client = client_by_email("fr@example.com")
    assert client is not None
    assert not balance_of(client.id, "CAD")
    assert change_status() == "awaiting_payment"


def test_account_credit_that_covers_the_balance_pays_it(french: Browser, payable: str) -> None:
    grant_credit("fr@example.com", "100.00", "Panne", NOON)
    post(french, f"{payable}/payment", method="credit")
    assert change_status() == "awaiting_provisioning"


def test_account_credit_without_a_balance_is_refused(french: Browser, payable: str) -> None:
    assert "crédit au compte" not in french.get(payable).text.partition("go-row")[2]
    for send in (post, post_fragment):
        with nothing_written():
            response = send(french, f"{payable}/payment", method="credit")
        assert (response.status_code, refusal_in(response.text)) == (409, "too_late")


# --- offline ---


def confirm_annual_plan(browser: Browser, service: str) -> str:
    """The page of an order that was just confirmed, for plan C paid annually."""
    review = browser.get(f"{service}/plan/review?plan=c&cycle=annually").text
    response = post(browser, f"{service}/plan", **hidden_fields(review, "review"), acknowledged="yes")
    assert response.status_code == 303
    return response.location or ""


def test_change_of_a_service_paid_by_cheque_waits_with_the_instructions(english: Browser, address: Address) -> None:
    attempts = count_attempts()
    order = confirm_annual_plan(english, address("yearly", "en"))

    page = english.get(order).text

    assert 'data-status="awaiting_payment"' in page
    instructions = page.partition('class="column ways"')[2]
    assert "payable to Kajoom" in instructions.partition("</details>")[0]
    assert f'<dd class="num">{number_of("yearly", "en")}</dd>' in instructions
    assert count_attempts() == attempts, "nobody is charged who pays offline"


def test_client_who_pays_offline_may_pay_by_a_provider(english: Browser, address: Address) -> None:
    order = confirm_annual_plan(english, address("yearly", "en"))
    response = post(english, f"{order}/payment", method="demonstration")
    assert 'data-status="awaiting_provisioning"' in english.get(response.location).text


def test_usual_offline_method_comes_first_with_amount_and_reference(french: Browser) -> None:
    number = number_of("unpaid-renewal")  # by Interac
    page = french.get(f"/invoices/{number}").text
    instructions = page.partition('class="column ways"')[2]
    assert instructions.index("Virement Interac") < instructions.index("Chèque")
    assert instructions.partition("<details")[2].startswith(' class="way" open>')
    assert "paiements@example.com" in instructions
    assert f'<dd class="num">{number}</dd>' in instructions
    assert "Comment payer" in page


def test_client_who_pays_by_a_provider_may_pay_offline(french: Browser, payable: str) -> None:
    page = french.get(payable).text
    assert "Ou payer autrement" in page
    assert 'class="way" open' not in page
    assert "Payer " in page


def test_instructions_are_in_the_language_of_the_page(english: Browser) -> None:
    page = english.get(f"/invoices/{number_of('waiting-payment', 'en')}").text
    assert "payments@example.com" in page
    assert "paiements@example.com" not in page


def test_partial_payment_is_shown_on_the_order_and_on_its_service(french: Browser, address: Address) -> None:
    order = f"/orders/{reference_of('waiting-payment')}"
    total = value_of(french.get(order).text, "total")
    record_received(number_of("waiting-payment"), "10.00")
    balance = f"{float(total) - 10:.2f}"

    page = french.get(order).text
    assert value_of(page, "paid") == "10.00"
    assert re.search(rf'<data value="{balance}">[^<]* CAD</data>', page)
    assert balance.replace(".", ",") in french.get(address("waiting-payment")).text
