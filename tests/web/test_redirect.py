"""Paying at PayPal: led there, back again, and nothing taken but once and by our own asking."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from kajoom.domain.order import OrderStatus
from kajoom.models.payment import Attempt
from tests.conftest import Browser
from tests.operations.ledger_checks import nothing_written, rows
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal
from tests.web.conftest import NOON, Address
from tests.web.paypal_payer import FIELD, awaited, begun, confirmed, newest, offered, path_of, posted, status_of
from tests.worker_runs import drain

__all__ = ["fake", "offered", "paypal", "paypal_client"]


@pytest.mark.usefixtures("offered")
def test_confirming_leads_to_paypal(french: Browser, fake: FakePayPal, address: Address) -> None:
    result = confirmed(french, address("hosting"))
    assert (result.status_code, result.location) == (303, f"{fake.address}/checkoutnow?token={awaited(fake)}")
    back = fake.ledger.experience_contexts[awaited(fake)]["return_url"]
    assert back == f"http://localhost/orders/{newest().reference}/payment/return"


@pytest.mark.usefixtures("offered")
def test_confirming_with_htmx_leads_to_paypal_too(french: Browser, fake: FakePayPal, address: Address) -> None:
    result = confirmed(french, address("hosting"), headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    leads = result.headers["HX-Redirect"]
    assert (result.status_code, result.text, leads) == (200, "", f"{fake.address}/checkoutnow?token={awaited(fake)}")


@pytest.mark.usefixtures("offered")
def test_confirming_twice_makes_one_order_here_and_there(french: Browser, fake: FakePayPal, address: Address) -> None:
    review = french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly").text
    fields = dict(FIELD.findall(review[review.index('name="digest"') - 2000 :]))
    for _ in range(2):
        assert french.post(f"{address('hosting')}/plan", data=fields).status_code == 303
    assert len(fake.ledger.orders) == len([each for each in rows(Attempt) if each.provider == "paypal"]) == 1


def test_coming_back_only_looks_and_its_form_finishes(
    french: Browser, fake: FakePayPal, offered: Flask, address: Address
) -> None:
    order = begun(french, address("hosting"))
    back = path_of(fake.ledger.approve(awaited(fake)))

    with nothing_written():
        page = french.get(back)
    assert not fake.ledger.captures
    assert "Votre paiement est en cours de vérification." in page.text
    assert 'data-hx-trigger="load"' in page.text
    assert '<input type="hidden" name="verify" value="1">' in page.text

    result = posted(french, f"/orders/{order}/payment", verify="1")
    assert (result.status_code, result.location) == (303, f"/orders/{order}")
    assert status_of(order) == "awaiting_provisioning"
    drain(offered.extensions["kajoom"], NOON)
    assert status_of(order) == "completed"
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"41.72"}


@pytest.mark.usefixtures("offered")
def test_coming_back_twice_takes_the_money_once(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = begun(french, address("hosting"))
    back = path_of(fake.ledger.approve(awaited(fake)))
    posted(french, f"/orders/{order}/payment", verify="1")
    with nothing_written():
        page = french.get(back)
        assert posted(french, f"/orders/{order}/payment", verify="1").status_code == 303
    assert 'name="verify"' not in page.text
    assert len(fake.ledger.captures) == 1


@pytest.mark.usefixtures("offered")
def test_who_comes_back_without_approving_is_led_back_only_by_asking(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = begun(french, address("hosting"))
    result = posted(french, f"/orders/{order}/payment", verify="1")
    assert result.location == f"/orders/{order}"
    page = french.get(result.location)
    assert "Continuer avec PayPal" in page.text
    assert "data-refusal" not in page.text

    again = posted(french, f"/orders/{order}/payment", method="paypal")
    assert again.location == f"{fake.address}/checkoutnow?token={awaited(fake)}"
    assert len(fake.ledger.orders) == 1


@pytest.mark.usefixtures("offered")
def test_who_leaves_paypal_is_told_that_nothing_was_charged(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    begun(french, address("hosting"))
    with nothing_written():
        page = french.get(path_of(fake.ledger.experience_contexts[awaited(fake)]["cancel_url"]))
    assert "Rien n’a été débité" in page.text
    assert 'data-hx-trigger="load"' not in page.text


@pytest.mark.usefixtures("offered")
def test_another_method_may_be_chosen_and_the_first_takes_nothing(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    order = begun(french, address("hosting"))
    left_open = awaited(fake)
    assert posted(french, f"/orders/{order}/payment", method="demonstration").status_code == 303
    assert status_of(order) == "awaiting_provisioning"

    fake.ledger.approve(left_open)
    assert posted(french, f"/orders/{order}/payment", verify="1").status_code == 303
    assert not fake.ledger.captures


@pytest.mark.parametrize("approves", [False, True])
def test_cancelling_gives_the_payment_up_and_nothing_is_taken(
    french: Browser, fake: FakePayPal, offered: Flask, address: Address, approves: bool
) -> None:
    order = begun(french, address("hosting"))
    left_open = awaited(fake)
    if approves:
        fake.ledger.approve(left_open)
    assert posted(french, f"/orders/{order}/cancel").status_code == 303
    assert status_of(order) == "cancelled"
    if not approves:
        fake.ledger.approve(left_open)
    drain(offered.extensions["kajoom"], NOON)
    assert not fake.ledger.captures


@pytest.mark.usefixtures("offered")
def test_cancelling_what_was_paid_meanwhile_is_too_late(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = begun(french, address("hosting"))
    waiting = awaited(fake)
    fake.ledger.approve(waiting)
    fake.ledger.capture(waiting)  # by another process, whose answer was lost
    result = posted(french, f"/orders/{order}/cancel")
    assert result.status_code == 409
    assert 'data-refusal="too_late"' in result.text
    assert status_of(order) == "awaiting_provisioning"


@pytest.mark.usefixtures("offered")
def test_cancelling_while_paypal_is_away_waits(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = begun(french, address("hosting"))
    fake.faults.plan(Fault.CUT_BEFORE, "GET")
    result = posted(french, f"/orders/{order}/cancel")
    assert (result.status_code, status_of(order)) == (409, "awaiting_payment")
    assert 'data-refusal="payment_pending"' in result.text


@pytest.mark.usefixtures("offered")
def test_a_card_declined_at_paypal_can_be_replaced_there(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = begun(french, address("hosting"))
    waiting = awaited(fake)
    fake.ledger.approve(waiting)
    fake.ledger.declines.append("INSTRUMENT_DECLINED")

    page = posted(french, f"/orders/{order}/payment", verify="1")
    assert page.status_code == 402
    assert "Continuer avec PayPal" in page.text

    fake.ledger.approve(waiting)
    posted(french, f"/orders/{order}/payment", verify="1")
    assert status_of(order) == "awaiting_provisioning"
    assert len(fake.ledger.captures) == 1


@pytest.mark.usefixtures("offered")
def test_paypal_away_while_confirming_is_said_and_found_later(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    fake.faults.plan(Fault.CUT_AFTER, "POST /v2")
    result = confirmed(french, address("hosting"))
    assert result.location == f"/orders/{newest().reference}"
    assert 'data-refusal="payment_pending"' in french.get(result.location).text

    posted(french, result.location + "/payment", verify="1")
    assert "Continuer avec PayPal" in french.get(result.location).text
    assert len(fake.ledger.orders) == 1


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize("left", ["", "?cancelled=1"])
def test_a_stranger_finds_no_way_back(english: Browser, french: Browser, address: Address, left: str) -> None:
    order = begun(french, address("hosting"))
    assert english.get(f"/orders/{order}/payment/return{left}").status_code == 404
    assert posted(english, f"/orders/{order}/payment", verify="1").status_code == 404


def test_without_paypal_it_is_not_offered_and_nothing_breaks(french: Browser, address: Address) -> None:
    result = confirmed(french, address("hosting"))
    assert result.location == f"/orders/{newest().reference}"
    assert newest().status is OrderStatus.AWAITING_PROVISIONING
    assert posted(french, f"{result.location}/payment", method="paypal").status_code == 303


@pytest.mark.usefixtures("offered")
def test_an_invoice_is_paid_at_paypal_and_leads_back_to_the_choice_it_hindered(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    service = address("unpaid-renewal")
    number = next(iter(re.findall(r"/invoices/([\w-]+)", french.get(service).text)))
    choice = f"{service}/plan?plan=b"
    led = posted(french, f"/invoices/{number}/payment", method="paypal", next=choice)
    assert led.location == f"{fake.address}/checkoutnow?token={awaited(fake)}"

    back = path_of(fake.ledger.approve(awaited(fake)))
    with nothing_written():
        page = french.get(back)
    assert 'data-hx-trigger="load"' in page.text
    fields = dict(FIELD.findall(page.text[page.text.index("</header>") :]))
    assert fields["next"] == choice

    paid = french.post(f"/invoices/{number}/payment", data=fields)
    assert (paid.status_code, paid.location) == (303, choice)
    assert len(fake.ledger.captures) == 1


@pytest.mark.usefixtures("offered")
def test_an_approval_left_too_long_may_be_begun_again(french: Browser, fake: FakePayPal, address: Address) -> None:
    order = begun(french, address("hosting"))
    fake.ledger.expire(awaited(fake))
    page = french.get(posted(french, f"/orders/{order}/payment", verify="1").location)
    assert "data-refusal" not in page.text

    led = posted(french, f"/orders/{order}/payment", method="paypal")
    assert led.location == f"{fake.address}/checkoutnow?token={awaited(fake)}"
