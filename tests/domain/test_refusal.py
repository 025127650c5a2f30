"""What cannot be quoted is refused by its name, and the first of several reasons is the one that is told."""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations
from typing import Any

import pytest

from kajoom.domain.quote import quote, service_refusal, terms_refusal
from kajoom.domain.refusal import BusinessError, Refusal
from tests.domain.factories import day, make_service, terms

ON = day("2026-06-16")

HINDRANCES: dict[Refusal, dict[str, Any]] = {
    Refusal.NOT_ACTIVE: {"active": False},
    Refusal.CANCELLATION_REQUESTED: {"cancelling": True},
    Refusal.CHANGE_UNDER_WAY: {"changing": True},
    Refusal.OVERDUE: {"due": "2026-06-15"},
    Refusal.UNPAID_INVOICE: {"unpaid": True},
}
CHOICES = {
    Refusal.NOT_PERMITTED: terms("20/once", "b"),
    Refusal.OTHER_CURRENCY: terms("20/month", "b", currency="USD"),
    Refusal.SAME_TERMS: terms("20/month", "a"),
}


def refusal(new: Any, on: Any = ON, **service: Any) -> StrEnum:
    with pytest.raises(BusinessError) as caught:
        quote(make_service("10/month", **{"due": "2026-07-01", **service}), new, on)
    return caught.value.code


@pytest.mark.parametrize("reason", HINDRANCES)
def test_a_hindrance_of_the_service_is_named(reason: Refusal) -> None:
    assert refusal(terms("20/month", "b"), **HINDRANCES[reason]) is reason


@pytest.mark.parametrize("reason", CHOICES)
def test_an_impossible_choice_is_named(reason: Refusal) -> None:
    assert refusal(CHOICES[reason]) is reason


@pytest.mark.parametrize(("first", "second"), list(combinations(HINDRANCES, 2)))
def test_of_two_hindrances_the_first_listed_is_told(first: Refusal, second: Refusal) -> None:
    assert refusal(terms("20/month", "b"), **HINDRANCES[first], **HINDRANCES[second]) is first


@pytest.mark.parametrize("blocked_reason", HINDRANCES)
@pytest.mark.parametrize("choice", CHOICES)
def test_a_hindrance_is_told_before_an_impossible_choice(blocked_reason: Refusal, choice: Refusal) -> None:
    assert refusal(CHOICES[choice], **HINDRANCES[blocked_reason]) is blocked_reason


def test_of_two_impossible_choices_the_first_listed_is_told() -> None:
    assert refusal(terms("20/once", "b", currency="USD")) is Refusal.NOT_PERMITTED
    assert refusal(terms("20/month", "a", currency="USD")) is Refusal.OTHER_CURRENCY


def test_the_order_of_the_reasons_is_that_of_their_list() -> None:
    told = [*HINDRANCES, *CHOICES]
    assert told == [reason for reason in Refusal if reason in told]


@pytest.mark.parametrize(
    ("due", "reason"), [("2026-06-15", Refusal.OVERDUE), ("2026-06-16", None), ("2026-06-17", None)]
)
def test_a_service_is_overdue_the_day_after_its_due_date(due: str, reason: Refusal | None) -> None:
    assert service_refusal(make_service("10/month", due), ON) is reason


def test_a_service_without_a_due_date_is_never_overdue() -> None:
    assert service_refusal(make_service("free"), ON) is None


@pytest.mark.parametrize("due", ["2026-06-16", "2026-07-01"])
def test_paid_each_cycle_never_becomes_paid_once_even_on_its_due_date(due: str) -> None:
    assert refusal(terms("20/once", "b"), due=due) is Refusal.NOT_PERMITTED


@pytest.mark.parametrize("new", ["20/month", "200/year"])
def test_paid_once_never_becomes_paid_each_cycle(new: str) -> None:
    assert terms_refusal(terms("50/once", "a"), terms(new, "b")) is Refusal.NOT_PERMITTED


@pytest.mark.parametrize("new", ["10/quarter", "10/year"])
def test_the_same_plan_on_another_cycle_is_a_change(new: str) -> None:
    assert terms_refusal(terms("10/month", "a"), terms(new, "a")) is None


def test_a_refusal_carries_its_code_and_the_values_of_its_sentence() -> None:
    refusal = BusinessError(Refusal.OVER_LIMITS, used=12, allowed=10)
    assert (str(refusal), refusal.code, refusal.details) == (
        "over_limits",
        "over_limits",
        {"used": 12, "allowed": 10},
    )
