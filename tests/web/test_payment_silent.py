"""PayPal does not answer: pages prepare the payment, offer the approval once it is known, and other ways in the end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.models.db import db
from kajoom.models.payment import Attempt
from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser, set_time
from tests.operations.ledger_checks import nothing_written, rows
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, order_status
from tests.web.pages import post, refusal_in
from tests.web.paypal_payer import confirm_plan_b, last_order, order_to_approve, with_paypal
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

__all__ = ["fake", "paypal", "paypal_client", "with_paypal"]

PREPARING = "Nous préparons votre paiement PayPal…"
LATE = "PayPal ne répond pas pour le moment. Rien n’a été débité."
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
Silence = Callable[[bool], None]


@pytest.fixture
def silence(with_paypal: Flask) -> Silence:
    """Makes the circuit breaker know that PayPal does not answer, or that it does."""
    breaker = with_paypal.extensions["kajoom"].breakers.setdefault("paypal", CircuitBreaker())

    def set_silent(is_silent: bool) -> None:
        breaker.record(answered=not is_silent)

    return set_silent


def pay_silent_paypal(browser: Browser, silence: Silence, service: str) -> str:
    """Confirm plan B while PayPal does not answer; the path of the order."""
    silence(True)
    response = confirm_plan_b(browser, service)
    assert response.location == f"/orders/{last_order().reference}"
    return str(response.location)


def polled(page: str) -> str:
    """The address that a page polls, empty when it polls none."""
    address = re.search(r'data-hx-get="([^"]*)"\s+data-poll="', page)
    return address[1].replace("&amp;", "&") if address is not None else ""


def work(app: Flask, at: datetime) -> None:
    """A worker handles what is due."""
    db.session.rollback()
    drain(app.extensions["kajoom"], at)


def test_confirmation_shows_that_the_payment_is_prepared(
    french: Browser, silence: Silence, fake: FakePayPal, address: Address
) -> None:
    page = french.get(pay_silent_paypal(french, silence, address("hosting"))).text
    assert PREPARING in page
    assert 'data-poll="2"' in page
    assert "Actualiser" in page
    assert 'name="method"' not in page
    assert 'name="verify"' not in page
    assert "Montant à envoyer" not in page, "no other way is offered meanwhile"
    assert not fake.api.requests


def test_button_appears_once_the_worker_knows_the_approval_link(
    french: Browser, silence: Silence, with_paypal: Flask, fake: FakePayPal, address: Address
) -> None:
    order = pay_silent_paypal(french, silence, address("hosting"))
    poll = polled(french.get(order).text)
    assert french.fragment(poll).status_code == 204
    work(with_paypal, NOON + 6 * SECOND)

    fragment = french.fragment(poll)
    assert "Continuer avec PayPal" in fragment.text
    assert "Votre paiement attend votre approbation chez PayPal." in fragment.text
    assert "HX-Redirect" not in fragment.headers
    assert not polled(fragment.text)
    assert PREPARING not in french.get(order).text

    response = post(french, f"{order}/payment", method="paypal")
    assert response.location == f"{fake.address}/checkoutnow?token={order_to_approve(fake)}"
    assert len(fake.ledger.orders) == 1


def test_page_offers_to_try_again_or_another_way_after_two_minutes(
    french: Browser, silence: Silence, with_paypal: Flask, address: Address
) -> None:
    order = pay_silent_paypal(french, silence, address("hosting"))
    poll = polled(french.get(order).text)
    set_time(with_paypal, NOON + 2 * MINUTE - SECOND)
    assert french.fragment(poll).status_code == 204
    set_time(with_paypal, NOON + 2 * MINUTE)
    page = french.fragment(poll).text
    assert LATE in page
    assert "Vous pouvez réessayer ou payer d’une autre façon." in page
    assert "Réessayer avec PayPal" in page
    assert "Montant à envoyer" in page
    assert 'data-poll="10"' in page


def test_retry_goes_on_with_the_same_order_at_paypal(
    french: Browser, silence: Silence, with_paypal: Flask, fake: FakePayPal, address: Address
) -> None:
    order = pay_silent_paypal(french, silence, address("hosting"))
    set_time(with_paypal, NOON + 2 * MINUTE)
    again = post(french, f"{order}/payment", method="paypal")
    assert (again.status_code, refusal_in(again.text)) == (409, "payment_pending")
    assert LATE in again.text
    silence(False)
    assert post(french, f"{order}/payment", method="paypal").location.startswith(fake.address)
    assert len(rows(Attempt)) - len([each for each in rows(Attempt) if each.provider != "paypal"]) == 1


def test_other_way_abandons_the_payment_at_a_silent_paypal(
    french: Browser, silence: Silence, with_paypal: Flask, fake: FakePayPal, address: Address
) -> None:
    order = pay_silent_paypal(french, silence, address("hosting"))
    assert post(french, f"{order}/payment", method="demonstration").status_code == 303
    assert order_status(last_order().reference) == "awaiting_provisioning"
    silence(False)
    work(with_paypal, NOON + 5 * MINUTE)
    assert not fake.ledger.captures


def test_credit_pays_instead_of_a_silent_paypal(
    french: Browser, silence: Silence, with_paypal: Flask, fake: FakePayPal, address: Address
) -> None:
    order = pay_silent_paypal(french, silence, address("hosting"))
    grant_credit("fr@example.com", "100.00", "Panne", NOON)
    set_time(with_paypal, NOON + 2 * MINUTE)
    page = french.get(order).text
    assert 'name="method" value="credit"' in page
    assert post(french, f"{order}/payment", method="credit").status_code == 303
    assert order_status(last_order().reference) == "awaiting_provisioning"
    silence(False)
    work(with_paypal, NOON + 5 * MINUTE)
    assert not fake.ledger.captures


def test_change_can_be_cancelled_while_paypal_is_silent(french: Browser, silence: Silence, address: Address) -> None:
    order = pay_silent_paypal(french, silence, address("hosting"))
    assert post(french, f"{order}/cancel").status_code == 303
    assert order_status(last_order().reference) == "cancelled"


@pytest.mark.usefixtures("with_paypal")
def test_invoice_is_prepared_and_polled_too(
    french: Browser, silence: Silence, with_paypal: Flask, fake: FakePayPal
) -> None:
    silence(True)
    invoice = f"/invoices/{number_of('unpaid-renewal')}"
    page = french.get(post(french, f"{invoice}/payment", method="paypal").location).text
    assert PREPARING in page
    poll = polled(page)
    with nothing_written():
        assert french.fragment(poll).status_code == 204
    work(with_paypal, NOON + 6 * SECOND)
    assert "Continuer avec PayPal" in french.fragment(poll).text
    assert len(fake.ledger.orders) == 1


@pytest.mark.slow
def test_silent_paypal_is_waited_for_three_seconds_by_one_client_and_not_by_the_next(
    french: Browser, with_paypal: Flask, fake: FakePayPal, address: Address
) -> None:
    fake.faults.plan(Fault.SLOW_BEFORE, "token")
    start = time.monotonic()
    order = confirm_plan_b(french, address("hosting")).location
    assert 2.5 <= time.monotonic() - start < 5
    assert PREPARING in french.get(order).text
    start = time.monotonic()
    post(french, f"/invoices/{number_of('unpaid-renewal')}/payment", method="paypal")
    assert time.monotonic() - start < 2
    fake.faults.released.set()


def test_return_while_paypal_is_silent_offers_another_way_without_capturing(
    french: Browser, silence: Silence, with_paypal: Flask, fake: FakePayPal, address: Address
) -> None:
    order = confirm_plan_b(french, address("hosting")).location and f"/orders/{last_order().reference}"
    fake.ledger.approve(order_to_approve(fake))
    silence(True)
    set_time(with_paypal, NOON + 3 * MINUTE)
    post(french, f"{order}/payment", verify="1")
    page = french.get(order).text
    assert LATE in page
    silence(False)
    work(with_paypal, NOON + 4 * MINUTE)
    assert order_status(last_order().reference) != "awaiting_payment"
    assert len(fake.ledger.captures) == 1
