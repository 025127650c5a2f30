"""Reasons that forbid a change; the first one in the list is reported."""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations
from typing import Any

import pytest

from kajoom.domain.quote import quote, service_refusal, terms_refusal
from kajoom.domain.refusal import BusinessError, Refusal
from tests.domain.factories import day, make_service, terms

ON = day("2026-06-16")

SERVICE_REASONS: dict[Refusal, dict[str, Any]] = {
    Refusal.NOT_ACTIVE: {"active": False},
    Refusal.CANCELLATION_REQUESTED: {"cancelling": True},
    Refusal.CHANGE_UNDER_WAY: {"changing": True},
    Refusal.UNPAID_INVOICE: {"unpaid": True},
    Refusal.OVERDUE: {"due": "2026-06-15"},
}
TARGET_REASONS = {
    Refusal.OTHER_CURRENCY: terms("20/month", "b", currency="USD"),
    Refusal.SAME_TERMS: terms("20/month", "a"),
    Refusal.NOT_PERMITTED: terms("20/once", "b"),
}


def refusal_code(new: Any, on: Any = ON, **service: Any) -> StrEnum:
    with pytest.raises(BusinessError) as caught:
        quote(make_service("10/month", **{"due": "2026-07-01", **service}), new, on)
    return caught.value.code


@pytest.mark.parametrize("reason", SERVICE_REASONS)
def test_service_that_cannot_change_is_refused_with_its_reason(reason: Refusal) -> None:
    assert refusal_code(terms("20/month", "b"), **SERVICE_REASONS[reason]) is reason


@pytest.mark.parametrize("reason", TARGET_REASONS)
def test_impossible_target_is_refused_with_its_reason(reason: Refusal) -> None:
    assert refusal_code(TARGET_REASONS[reason]) is reason


@pytest.mark.parametrize(("first", "second"), list(combinations(SERVICE_REASONS, 2)))
def test_first_of_two_service_reasons_is_reported(first: Refusal, second: Refusal) -> None:
    assert refusal_code(terms("20/month", "b"), **SERVICE_REASONS[first], **SERVICE_REASONS[second]) is first


@pytest.mark.parametrize("service_reason", SERVICE_REASONS)
@pytest.mark.parametrize("target_reason", TARGET_REASONS)
def test_service_reason_is_reported_before_a_target_reason(service_reason: Refusal, target_reason: Refusal) -> None:
    assert refusal_code(TARGET_REASONS[target_reason], **SERVICE_REASONS[service_reason]) is service_reason


def test_first_of_two_target_reasons_is_reported() -> None:
    assert refusal_code(terms("20/once", "b", currency="USD")) is Refusal.OTHER_CURRENCY
    assert refusal_code(terms("20/month", "a", currency="USD")) is Refusal.OTHER_CURRENCY


def test_reasons_are_checked_in_the_order_of_the_enum() -> None:
    codes = [*SERVICE_REASONS, *TARGET_REASONS]
    assert codes == [reason for reason in Refusal if reason in codes]


@pytest.mark.parametrize(
    ("due", "reason"), [("2026-06-15", Refusal.OVERDUE), ("2026-06-16", None), ("2026-06-17", None)]
)
def test_service_is_overdue_the_day_after_its_due_date(due: str, reason: Refusal | None) -> None:
    assert service_refusal(make_service("10/month", due), ON) is reason


@pytest.mark.parametrize(("text", "due"), [("free", None), ("0/month", None), ("0/month", "2025-01-31")])
def test_service_at_no_price_is_never_overdue(text: str, due: str | None) -> None:
    assert service_refusal(make_service(text, due), ON) is None


@pytest.mark.parametrize("due", [None, "2026-06-16", "2026-07-01", "2020-01-01"])
def test_free_service_becomes_one_time_only_without_a_due_date(due: str | None) -> None:
    expected = Refusal.NOT_PERMITTED if due else None
    assert terms_refusal(make_service("0/month", due), terms("20/once", "b")) is expected


@pytest.mark.parametrize("new", ["20/month", "20/year", "20/once"])
def test_one_time_product_at_no_price_may_become_anything(new: str) -> None:
    assert terms_refusal(make_service("0/once"), terms(new, "b")) is None


@pytest.mark.parametrize("due", ["2026-06-16", "2026-07-01"])
def test_recurring_service_cannot_become_one_time_even_on_its_due_date(due: str) -> None:
    assert refusal_code(terms("20/once", "b"), due=due) is Refusal.NOT_PERMITTED


@pytest.mark.parametrize("new", ["20/month", "200/year"])
def test_one_time_service_cannot_become_recurring(new: str) -> None:
    assert terms_refusal(make_service("50/once"), terms(new, "b")) is Refusal.NOT_PERMITTED


@pytest.mark.parametrize("new", ["10/quarter", "10/year"])
def test_same_plan_on_another_cycle_is_allowed(new: str) -> None:
    assert terms_refusal(make_service("10/month", "2026-07-01"), terms(new, "a")) is None


def test_business_error_has_its_code_and_details() -> None:
    error = BusinessError(Refusal.OVER_LIMITS, used=12, allowed=10)
    assert (str(error), error.code, error.details) == (
        "over_limits",
        "over_limits",
        {"used": 12, "allowed": 10},
    )
