"""Charges with PayPal: order, approval and a single capture, also when responses are lost."""

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


def started_charge(paypal: PayPalProvider, charge: ChargeRequest = CHARGE) -> ChargeRequest:
    """Return a charge whose order waits for the payer's approval."""
    return replace(charge, provider_ref=paypal.charge(charge).provider_ref)


def approved_charge(paypal: PayPalProvider, fake: FakePayPal, charge: ChargeRequest = CHARGE) -> ChargeRequest:
    """Return a charge that the payer has approved."""
    charge = started_charge(paypal, charge)
    fake.ledger.approve(charge.provider_ref)
    return charge


def finish(paypal: PayPalProvider, charge: ChargeRequest) -> ProviderResult:
    """Look up a charge and capture it if it is approved."""
    result = paypal.look_up(charge)
    return paypal.capture(replace(charge, approval=result.approval)) if result.approval else result


def captured_amounts(fake: FakePayPal) -> dict[str, Decimal]:
    return {key: amount for key, amount in fake.ledger.captured_amounts().items() if amount}


def test_charge_waits_for_approval_and_takes_no_money(paypal: PayPalProvider, fake: FakePayPal) -> None:
    result = paypal.charge(CHARGE)

    [order] = fake.ledger.orders
    assert result == ProviderResult(PENDING, order, approve_url=f"{fake.address}/checkoutnow?token={order}")
    assert not fake.ledger.captures


