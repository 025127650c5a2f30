"""Paying at PayPal: the client is redirected there and back, and the money is captured once, by our own request."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from kajoom.domain.order import OrderStatus
from kajoom.models.payment import Attempt
from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser
from tests.operations.ledger_checks import nothing_written, rows
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, order_status, record_received
from tests.web.pages import hidden_fields, post, refusal_in
from tests.web.paypal_payer import (
    confirm_plan_b,
    last_order,
    order_to_approve,
    path_of,
    review_of_plan_b,
    start_payment,
    with_paypal,
)
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

__all__ = ["fake", "paypal", "paypal_client", "with_paypal"]

# --- redirection to PayPal ---


@pytest.mark.usefixtures("with_paypal")
def test_confirmation_redirects_to_paypal(french: Browser, fake: FakePayPal, address: Address) -> None:
    response = confirm_plan_b(french, address("hosting"))
    approve_url = f"{fake.address}/checkoutnow?token={order_to_approve(fake)}"
    assert (response.status_code, response.location) == (303, approve_url)
    return_url = fake.ledger.experience_contexts[order_to_approve(fake)]["return_url"]
    assert return_url == f"http://localhost/orders/{last_order().reference}/payment/return"


@pytest.mark.usefixtures("with_paypal")
def test_confirmation_from_a_panel_redirects_the_whole_page(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    response = confirm_plan_b(french, address("hosting"), fragment=True)
    approve_url = f"{fake.address}/checkoutnow?token={order_to_approve(fake)}"
    assert (response.status_code, response.text, response.headers["HX-Redirect"]) == (200, "", approve_url)


@pytest.mark.usefixtures("with_paypal")
def test_same_confirmation_twice_makes_one_order_at_paypal(french: Browser, fake: FakePayPal, address: Address) -> None:
    fields = hidden_fields(review_of_plan_b(french, address("hosting")), "review")
    for _ in range(2):
        assert post(french, f"{address('hosting')}/plan", **fields).status_code == 303
    assert len(fake.ledger.orders) == len([each for each in rows(Attempt) if each.provider == "paypal"]) == 1


def test_paypal_that_is_not_configured_is_not_offered(french: Browser, address: Address) -> None:
    response = confirm_plan_b(french, address("hosting"))
    assert response.location == f"/orders/{last_order().reference}"
    assert last_order().status is OrderStatus.AWAITING_PROVISIONING
    assert post(french, f"{response.location}/payment", method="paypal").status_code == 303


# --- return from PayPal ---


def test_return_only_shows_the_order_and_its_form_captures_the_money(
    french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    return_path = path_of(fake.ledger.approve(order_to_approve(fake)))

    with nothing_written():
        page = french.get(return_path)
    assert not fake.ledger.captures
    assert "Votre paiement est en cours de vérification." in page.text
    assert 'data-hx-trigger="load"' in page.text
    assert '<input type="hidden" name="verify" value="1">' in page.text

    response = post(french, f"/orders/{order}/payment", verify="1")
    assert (response.status_code, response.location) == (303, f"/orders/{order}")
    assert order_status(order) == "awaiting_provisioning"
    drain(with_paypal.extensions["kajoom"], NOON)
    assert order_status(order) == "completed"
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"41.72"}


@pytest.mark.usefixtures("with_paypal")
def test_second_return_captures_nothing_more(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = start_payment(french, address("hosting"))
    return_path = path_of(fake.ledger.approve(order_to_approve(fake)))
    post(french, f"/orders/{order}/payment", verify="1")
    with nothing_written():
        page = french.get(return_path)
        assert post(french, f"/orders/{order}/payment", verify="1").status_code == 303
    assert 'name="verify"' not in page.text
    assert len(fake.ledger.captures) == 1


@pytest.mark.usefixtures("with_paypal")
def test_client_who_has_not_approved_can_continue_the_same_payment(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    response = post(french, f"/orders/{order}/payment", verify="1")
    assert response.location == f"/orders/{order}"
    page = french.get(response.location)
    assert "Continuer avec PayPal" in page.text
    assert refusal_in(page.text) is None

    again = post(french, f"/orders/{order}/payment", method="paypal")
    assert again.location == f"{fake.address}/checkoutnow?token={order_to_approve(fake)}"
    assert len(fake.ledger.orders) == 1


@pytest.mark.usefixtures("with_paypal")
def test_client_who_leaves_paypal_is_told_that_nothing_was_charged(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    start_payment(french, address("hosting"))
    with nothing_written():
        page = french.get(path_of(fake.ledger.experience_contexts[order_to_approve(fake)]["cancel_url"]))
    assert "Rien n’a été débité" in page.text
    assert 'data-hx-trigger="load"' not in page.text


@pytest.mark.usefixtures("with_paypal")
@pytest.mark.parametrize("query", ["", "?cancelled=1"])
def test_stranger_can_neither_return_nor_capture(
    english: Browser, french: Browser, fake: FakePayPal, address: Address, query: str
) -> None:
    order = start_payment(french, address("hosting"))
    fake.ledger.approve(order_to_approve(fake))
    assert english.get(f"/orders/{order}/payment/return{query}").status_code == 404
    assert post(english, f"/orders/{order}/payment", verify="1").status_code == 404
    assert not fake.ledger.captures


@pytest.mark.usefixtures("with_paypal")
def test_invoice_is_paid_at_paypal_and_leads_back_to_the_choice_it_blocked(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    number, choice = number_of("unpaid-renewal"), f"{address('unpaid-renewal')}/plan?plan=b"
    response = post(french, f"/invoices/{number}/payment", method="paypal", next=choice)
    assert response.location == f"{fake.address}/checkoutnow?token={order_to_approve(fake)}"

    with nothing_written():
        page = french.get(path_of(fake.ledger.approve(order_to_approve(fake))))
    assert 'data-hx-trigger="load"' in page.text
    fields = hidden_fields(page.text, "invoice")
    assert fields == {"next": choice, "verify": "1"}

    response = post(french, f"/invoices/{number}/payment", **fields)
    assert (response.status_code, response.location) == (303, choice)
    assert len(fake.ledger.captures) == 1


# --- giving up and starting again ---


@pytest.mark.usefixtures("with_paypal")
def test_payment_by_another_method_captures_nothing_at_paypal(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    abandoned = order_to_approve(fake)
    assert post(french, f"/orders/{order}/payment", method="demonstration").status_code == 303
    assert order_status(order) == "awaiting_provisioning"

    fake.ledger.approve(abandoned)
    assert post(french, f"/orders/{order}/payment", verify="1").status_code == 303
    assert not fake.ledger.captures


@pytest.mark.slow
@pytest.mark.parametrize("approves_first", [False, True])
def test_cancelled_order_captures_nothing(
    french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address, approves_first: bool
) -> None:
    order = start_payment(french, address("hosting"))
    abandoned = order_to_approve(fake)
    if approves_first:
        fake.ledger.approve(abandoned)
    assert post(french, f"/orders/{order}/cancel").status_code == 303
    assert order_status(order) == "cancelled"
    if not approves_first:
        fake.ledger.approve(abandoned)
    drain(with_paypal.extensions["kajoom"], NOON)
    assert not fake.ledger.captures


@pytest.mark.usefixtures("with_paypal")
def test_order_whose_money_was_captured_meanwhile_cannot_be_cancelled(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    approved = order_to_approve(fake)
    fake.ledger.approve(approved)
    fake.ledger.capture(approved)  # by another process, whose response was lost
    response = post(french, f"/orders/{order}/cancel")
    assert (response.status_code, refusal_in(response.text)) == (409, "too_late")
    assert order_status(order) == "awaiting_provisioning"


@pytest.mark.slow
@pytest.mark.usefixtures("with_paypal")
def test_order_whose_capture_was_requested_is_not_cancelled_while_paypal_does_not_answer(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    fake.ledger.approve(order_to_approve(fake))
    fake.faults.plan(Fault.CUT_BEFORE, "/capture")
    post(french, f"/orders/{order}/payment", verify="1")
    fake.faults.plan(Fault.CUT_BEFORE, "GET")
    response = post(french, f"/orders/{order}/cancel")
    assert (response.status_code, refusal_in(response.text)) == (409, "payment_pending")
    assert order_status(order) == "awaiting_payment"


def test_order_whose_capture_was_not_requested_is_cancelled_while_paypal_does_not_answer(
    french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    order, paypal_order = start_payment(french, address("hosting")), order_to_approve(fake)
    fake.faults.plan(Fault.CUT_BEFORE, "GET")
    assert post(french, f"/orders/{order}/cancel").status_code == 303
    assert order_status(order) == "cancelled"
    fake.ledger.approve(paypal_order)
    drain(with_paypal.extensions["kajoom"], NOON + timedelta(minutes=2))
    assert not fake.ledger.captures


@pytest.mark.usefixtures("with_paypal")
def test_declined_card_can_be_replaced_at_paypal(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = start_payment(french, address("hosting"))
    paypal_order = order_to_approve(fake)
    fake.ledger.approve(paypal_order)
    fake.ledger.declines.append("INSTRUMENT_DECLINED")

    page = post(french, f"/orders/{order}/payment", verify="1")
    assert (page.status_code, refusal_in(page.text)) == (402, "payment_refused")
    assert "Continuer avec PayPal" in page.text

    fake.ledger.approve(paypal_order)
    post(french, f"/orders/{order}/payment", verify="1")
    assert order_status(order) == "awaiting_provisioning"
    assert len(fake.ledger.captures) == 1


@pytest.mark.usefixtures("with_paypal")
def test_expired_approval_can_be_started_again(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = start_payment(french, address("hosting"))
    fake.ledger.expire(order_to_approve(fake))
    page = french.get(post(french, f"/orders/{order}/payment", verify="1").location)
    assert refusal_in(page.text) is None

    response = post(french, f"/orders/{order}/payment", method="paypal")
    assert response.location == f"{fake.address}/checkoutnow?token={order_to_approve(fake)}"


@pytest.mark.usefixtures("with_paypal")
def test_lost_response_while_confirming_is_shown_and_looked_up_later(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    fake.faults.plan(Fault.CUT_AFTER, "POST /v2")
    response = confirm_plan_b(french, address("hosting"))
    assert response.location == f"/orders/{last_order().reference}"
    assert refusal_in(french.get(response.location).text) == "payment_pending"

    post(french, response.location + "/payment", verify="1")
    assert "Continuer avec PayPal" in french.get(response.location).text
    assert len(fake.ledger.orders) == 1


# --- the invoice changed while the approval was open ---


@pytest.mark.usefixtures("with_paypal")
def test_amount_received_meanwhile_lowers_what_is_asked_at_paypal(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order, first = start_payment(french, address("hosting")), order_to_approve(fake)
    record_received(number_of("hosting"), "20.00")
    page = french.get(f"/orders/{order}").text
    assert "Le montant à payer a changé" in page
    assert "Continuer avec PayPal" not in page
    assert "Payer 21,72\xa0$ avec PayPal" in page

    response = post(french, f"/orders/{order}/payment", method="paypal")
    [second] = fake.ledger.orders.keys() - {first}
    assert response.location == f"{fake.address}/checkoutnow?token={second}"
    assert fake.ledger.orders[second]["purchase_units"][0]["amount"]["value"] == "21.72"
    post(french, path_of(fake.ledger.approve(second)).replace("/return", ""), verify="1")
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"21.72"}
    assert order_status(order) == "awaiting_provisioning"


@pytest.mark.usefixtures("with_paypal")
def test_credit_pays_the_balance_of_an_approval_that_is_not_used(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    record_received(number_of("hosting"), "20.00")
    grant_credit("fr@example.com", "100.00", "Panne", NOON)
    assert 'name="method" value="credit"' in french.get(f"/orders/{order}").text
    assert post(french, f"/orders/{order}/payment", method="credit").status_code == 303
    assert order_status(order) == "awaiting_provisioning"
    fake.ledger.approve(order_to_approve(fake))
    post(french, f"/orders/{order}/payment", verify="1")
    assert not fake.ledger.captures


@pytest.mark.usefixtures("with_paypal")
@pytest.mark.parametrize("kind", ["orders", "invoices"])
def test_approval_set_aside_because_the_amount_changed_is_explained_with_the_balance(
    french: Browser, fake: FakePayPal, address: Address, kind: str
) -> None:
    order = start_payment(french, address("hosting"))
    page_url = f"/{kind}/{order if kind == 'orders' else number_of('hosting')}"
    record_received(number_of("hosting"), "20.00")
    fake.ledger.approve(order_to_approve(fake))

    response = post(french, f"{page_url}/payment", verify="1")

    page = french.get(response.location).text
    assert 'id="unused-payment"' in page
    assert "le paiement de 41,72\xa0$ commencé chez PayPal ne sera pas utilisé et rien n’a été débité." in page
    assert "Il reste 21,72\xa0$ à payer." in page
    assert refusal_in(page) is None
    assert 'value="21.72"' in page
    assert not fake.ledger.captures


@pytest.mark.usefixtures("with_paypal")
def test_return_after_the_invoice_was_paid_otherwise_takes_nothing(
    french: Browser, fake: FakePayPal, with_paypal: Flask, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    record_received(number_of("hosting"), "41.72")
    return_path = path_of(fake.ledger.approve(order_to_approve(fake)))

    with nothing_written():
        page = french.get(return_path).text
    assert "Il n’y a plus rien à payer" in page
    assert 'name="verify"' not in page
    post(french, f"/orders/{order}/payment", verify="1")
    drain(with_paypal.extensions["kajoom"], NOON)
    assert not fake.ledger.captures


@pytest.mark.usefixtures("with_paypal")
@pytest.mark.parametrize("approves", [True, False])
def test_return_after_the_order_was_cancelled_says_that_nothing_was_charged_and_offers_the_plans(
    french: Browser, fake: FakePayPal, address: Address, approves: bool
) -> None:
    order, paypal_order = start_payment(french, address("hosting")), order_to_approve(fake)
    post(french, f"/orders/{order}/cancel")
    fake.ledger.approve(paypal_order)
    context = fake.ledger.experience_contexts[paypal_order]
    page = french.get(path_of(context["return_url" if approves else "cancel_url"])).text
    assert "Il n’y a plus rien à payer" in page
    assert "rien n’a été débité" in page
    assert f'href="{address("hosting")}/plan"' in page
    assert not fake.ledger.captures
