"""Classification of PayPal's errors and parsing of its orders."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.paypal.client import ApiResponse
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.responses import ISSUES, ErrorKind, approval_link, error_kind_of, parse_order
from kajoom.gateways.ports import ProviderResult
from tests.gateways.test_paypal import CHARGE, approved_charge, finish, started_charge
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

OUR_ISSUES = [
    "AMOUNT_MISMATCH",
    "PAYEE_ACCOUNT_RESTRICTED",
    "PERMISSION_DENIED",
    "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE",
    "",
]
FIXABLE_ISSUES = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.PAYER_CAN_FIX]
REFUSED_ISSUES = [issue for issue, kind in ISSUES.items() if kind in {ErrorKind.METHOD_DEAD, ErrorKind.FINAL}]
PENDING_ISSUES = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.IN_PROGRESS]


def error(status: int, issue: str) -> ApiResponse:
    return ApiResponse(status, {"name": "N", "details": [{"issue": issue}]})


@pytest.mark.parametrize("issue", ISSUES)
def test_error_code_of_the_table_has_its_kind(issue: str) -> None:
    assert error_kind_of(error(422, issue)) is ISSUES[issue]


@pytest.mark.parametrize("issue", OUR_ISSUES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 415, 422])
def test_other_error_codes_are_ours(status: int, issue: str) -> None:
    assert error_kind_of(error(status, issue)) is ErrorKind.OURS


def test_conflict_without_a_known_code_is_in_progress() -> None:
    assert error_kind_of(error(409, "")) is ErrorKind.IN_PROGRESS


@pytest.mark.parametrize("status", [0, 307, 408, 425, 429, 500, 502, 503, 504])
def test_status_without_a_reliable_answer_is_unknown(status: int) -> None:
    assert error_kind_of(error(status, "INSTRUMENT_DECLINED")) is ErrorKind.UNKNOWN


@pytest.mark.parametrize("issue", FIXABLE_ISSUES)
def test_payer_who_can_fix_the_problem_gets_an_approval_link(
    paypal: PayPalProvider, fake: FakePayPal, issue: str
) -> None:
    charge = approved_charge(paypal, fake)
    fake.ledger.declines.append(issue)
    link = f"{fake.address}/checkoutnow?token={charge.provider_ref}"

    assert finish(paypal, charge) == ProviderResult(
        AttemptStatus.PENDING, charge.provider_ref, reason=issue, approve_url=link
    )

    fake.ledger.approve(charge.provider_ref)  # with another card
    assert finish(paypal, charge).status is AttemptStatus.CAPTURED


def test_approval_link_comes_from_the_order_when_the_error_has_none(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = started_charge(paypal)
    link = f"{fake.address}/checkoutnow?token={charge.provider_ref}"
    result = paypal.capture(replace(charge, approval="not given"))  # PayPal returns an error without a link
    reason = "ORDER_NOT_APPROVED"
    assert result == ProviderResult(AttemptStatus.PENDING, charge.provider_ref, reason=reason, approve_url=link)

    fake.ledger.orders[charge.provider_ref]["links"] = []
    refusal = ProviderResult(AttemptStatus.REFUSED, charge.provider_ref, reason=reason)
    assert paypal.capture(replace(charge, approval="not given")) == refusal


@pytest.mark.parametrize("issue", REFUSED_ISSUES)
def test_refusal_has_its_reason(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = approved_charge(paypal, fake)
    fake.ledger.declines.append(issue)
    assert finish(paypal, charge) == ProviderResult(AttemptStatus.REFUSED, reason=issue)
    assert not fake.ledger.captures


@pytest.mark.parametrize("issue", PENDING_ISSUES)
def test_capture_in_progress_is_pending(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = approved_charge(paypal, fake)
    fake.ledger.declines.append(issue)
    assert finish(paypal, charge) == ProviderResult(AttemptStatus.PENDING)
    assert finish(paypal, charge).status is AttemptStatus.CAPTURED


@pytest.mark.parametrize("issue", OUR_ISSUES[:-1])
def test_our_own_error_is_a_refusal_with_the_reason_ours(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    charge = approved_charge(paypal, fake)
    fake.ledger.declines.append(issue)
    assert finish(paypal, charge) == ProviderResult(AttemptStatus.REFUSED, reason="ours")


def test_order_already_captured_is_looked_up(paypal: PayPalProvider, fake: FakePayPal) -> None:
    """Another process captures between our look-up and our capture."""
    charge = approved_charge(paypal, fake)
    result = paypal.look_up(charge)
    fake.ledger.capture(charge.provider_ref)

    result = paypal.capture(replace(charge, approval=result.approval))

    assert result == ProviderResult(
        AttemptStatus.CAPTURED, charge.provider_ref, reference=next(iter(fake.ledger.captures))
    )


def test_duplicate_invoice_id_of_an_uncaptured_order_is_unknown(paypal: PayPalProvider, fake: FakePayPal) -> None:
    charge = approved_charge(paypal, fake)
    fake.ledger.declines.append("DUPLICATE_INVOICE_ID")
    assert finish(paypal, charge).status is AttemptStatus.UNKNOWN


def test_completed_capture_decides_among_several() -> None:
    amount = {"value": "41.72", "currency_code": "CAD"}
    captures = [
        {"id": name, "status": status, "amount": amount} for name, status in (("A", "COMPLETED"), ("B", "DECLINED"))
    ]
    order = {
        "id": "O",
        "status": "COMPLETED",
        "purchase_units": [{"amount": amount, "payments": {"captures": captures}}],
    }
    assert parse_order(order, CHARGE) == ProviderResult(AttemptStatus.CAPTURED, "O", reference="A")


@pytest.mark.parametrize("status", ["COMPLETED", "CREATED"])
def test_incomplete_order_is_unknown(status: str) -> None:
    amount = {"value": "41.72", "currency_code": "CAD"}
    order = {"status": status, "purchase_units": [{"amount": amount}]}
    assert parse_order(order, CHARGE) == ProviderResult(AttemptStatus.UNKNOWN, reason="unreadable")
    assert parse_order({}, CHARGE) == ProviderResult(AttemptStatus.UNKNOWN, reason="mismatch")


def test_voided_order_is_refused() -> None:
    assert parse_order({"id": "O", "status": "VOIDED"}, CHARGE) == ProviderResult(
        AttemptStatus.REFUSED, "O", reason="voided"
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "status", "purchase_units", "payments", "captures", "amount", "value", "currency_code", "links",
                 "rel", "href", "status_details", "reason"]
            ),
            inner | st.sampled_from(["COMPLETED", "APPROVED", "41.72", "CAD", "approve"]),
            max_size=4,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@given(_JSON.filter(lambda body: isinstance(body, dict)))
def test_malformed_order_is_captured_only_with_the_exact_amount(order: dict[str, Any]) -> None:
    result = parse_order(order, CHARGE)
    approval_link(order)
    assert result.status is not AttemptStatus.CAPTURED or '"41.72"' in json.dumps(order)
