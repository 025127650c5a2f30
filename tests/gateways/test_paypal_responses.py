"""Every answer of PayPal's has its class, and what is done about each is told in terms of money."""

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
from tests.gateways.test_paypal import CHARGE, approved, begun, finished
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

OURS = ["AMOUNT_MISMATCH", "PAYEE_ACCOUNT_RESTRICTED", "PERMISSION_DENIED", "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE", ""]
FIXABLE = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.PAYER_CAN_FIX]
REFUSING = [issue for issue, kind in ISSUES.items() if kind in {ErrorKind.METHOD_DEAD, ErrorKind.FINAL}]
WAITING = [issue for issue, kind in ISSUES.items() if kind is ErrorKind.IN_PROGRESS]


def error(status: int, issue: str) -> ApiResponse:
    return ApiResponse(status, {"name": "N", "details": [{"issue": issue}]})


@pytest.mark.parametrize("issue", ISSUES)
def test_a_code_of_the_table_is_of_its_class(issue: str) -> None:
    assert error_kind_of(error(422, issue)) is ISSUES[issue]


@pytest.mark.parametrize("issue", OURS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 415, 422])
def test_a_code_that_is_not_in_the_table_is_our_own_fault(status: int, issue: str) -> None:
    assert error_kind_of(error(status, issue)) is ErrorKind.OURS


def test_a_conflict_that_says_no_more_is_in_progress() -> None:
    assert error_kind_of(error(409, "")) is ErrorKind.IN_PROGRESS


@pytest.mark.parametrize("status", [0, 307, 408, 425, 429, 500, 502, 503, 504])
def test_no_answer_that_says_so_is_ever_more_than_unknown(status: int) -> None:
    assert error_kind_of(error(status, "INSTRUMENT_DECLINED")) is ErrorKind.UNKNOWN


@pytest.mark.parametrize("issue", FIXABLE)
def test_a_payer_who_can_mend_it_is_led_back(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    known = approved(paypal, fake)
    fake.ledger.declines.append(issue)
    link = f"{fake.address}/checkoutnow?token={known.provider_ref}"

    assert finished(paypal, known) == ProviderResult(
        AttemptStatus.PENDING, known.provider_ref, reason=issue, approve_url=link
    )

    fake.ledger.approve(known.provider_ref)  # with another card
    assert finished(paypal, known).status is AttemptStatus.CAPTURED


def test_a_payer_who_is_not_told_where_to_mend_it_is_led_to_the_orders_own_page(
    paypal: PayPalProvider, fake: FakePayPal
) -> None:
    known = begun(paypal)
    link = f"{fake.address}/checkoutnow?token={known.provider_ref}"
    result = paypal.capture(replace(known, approval="never given"))  # PayPal says so, without a link
    reason = "ORDER_NOT_APPROVED"
    assert result == ProviderResult(AttemptStatus.PENDING, known.provider_ref, reason=reason, approve_url=link)

    fake.ledger.orders[known.provider_ref]["links"] = []
    error = ProviderResult(AttemptStatus.REFUSED, known.provider_ref, reason=reason)
    assert paypal.capture(replace(known, approval="never given")) == error


@pytest.mark.parametrize("issue", REFUSING)
def test_a_refusal_says_why(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    known = approved(paypal, fake)
    fake.ledger.declines.append(issue)
    assert finished(paypal, known) == ProviderResult(AttemptStatus.REFUSED, reason=issue)
    assert not fake.ledger.captures


@pytest.mark.parametrize("issue", WAITING)
def test_what_is_in_progress_is_waited_for(paypal: PayPalProvider, fake: FakePayPal, issue: str) -> None:
    known = approved(paypal, fake)
    fake.ledger.declines.append(issue)
    assert finished(paypal, known) == ProviderResult(AttemptStatus.PENDING)
    assert finished(paypal, known).status is AttemptStatus.CAPTURED


@pytest.mark.parametrize("issue", OURS[:-1])
def test_our_own_fault_is_a_refusal_that_does_not_blame_the_payer(
    paypal: PayPalProvider, fake: FakePayPal, issue: str
) -> None:
    known = approved(paypal, fake)
    fake.ledger.declines.append(issue)
    assert finished(paypal, known) == ProviderResult(AttemptStatus.REFUSED, reason="ours")


def test_what_was_already_captured_is_read_and_believed(paypal: PayPalProvider, fake: FakePayPal) -> None:
    """Another process captured between our look and our own capture."""
    known = approved(paypal, fake)
    looked = paypal.look_up(known)
    fake.ledger.capture(known.provider_ref)

    result = paypal.capture(replace(known, approval=looked.approval))

    assert result == ProviderResult(
        AttemptStatus.CAPTURED, known.provider_ref, reference=next(iter(fake.ledger.captures))
    )


def test_a_duplicate_that_is_not_this_order_stays_unknown(paypal: PayPalProvider, fake: FakePayPal) -> None:
    known = approved(paypal, fake)
    fake.ledger.declines.append("DUPLICATE_INVOICE_ID")
    assert finished(paypal, known).status is AttemptStatus.UNKNOWN


def test_of_several_captures_the_one_that_took_money_decides() -> None:
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
def test_an_order_that_tells_too_little_is_unknown(status: str) -> None:
    amount = {"value": "41.72", "currency_code": "CAD"}
    order = {"status": status, "purchase_units": [{"amount": amount}]}
    assert parse_order(order, CHARGE) == ProviderResult(AttemptStatus.UNKNOWN, reason="unreadable")
    assert parse_order({}, CHARGE) == ProviderResult(AttemptStatus.UNKNOWN, reason="mismatch")


def test_an_order_that_is_void_took_nothing() -> None:
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
def test_no_order_however_garbled_is_money_unless_its_capture_says_the_very_amount(order: dict[str, Any]) -> None:
    result = parse_order(order, CHARGE)
    approval_link(order)
    assert result.status is not AttemptStatus.CAPTURED or '"41.72"' in json.dumps(order)
