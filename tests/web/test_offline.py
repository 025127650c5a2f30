"""Whoever pays offline is never charged unasked: the order waits, with the amount, the reference and how to send it."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from kajoom.models.db import db
from kajoom.models.payment import Attempt
from tests.conftest import Browser
from tests.web.conftest import Address
from tests.web.test_invoice import number_of, received, sent


def confirmed(visitor: Browser, service: str, plan: str) -> TestResponse:
    """A change reviewed and confirmed as a browser does it: what the order's page shows."""
    review = visitor.get(f"{service}/plan/review?plan={plan}&cycle=annually").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', review.partition("<main")[2]))
    result = visitor.post(f"{service}/plan", data={**fields, "acknowledged": "on"})
    return visitor.get(result.location)


def test_a_change_of_a_service_paid_by_cheque_waits_with_the_instructions(english: Browser, address: Address) -> None:
    tries = db.session.query(Attempt).count()

    page = confirmed(english, address("yearly", "en"), "c").text

    assert 'data-status="awaiting_payment"' in page
    ways = page.partition('class="column ways"')[2]
    assert "payable to Kajoom" in ways.partition("</details>")[0]
    assert f'<dd class="num">{number_of("yearly", "en")}</dd>' in ways
    assert db.session.query(Attempt).count() == tries


def test_the_client_may_pay_otherwise_all_the_same(english: Browser, address: Address) -> None:
    page = confirmed(english, address("yearly", "en"), "c")
    paid = sent(english, f"{page.request.path}/payment", method="demonstration")
    assert 'data-status="awaiting_provisioning"' in english.get(paid.location).text


def test_a_part_received_is_told_on_the_order_and_the_product(french: Browser, address: Address) -> None:
    number = number_of("waiting-payment")
    order = re.search(r"/orders/[\w-]+", french.get(f"/invoices/{number}").text)
    assert order is not None
    total = re.search(r'id="total" value="([\d.]+)"', french.get(order[0]).text)
    assert total is not None
    received(number, "10.00")
    left = f"{float(total[1]) - 10:.2f}"

    page = french.get(order[0]).text
    assert '<data id="paid" value="10.00">' in page
    assert f'<data value="{left}">' in page
    assert left.replace(".", ",") in french.get(address("waiting-payment")).text
