"""Payment accounts save_account at PayPal: saving, paying without approval, decline and deletion."""

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
    approved_charge,
    captured_amounts,
    finish,
    started_charge,
)  # fmt: skip
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

CHARGE_THAT_SAVES = replace(CHARGE, save_method=True)
ENDED_ISSUES = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.METHOD_DEAD]
FIXABLE_ISSUES = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.PAYER_CAN_FIX]
FINAL_ISSUES = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.FINAL]


def save_account(paypal: PayPalProvider, fake: FakePayPal) -> SavedAccount:
    """Pay and save the account."""
    account = finish(paypal, approved_charge(paypal, fake, CHARGE_THAT_SAVES)).saved
    assert account is not None
    return account


def next_charge(token: str) -> ChargeRequest:
    """Return the next charge of the same client, with the save_account account."""
    return replace(CHARGE, key="f" * 32, invoice="2026-000002", saved=token)


def created_charge(paypal: PayPalProvider, token: str) -> ChargeRequest:
    """Return the next charge once its order is created, before its capture."""
    charge = next_charge(token)
    result = paypal.charge(charge)
    assert (result.status, result.approve_url, result.is_not_captured) == (PENDING, "", True)
    return replace(charge, provider_ref=result.provider_ref, approval=result.approval)


def test_account_is_saved_with_the_payment(paypal: PayPalProvider, fake: FakePayPal) -> None:
    result = finish(paypal, approved_charge(paypal, fake, CHARGE_THAT_SAVES))
    [token] = fake.ledger.tokens
    assert result.saved == SavedAccount(token, "c•••@example.com")
    assert paypal.look_up(replace(CHARGE_THAT_SAVES, provider_ref=result.provider_ref)) == result


def test_account_is_not_saved_unless_requested(paypal: PayPalProvider, fake: FakePayPal) -> None:
    assert finish(paypal, approved_charge(paypal, fake)).saved is None
    assert not fake.ledger.tokens


def test_token_given_later_is_found_by_look_up(paypal: PayPalProvider, fake: FakePayPal) -> None:
    fake.ledger.assigns_tokens_later = True
    result = finish(paypal, approved_charge(paypal, fake, CHARGE_THAT_SAVES))
    assert (result.status, result.saved) == (CAPTURED, None)

    token = fake.ledger.assign_token(result.provider_ref)

    account = paypal.look_up(replace(CHARGE_THAT_SAVES, provider_ref=result.provider_ref))
    assert account == replace(result, saved=SavedAccount(token, "c•••@example.com"))


@pytest.mark.parametrize(
    ("address", "label"), [("é@x.org", "é•••@x.org"), ("", "PayPal"), ("@x.org", "PayPal"), (7, "PayPal")]
)
def test_label_masks_the_address(paypal: PayPalProvider, fake: FakePayPal, address: object, label: str) -> None:
    result = finish(paypal, approved_charge(paypal, fake, CHARGE_THAT_SAVES))
    fake.ledger.orders[result.provider_ref]["payment_source"]["paypal"]["email_address"] = address
    account = paypal.look_up(replace(CHARGE_THAT_SAVES, provider_ref=result.provider_ref)).saved
    assert account is not None
    assert account.label == label


def test_host_that_cannot_save_is_paid_and_the_error_is_logged(
    paypal: PayPalProvider, fake: FakePayPal, caplog: pytest.LogCaptureFixture
) -> None:
    fake.ledger.can_save = False
    with caplog.at_level(logging.ERROR):
        charge = approved_charge(paypal, fake, CHARGE_THAT_SAVES)
    assert "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE" in caplog.text
    result = finish(paypal, charge)
    assert (result.status, result.saved) == (CAPTURED, None)
    assert len(fake.ledger.orders) == 1