def test_order_has_the_amount_return_urls_and_locale(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = started_charge(paypal)
    english = started_charge(paypal, replace(CHARGE, key="f" * 32, locale="en"))

    assert fake.ledger.experience_contexts[charge.provider_ref] == {
        "return_url": CHARGE.return_url,
        "cancel_url": f"{CHARGE.return_url}&cancelled=1",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "locale": "fr-CA",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }
    assert fake.ledger.experience_contexts[english.provider_ref]["locale"] == "en-CA"
    unit = fake.ledger.orders[charge.provider_ref]["purchase_units"][0]
    assert (unit["custom_id"], unit["invoice_id"]) == (CHARGE.key, "2026-000001-01234567")
    assert unit["amount"] == {"currency_code": "CAD", "value": "41.72"}


def test_approval_link_is_found_by_its_relation(paypal: PayPalProvider, fake: FakePayPal) -> None:
    first = paypal.charge(CHARGE)
    order = fake.ledger.orders[first.provider_ref]
    order["links"].reverse()
    assert paypal.charge(CHARGE).approve_url == first.approve_url
    order["links"] = [{"rel": "self", "href": "https://nowhere"}, {"rel": "approve", "href": "https://approve"}]
    assert paypal.charge(CHARGE).approve_url == "https://approve"


def test_same_charge_sent_twice_is_one_order(paypal: PayPalProvider, fake: FakePayPal) -> None:
    assert paypal.charge(CHARGE) == paypal.charge(CHARGE)
    assert len(fake.ledger.orders) == 1


def test_look_up_of_an_unapproved_order_returns_the_approval_link(paypal: PayPalProvider) -> None:
    charge = started_charge(paypal)
    assert paypal.look_up(charge) == paypal.charge(CHARGE)


def test_approved_order_is_captured_once(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = approved_charge(paypal, fake)

    result = finish(paypal, charge)

    [capture] = fake.ledger.captures
    assert result == ProviderResult(CAPTURED, charge.provider_ref, reference=capture)
    assert paypal.look_up(charge) == result
    assert paypal.charge(CHARGE) == result
    assert captured_amounts(fake) == {CHARGE.key: Decimal("41.72")}


def test_look_up_takes_no_money_and_returns_the_approval(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = started_charge(paypal)
    assert paypal.look_up(charge).is_not_captured
    fake.ledger.approve(charge.provider_ref)
    approval = fake.ledger.orders[charge.provider_ref]["update_time"]
    assert paypal.look_up(charge) == ProviderResult(PENDING, charge.provider_ref, approval=approval)
    assert not fake.ledger.captures


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_order_whose_response_is_lost_is_found_again(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    fake.faults.retry_after = "0"
    fake.faults.plan(fault, "POST /v2/checkout/orders")
    assert paypal.charge(CHARGE).status is UNKNOWN

    result = paypal.look_up(CHARGE)

    assert (result.status, bool(result.approve_url)) == (PENDING, True)
    assert len(fake.ledger.orders) == 1


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_capture_whose_response_is_lost_is_unknown_and_found_once(
    paypal: PayPalProvider, fake: FakePayPal, fault: Fault
) -> None:
    fake.faults.retry_after = "0"
    charge = approved_charge(paypal, fake)
    fake.faults.plan(fault, "/capture")

    assert finish(paypal, charge).status is UNKNOWN
    assert finish(paypal, charge).status is CAPTURED
    assert captured_amounts(fake) == {CHARGE.key: Decimal("41.72")}


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER, Fault.FORBIDDEN])
def test_failed_look_up_is_unknown(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    charge = approved_charge(paypal, fake)
    fake.faults.plan(fault, "GET ")
    assert paypal.look_up(charge).status is UNKNOWN


def test_concurrent_captures_take_the_money_once(paypal: PayPalProvider, fake: FakePayPal) -> None:
    """The first capture is slow and the second one gets PENDING; both end with the same capture."""
    charge = approved_charge(paypal, fake)
    fake.faults.plan(Fault.SLOW_BEFORE, "/capture")
    results: list[ProviderResult] = []
    slow = Thread(target=lambda: results.append(finish(paypal, charge)))
    slow.start()
    assert fake.faults.arrived.wait(10)

    assert finish(paypal, charge) == ProviderResult(PENDING)
    fake.faults.released.set()
    slow.join()

    assert results == [paypal.look_up(charge)]
    assert results[0].status is CAPTURED
    assert len(fake.ledger.captures) == 1


def test_order_deleted_by_paypal_is_expired(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = started_charge(paypal)
    fake.ledger.expire(charge.provider_ref)
    assert paypal.look_up(charge) == ProviderResult(REFUSED, reason="expired")


def test_completed_order_with_a_pending_capture_is_pending(paypal: PayPalProvider, fake: FakePayPal) -> None:
    fake.ledger.capture_status = "PENDING"
    charge = approved_charge(paypal, fake)

    assert finish(paypal, charge) == ProviderResult(PENDING, charge.provider_ref, reason="PENDING_REVIEW")
    assert not paypal.look_up(charge).is_not_captured

    [capture] = fake.ledger.captures
    fake.ledger.set_capture_status(capture, "COMPLETED")
    assert paypal.look_up(charge) == ProviderResult(CAPTURED, charge.provider_ref, reference=capture)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("DECLINED", ProviderResult(REFUSED, reason="declined")),
        ("FAILED", ProviderResult(REFUSED, reason="failed")),
        ("REFUNDED", ProviderResult(REFUSED, reason="refunded")),
        ("PARTIALLY_REFUNDED", ProviderResult(UNKNOWN, reason="partially_refunded")),
        ("NEW_STATUS", ProviderResult(UNKNOWN, reason="new_status")),
    ],
)
def test_status_of_the_capture_decides(
    paypal: PayPalProvider, fake: FakePayPal, status: str, expected: ProviderResult
) -> None:
    fake.ledger.capture_status = status
    charge = approved_charge(paypal, fake)
    assert finish(paypal, charge) == replace(expected, provider_ref=charge.provider_ref)


@pytest.mark.parametrize("amount", [Money(4173), Money(4172, "USD")])
def test_order_with_another_amount_is_unknown_and_not_captured(
    paypal: PayPalProvider, fake: FakePayPal, amount: Money
) -> None:
    charge = approved_charge(paypal, fake)
    assert paypal.look_up(replace(charge, amount=amount)) == ProviderResult(
        UNKNOWN, charge.provider_ref, reason="mismatch"
    )
    assert not fake.ledger.captures
    finish(paypal, charge)
    assert paypal.look_up(replace(charge, amount=amount)) == ProviderResult(
        UNKNOWN, charge.provider_ref, reason="mismatch"
    )


def test_same_key_with_another_amount_is_refused(paypal: PayPalProvider, fake: FakePayPal) -> None:
    paypal.charge(CHARGE)
    assert paypal.charge(replace(CHARGE, amount=Money(4173))).status is REFUSED


def test_second_attempt_at_an_invoice_is_not_a_duplicate(paypal: PayPalProvider, fake: FakePayPal) -> None:
    for key in ("a" * 32, "b" * 32):
        assert finish(paypal, approved_charge(paypal, fake, replace(CHARGE, key=key))).status is CAPTURED


def test_our_own_error_is_logged_without_secrets(
    paypal: PayPalProvider, fake: FakePayPal, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.plan(Fault.FORBIDDEN, "orders")
    with caplog.at_level(logging.ERROR):
        assert paypal.charge(CHARGE) == ProviderResult(REFUSED, reason="ours")
    assert "HTTP 403, PERMISSION_DENIED" in caplog.text
    assert CHARGE.key in caplog.text
    assert not {"token-1", "secret"} & set(caplog.text.split())
