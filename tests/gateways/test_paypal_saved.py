"""An account saved with one payment pays the next in one press, once, and never against its holder's will."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from kajoom.domain.payment import SAVED_METHOD_ENDED
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.responses import ISSUES, ErrorKind
from kajoom.gateways.ports import ChargeRequest, ProviderResult, ProviderUnavailable, SavedAccount
from tests.gateways.test_paypal import (
    AFTER,
    BEFORE,
    CAPTURED,
    CHARGE,
    PENDING,
    REFUSED,
    UNKNOWN,
    approved,
    begun,
    finished,
    taken,
)  # fmt: skip
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

SAVING = replace(CHARGE, save_method=True)
DEAD = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.METHOD_DEAD]
FIXABLE = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.PAYER_CAN_FIX]
FINAL = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.FINAL]


def saved(paypal: PayPalProvider, fake: FakePayPal) -> SavedAccount:
    """An account that was saved with a payment."""
    account = finished(paypal, approved(paypal, fake, SAVING)).saved
    assert account is not None
    return account


def next_charge(token: str) -> ChargeRequest:
    """The next payment of the same client, with the account they saved."""
    return replace(CHARGE, key="f" * 32, invoice="2026-000002", saved=token)


def prepared(paypal: PayPalProvider, token: str) -> ChargeRequest:
    """The same once PayPal has named its order: nothing was taken."""
    charge = next_charge(token)
    result = paypal.charge(charge)
    assert (result.status, result.approve_url, result.is_not_captured) == (PENDING, "", True)
    return replace(charge, provider_ref=result.provider_ref, approval=result.approval)


def test_an_account_is_saved_with_the_payment_that_asked_for_it(paypal: PayPalProvider, fake: FakePayPal) -> None:
    result = finished(paypal, approved(paypal, fake, SAVING))
    [token] = fake.ledger.tokens
    assert result.saved == SavedAccount(token, "c•••@example.com")
    assert paypal.look_up(replace(SAVING, provider_ref=result.provider_ref)) == result


def test_nothing_is_saved_that_nobody_asked_for(paypal: PayPalProvider, fake: FakePayPal) -> None:
    assert finished(paypal, approved(paypal, fake)).saved is None
    assert not fake.ledger.tokens


def test_an_account_named_later_is_found_by_looking_again(paypal: PayPalProvider, fake: FakePayPal) -> None:
    fake.ledger.assigns_tokens_later = True
    result = finished(paypal, approved(paypal, fake, SAVING))
    assert (result.status, result.saved) == (CAPTURED, None)

    token = fake.ledger.assign_token(result.provider_ref)

    found = paypal.look_up(replace(SAVING, provider_ref=result.provider_ref))
    assert found == replace(result, saved=SavedAccount(token, "c•••@example.com"))


@pytest.mark.parametrize(
    ("address", "label"), [("é@x.org", "é•••@x.org"), ("", "PayPal"), ("@x.org", "PayPal"), (7, "PayPal")]
)
def test_a_label_tells_no_stranger_an_address(
    paypal: PayPalProvider, fake: FakePayPal, address: object, label: str
) -> None:
    result = finished(paypal, approved(paypal, fake, SAVING))
    fake.ledger.orders[result.provider_ref]["payment_source"]["paypal"]["email_address"] = address
    found = paypal.look_up(replace(SAVING, provider_ref=result.provider_ref)).saved
    assert found is not None
    assert found.label == label


def test_a_host_that_may_not_save_is_paid_all_the_same_and_told(
    paypal: PayPalProvider, fake: FakePayPal, caplog: pytest.LogCaptureFixture
) -> None:
    fake.ledger.can_save = False
    with caplog.at_level(logging.ERROR):
        known = approved(paypal, fake, SAVING)
    assert "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE" in caplog.text
    result = finished(paypal, known)
    assert (result.status, result.saved) == (CAPTURED, None)
    assert len(fake.ledger.orders) == 1


def test_a_saved_account_pays_without_an_approval(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = prepared(paypal, saved(paypal, fake).token)
    assert len(fake.ledger.captures) == 1

    result = paypal.capture(charge)

    assert (result.status, result.reference) == (CAPTURED, list(fake.ledger.captures)[-1])
    assert paypal.look_up(charge) == result
    assert taken(fake)[charge.key] == Decimal("41.72")


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_a_lost_capture_is_unknown_and_found_once(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    fake.faults.retry_after = "0"
    charge = prepared(paypal, saved(paypal, fake).token)
    fake.faults.plan(fault, "/capture")

    assert paypal.capture(charge).status is UNKNOWN
    assert finished(paypal, charge).status is CAPTURED
    assert taken(fake)[charge.key] == Decimal("41.72")


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_a_lost_order_is_found_again_and_takes_nothing(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    charge = next_charge(saved(paypal, fake).token)
    fake.faults.retry_after = "0"
    fake.faults.plan(fault, "POST /v2/checkout/orders")
    assert paypal.charge(charge).status is UNKNOWN
    assert paypal.look_up(charge).approval
    assert (len(fake.ledger.orders), len(fake.ledger.captures)) == (2, 1)


@pytest.mark.parametrize("issue", DEAD)
def test_an_account_honoured_no_more_is_said_to_have_ended_and_can_be_approved(
    paypal: PayPalProvider, fake: FakePayPal, issue: str
) -> None:
    charge = prepared(paypal, saved(paypal, fake).token)
    fake.ledger.declines.append(issue)
    link = f"{fake.address}/checkoutnow?token={charge.provider_ref}"

    assert paypal.capture(charge) == ProviderResult(
        PENDING, charge.provider_ref, reason=SAVED_METHOD_ENDED, approve_url=link
    )

    fake.ledger.approve(charge.provider_ref)
    assert finished(paypal, replace(charge, saved="", approval="")).status is CAPTURED


def test_an_account_removed_at_paypal_has_ended(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = prepared(paypal, saved(paypal, fake).token)
    fake.ledger.forget(charge.saved)
    assert paypal.capture(charge).reason == SAVED_METHOD_ENDED


@pytest.mark.parametrize("issue", FIXABLE)
def test_a_payer_who_must_act_is_led_to_approve(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = prepared(paypal, saved(paypal, fake).token)
    fake.ledger.declines.append(issue)
    result = paypal.capture(charge)
    assert (result.status, result.reason) == (PENDING, issue)
    assert result.approve_url


@pytest.mark.parametrize("issue", FINAL)
def test_a_refusal_leaves_the_account_as_it_is(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = prepared(paypal, saved(paypal, fake).token)
    fake.ledger.declines.append(issue)
    assert paypal.capture(charge) == ProviderResult(REFUSED, reason=issue)
    assert paypal.has_saved_account(charge.saved)


def test_an_account_is_forgotten_and_asked_again_it_stays_so(paypal: PayPalProvider, fake: FakePayPal) -> None:
    token = saved(paypal, fake).token
    assert paypal.has_saved_account(token)
    for _ in range(2):
        paypal.delete_saved_account(token)
    assert not paypal.has_saved_account(token)
    assert not fake.ledger.tokens


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER, Fault.FORBIDDEN])
def test_what_is_not_answered_about_an_account_is_to_be_asked_again(
    paypal: PayPalProvider, fake: FakePayPal, fault: Fault
) -> None:
    token = saved(paypal, fake).token
    fake.faults.retry_after = "0"
    for ask in (paypal.has_saved_account, paypal.delete_saved_account):
        fake.faults.plan(fault, "payment-tokens")
        with pytest.raises(ProviderUnavailable, match="HTTP"):
            ask(token)
    paypal.delete_saved_account(token)
    assert not paypal.has_saved_account(token)


def test_another_clients_order_is_never_captured_by_a_saved_account_unasked(
    paypal: PayPalProvider, fake: FakePayPal
) -> None:
    saved(paypal, fake)
    known = begun(paypal, replace(CHARGE, key="e" * 32))
    assert not paypal.look_up(known).approval