def test_saved_account_pays_without_approval(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = created_charge(paypal, save_account(paypal, fake).token)
    assert len(fake.ledger.captures) == 1

    result = paypal.capture(charge)

    assert (result.status, result.reference) == (CAPTURED, list(fake.ledger.captures)[-1])
    assert paypal.look_up(charge) == result
    assert captured_amounts(fake)[charge.key] == Decimal("41.72")


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_lost_capture_is_unknown_and_found_once(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    fake.faults.retry_after = "0"
    charge = created_charge(paypal, save_account(paypal, fake).token)
    fake.faults.plan(fault, "/capture")

    assert paypal.capture(charge).status is UNKNOWN
    assert finish(paypal, charge).status is CAPTURED
    assert captured_amounts(fake)[charge.key] == Decimal("41.72")


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_lost_order_is_found_again_and_takes_no_money(paypal: PayPalProvider, fake: FakePayPal, fault: Fault) -> None:
    charge = next_charge(save_account(paypal, fake).token)
    fake.faults.retry_after = "0"
    fake.faults.plan(fault, "POST /v2/checkout/orders")
    assert paypal.charge(charge).status is UNKNOWN
    assert paypal.look_up(charge).approval
    assert (len(fake.ledger.orders), len(fake.ledger.captures)) == (2, 1)


@pytest.mark.parametrize("issue", ENDED_ISSUES)
def test_account_that_is_no_longer_valid_has_ended_and_can_be_approved(
    paypal: PayPalProvider, fake: FakePayPal, issue: str
) -> None:
    charge = created_charge(paypal, save_account(paypal, fake).token)
    fake.ledger.declines.append(issue)
    link = f"{fake.address}/checkoutnow?token={charge.provider_ref}"

    assert paypal.capture(charge) == ProviderResult(
        PENDING, charge.provider_ref, reason=SAVED_METHOD_ENDED, approve_url=link
    )

    fake.ledger.approve(charge.provider_ref)
    assert finish(paypal, replace(charge, saved="", approval="")).status is CAPTURED


def test_account_deleted_at_paypal_has_ended(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = created_charge(paypal, save_account(paypal, fake).token)
    fake.ledger.delete_token(charge.saved)
    assert paypal.capture(charge).reason == SAVED_METHOD_ENDED


@pytest.mark.parametrize("issue", FIXABLE_ISSUES)
def test_payer_who_must_act_gets_an_approval_link(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = created_charge(paypal, save_account(paypal, fake).token)
    fake.ledger.declines.append(issue)
    result = paypal.capture(charge)
    assert (result.status, result.reason) == (PENDING, issue)
    assert result.approve_url


@pytest.mark.parametrize("issue", FINAL_ISSUES)
def test_refusal_keeps_the_account(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = created_charge(paypal, save_account(paypal, fake).token)
    fake.ledger.declines.append(issue)
    assert paypal.capture(charge) == ProviderResult(REFUSED, reason=issue)
    assert paypal.has_saved_account(charge.saved)


def test_account_can_be_deleted_twice(paypal: PayPalProvider, fake: FakePayPal) -> None:
    token = save_account(paypal, fake).token
    assert paypal.has_saved_account(token)
    for _ in range(2):
        paypal.delete_saved_account(token)
    assert not paypal.has_saved_account(token)
    assert not fake.ledger.tokens


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER, Fault.FORBIDDEN])
def test_unanswered_request_about_an_account_is_unavailable(
    paypal: PayPalProvider, fake: FakePayPal, fault: Fault
) -> None:
    token = save_account(paypal, fake).token
    fake.faults.retry_after = "0"
    for request in (paypal.has_saved_account, paypal.delete_saved_account):
        fake.faults.plan(fault, "payment-tokens")
        with pytest.raises(ProviderUnavailable, match="HTTP"):
            request(token)
    paypal.delete_saved_account(token)
    assert not paypal.has_saved_account(token)


def test_order_without_a_saved_account_is_never_captured_by_one(paypal: PayPalProvider, fake: FakePayPal) -> None:
    save_account(paypal, fake)
    charge = started_charge(paypal, replace(CHARGE, key="e" * 32))
    assert not paypal.look_up(charge).approval
