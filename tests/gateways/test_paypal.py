"""A charge at PayPal: created, approved there, captured by us, once, whatever is lost on the way."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from threading import Thread

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

CAPTURED, PENDING, REFUSED, UNKNOWN = (
    AttemptStatus.CAPTURED,
    AttemptStatus.PENDING,
    AttemptStatus.REFUSED,
    AttemptStatus.UNKNOWN,
)
CHARGE = ChargeRequest(
    key="0123456789abcdef0123456789abcdef",
    provider="paypal",
    amount=Money(4172),
    invoice="2026-000001",
    locale="fr",
    return_url="https://clients.example.com/orders/CH-2026-000001/payment/return?next=%2Fservices",
)
BEFORE = [Fault.CUT_BEFORE, Fault.ERROR_BEFORE, Fault.GARBAGE_BEFORE, Fault.TOO_MANY, Fault.MOVED]
AFTER = [Fault.CUT_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER]


def begun(paypal: PayPalProvider, charge: ChargeRequest = CHARGE) -> ChargeRequest:
    """A charge whose order waits for its payer."""
    return replace(charge, provider_ref=paypal.charge(charge).provider_ref)


def approved(paypal: PayPalProvider, fake: FakePayPal, charge: ChargeRequest = CHARGE) -> ChargeRequest:
    """A charge whose payer has approved."""
    known = begun(paypal, charge)
    fake.ledger.approve(known.provider_ref)
    return known


def finished(paypal: PayPalProvider, known: ChargeRequest) -> ProviderResult:
    """What becomes of a charge that is looked at, and asked for once its payer has approved."""
    result = paypal.look_up(known)
    return paypal.capture(replace(known, approval=result.approval)) if result.approval else result


def taken(fake: FakePayPal) -> dict[str, Decimal]:
    return {key: amount for key, amount in fake.ledger.taken().items() if amount}


def test_a_charge_waits_for_its_payer_and_takes_nothing(paypal: PayPalProvider, fake: FakePayPal) -> None:
    result = paypal.charge(CHARGE)

    [order] = fake.ledger.orders
    assert result == ProviderResult(PENDING, order, approve_url=f"{fake.address}/checkoutnow?token={order}")
    assert not fake.ledger.captures


def test_the_payer_is_told_what_is_paid_where_to_come_back_and_in_their_language(
    paypal: PayPalProvider, fake: FakePayPal
) -> None:
    known = begun(paypal)
    english = begun(paypal, replace(CHARGE, key="f" * 32, locale="en"))

    assert fake.ledger.experience_contexts[known.provider_ref] == {
        "return_url": CHARGE.return_url,
        "cancel_url": f"{CHARGE.return_url}&cancelled=1",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "locale": "fr-CA",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }
    assert fake.ledger.experience_contexts[english.provider_ref]["locale"] == "en-CA"
    unit = fake.ledger.orders[known.provider_ref]["purchase_units"][0]
    assert (unit["custom_id"], unit["invoice_id"]) == (CHARGE.key, "2026-000001-01234567")
    assert unit["amount"] == {"currency_code": "CAD", "value": "41.72"}


def test_the_link_is_found_by_what_it_is_for_and_never_by_its_place(paypal: PayPalProvider, fake: FakePayPal) -> None:
    first = paypal.charge(CHARGE)
    order = fake.ledger.orders[first.provider_ref]
    order["links"].reverse()
    assert paypal.charge(CHARGE).approve_url == first.approve_url
    order["links"] = [{"rel": "self", "href": "https://nowhere"}, {"rel": "approve", "href": "https://approve"}]
    assert paypal.charge(CHARGE).approve_url == "https://approve"


def test_a_charge_asked_twice_is_one_order(paypal: PayPalProvider, fake: FakePayPal) -> None:
    assert paypal.charge(CHARGE) == paypal.charge(CHARGE)
    assert len(fake.ledger.orders) == 1


def test_what_is_not_approved_is_offered_again(paypal: PayPalProvider) -> None:
    known = begun(paypal)
    assert paypal.look_up(known) == paypal.charge(CHARGE)


def test_what_is_approved_is_captured_once(paypal: PayPalProvider, fake: FakePayPal) -> None:
    known = approved(paypal, fake)

    result = finished(paypal, known)

    [capture] = fake.ledger.captures
    assert result == ProviderResult(CAPTURED, known.provider_ref, reference=capture)
    assert paypal.look_up(known) == result
    assert paypal.charge(CHARGE) == result
    assert taken(fake) == {CHARGE.key: Decimal("41.72")}


def test_looking_takes_nothing_and_tells_what_is_approved(paypal: PayPalProvider, fake: FakePayPal) -> None:
    known = begun(paypal)
    assert paypal.look_up(known).is_not_captured
    fake.ledger.approve(known.provider_ref)
    marked = fake.ledger.orders[known.provider_ref]["update_time"]
    assert paypal.look_up(known) == ProviderResult(PENDING, known.provider_ref, approval=marked)
    assert not fake.ledger.captures


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_an_order_whose_answer_is_lost_is_found_again(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    fake.faults.retry_after = "0"
    fake.faults.plan(fault, "POST /v2/checkout/orders")
    assert paypal.charge(CHARGE).status is UNKNOWN

    result = paypal.look_up(CHARGE)

    assert (result.status, bool(result.approve_url)) == (PENDING, True)
    assert len(fake.ledger.orders) == 1


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_a_capture_whose_answer_is_lost_is_unknown_and_found_once(
    paypal: PayPalProvider, fake: FakePayPal, fault: Fault
) -> None:
    fake.faults.retry_after = "0"
    known = approved(paypal, fake)
    fake.faults.plan(fault, "/capture")

    assert finished(paypal, known).status is UNKNOWN
    assert finished(paypal, known).status is CAPTURED
    assert taken(fake) == {CHARGE.key: Decimal("41.72")}


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER, Fault.FORBIDDEN])
def test_a_look_up_that_fails_tells_nothing_of_the_money(
    paypal: PayPalProvider, fake: FakePayPal, fault: Fault
) -> None:
    known = approved(paypal, fake)
    fake.faults.plan(fault, "GET ")
    assert paypal.look_up(known).status is UNKNOWN


def test_two_who_capture_at_once_take_the_money_once(paypal: PayPalProvider, fake: FakePayPal) -> None:
    """The first is slow; the second is turned away and waits; both end with the same capture."""
    known = approved(paypal, fake)
    fake.faults.plan(Fault.SLOW_BEFORE, "/capture")
    told: list[ProviderResult] = []
    slow = Thread(target=lambda: told.append(finished(paypal, known)))
    slow.start()
    assert fake.faults.arrived.wait(10)

    assert finished(paypal, known) == ProviderResult(PENDING)
    fake.faults.released.set()
    slow.join()

    assert told == [paypal.look_up(known)]
    assert told[0].status is CAPTURED
    assert len(fake.ledger.captures) == 1


def test_an_order_that_paypal_forgot_has_expired(paypal: PayPalProvider, fake: FakePayPal) -> None:
    known = begun(paypal)
    fake.ledger.expire(known.provider_ref)
    assert paypal.look_up(known) == ProviderResult(REFUSED, reason="expired")


def test_a_completed_order_whose_capture_waits_is_not_money(paypal: PayPalProvider, fake: FakePayPal) -> None:
    fake.ledger.capture_status = "PENDING"
    known = approved(paypal, fake)

    assert finished(paypal, known) == ProviderResult(PENDING, known.provider_ref, reason="PENDING_REVIEW")
    assert not paypal.look_up(known).is_not_captured

    [capture] = fake.ledger.captures
    fake.ledger.settle(capture, "COMPLETED")
    assert paypal.look_up(known) == ProviderResult(CAPTURED, known.provider_ref, reference=capture)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("DECLINED", ProviderResult(REFUSED, reason="declined")),
        ("FAILED", ProviderResult(REFUSED, reason="failed")),
        ("REFUNDED", ProviderResult(REFUSED, reason="refunded")),
        ("PARTIALLY_REFUNDED", ProviderResult(UNKNOWN, reason="partially_refunded")),
        ("OF_TOMORROW", ProviderResult(UNKNOWN, reason="of_tomorrow")),
    ],
)
def test_the_captures_own_status_decides(
    paypal: PayPalProvider, fake: FakePayPal, status: str, expected: ProviderResult
) -> None:
    fake.ledger.capture_status = status
    known = approved(paypal, fake)
    assert finished(paypal, known) == replace(expected, provider_ref=known.provider_ref)


@pytest.mark.parametrize("amount", [Money(4173), Money(4172, "USD")])
def test_another_amount_is_neither_captured_nor_believed(
    paypal: PayPalProvider, fake: FakePayPal, amount: Money
) -> None:
    known = approved(paypal, fake)
    assert paypal.look_up(replace(known, amount=amount)) == ProviderResult(
        UNKNOWN, known.provider_ref, reason="mismatch"
    )
    assert not fake.ledger.captures
    finished(paypal, known)
    assert paypal.look_up(replace(known, amount=amount)) == ProviderResult(
        UNKNOWN, known.provider_ref, reason="mismatch"
    )


def test_the_same_key_for_another_amount_is_refused(paypal: PayPalProvider, fake: FakePayPal) -> None:
    paypal.charge(CHARGE)
    assert paypal.charge(replace(CHARGE, amount=Money(4173))).status is REFUSED


def test_a_second_try_at_an_invoice_is_not_a_duplicate(paypal: PayPalProvider, fake: FakePayPal) -> None:
    for key in ("a" * 32, "b" * 32):
        assert finished(paypal, approved(paypal, fake, replace(CHARGE, key=key))).status is CAPTURED


def test_our_own_fault_is_told_to_staff_without_secrets(
    paypal: PayPalProvider, fake: FakePayPal, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.plan(Fault.FORBIDDEN, "orders")
    with caplog.at_level(logging.ERROR):
        assert paypal.charge(CHARGE) == ProviderResult(REFUSED, reason="ours")
    assert "HTTP 403, PERMISSION_DENIED" in caplog.text
    assert CHARGE.key in caplog.text
    assert not {"token-1", "secret"} & set(caplog.text.split())
