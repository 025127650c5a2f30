"""The outcome of each row of the decision table: lines, days covered and new anchor day."""

from __future__ import annotations

import pytest

from kajoom.domain.cycle import Period
from kajoom.domain.decision import (
    ChargePolicy,
    Decision,
    Line,
    LineCode,
    PricingInput,
    PricingOutcome,
    When,
    decide,
)
from kajoom.domain.money import Money
from tests.domain.factories import day, make_service, terms

NOW, RENEWAL = When.NOW, When.RENEWAL
NOW_BY_DEFAULT, RENEWAL_BY_DEFAULT = (NOW, RENEWAL), (RENEWAL, NOW)
ON, DUE, YEAR_LATER = day("2026-06-16"), day("2026-07-01"), day("2027-06-16")
LEFT = Period(ON, DUE)


def outcome(
    service: PricingInput, new: str, when: When | None = None, charge: ChargePolicy = ChargePolicy.PRORATED
) -> PricingOutcome:
    """Return the outcome of a change on 16 June."""
    return decide(service, terms(new, "b"), ON, when, charge)


def test_upgrade_on_the_same_cycle_covers_the_days_left() -> None:
    line = Line(LineCode.DIFFERENCE, Money(5_00), LEFT, days=15, of_days=30, cycles_ahead=0)
    expected = PricingOutcome(Decision.NOW, DUE, 1, (line,), NOW_BY_DEFAULT)
    assert outcome(make_service("10/month", DUE), "20/month") == expected


def test_upgrade_on_the_same_cycle_counts_the_cycles_paid_ahead() -> None:
    due = day("2026-08-01")
    line = Line(LineCode.DIFFERENCE, Money(15_00), Period(ON, due), days=15, of_days=30, cycles_ahead=1)
    assert outcome(make_service("10/month", due), "20/month") == PricingOutcome(
        Decision.NOW, due, 1, (line,), NOW_BY_DEFAULT
    )


def test_full_period_upgrade_covers_the_whole_running_cycle() -> None:
    due = day("2026-08-01")
    line = Line(LineCode.DIFFERENCE, Money(20_00), Period(day("2026-06-01"), due), 30, 30, 1)
    result = outcome(make_service("10/month", due), "20/month", charge=ChargePolicy.FULL_PERIOD)
    assert result == PricingOutcome(Decision.NOW, due, 1, (line,), NOW_BY_DEFAULT)


def test_upgrade_that_waits_keeps_the_anchor_day() -> None:
    service = make_service("10/month", "2026-06-30", anchor=31)
    expected = PricingOutcome(Decision.AT_NEXT_DUE, day("2026-06-30"), 31, timing_options=NOW_BY_DEFAULT)
    assert outcome(service, "20/month", RENEWAL) == expected


@pytest.mark.parametrize("new", ["9.99/month", "1/month"])
def test_downgrade_waits_by_default_and_may_be_immediate(new: str) -> None:
    service = make_service("10/month", DUE)
    assert outcome(service, new) == PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1, timing_options=RENEWAL_BY_DEFAULT)
    assert outcome(service, new, NOW) == PricingOutcome(Decision.NOW, DUE, 1, timing_options=RENEWAL_BY_DEFAULT)


def test_plan_at_the_same_price_is_immediate_and_free_of_charge() -> None:
    expected = PricingOutcome(Decision.NOW, DUE, 1, timing_options=NOW_BY_DEFAULT)
    assert outcome(make_service("10/month", DUE), "10/month") == expected


def test_longer_cycle_starts_today_less_the_unused_time() -> None:
    new = Line(LineCode.NEW_PERIOD, Money(100_00), Period(ON, YEAR_LATER))
    unused = Line(LineCode.UNUSED_TIME, Money(-5_00), LEFT, days=15, of_days=30, cycles_ahead=0)
    expected = PricingOutcome(Decision.NOW, YEAR_LATER, 16, (new, unused), NOW_BY_DEFAULT)
    assert outcome(make_service("10/month", DUE), "100/year") == expected


def test_longer_cycle_credits_the_cycles_paid_ahead() -> None:
    due = day("2026-08-01")
    unused = Line(LineCode.UNUSED_TIME, Money(-15_00), Period(ON, due), days=15, of_days=30, cycles_ahead=1)
    assert outcome(make_service("10/month", due), "100/year").lines[1] == unused


def test_longer_cycle_may_wait() -> None:
    expected = PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1, timing_options=NOW_BY_DEFAULT)
    assert outcome(make_service("10/month", DUE), "100/year", RENEWAL) == expected


@pytest.mark.parametrize(("price", "decision"), [("5.00", Decision.NOW), ("4.99", Decision.AT_NEXT_DUE)])
def test_longer_cycle_cheaper_than_the_unused_time_waits(price: str, decision: Decision) -> None:
    result = outcome(make_service("10/month", DUE), f"{price}/year")  # the unused half month is worth 5.00
    assert result.decision is decision
    assert result.timing_options == (NOW_BY_DEFAULT if decision is Decision.NOW else ())
    assert result.anchor == (16 if decision is Decision.NOW else 1)


@pytest.mark.parametrize("new", ["20/month", "free", "0/year"])
def test_shorter_cycle_or_free_plan_waits_for_the_due_date(new: str) -> None:
    assert outcome(make_service("100/year", DUE), new, NOW) == PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1)


@pytest.mark.parametrize("new", ["20/month", "5/month", "100/year", "free"])
def test_change_on_the_due_date_goes_with_the_renewal(new: str) -> None:
    assert outcome(make_service("10/month", ON), new, NOW) == PricingOutcome(Decision.WITH_RENEWAL, ON, 16)


@pytest.mark.parametrize(("old", "new", "cents"), [("50/once", "80/once", 30_00), ("free", "80/once", 80_00)])
def test_one_time_product_costs_the_difference(old: str, new: str, cents: int) -> None:
    line = Line(LineCode.DIFFERENCE, Money(cents))
    assert outcome(make_service(old, anchor=7), new) == PricingOutcome(Decision.NOW, None, 7, (line,))


def test_cheaper_one_time_product_costs_nothing() -> None:
    assert outcome(make_service("80/once", anchor=7), "50/once") == PricingOutcome(Decision.NOW, None, 7)


def test_first_period_after_free_starts_today() -> None:
    line = Line(LineCode.NEW_PERIOD, Money(100_00), Period(ON, YEAR_LATER))
    result = outcome(make_service("free"), "100/year")
    assert result == PricingOutcome(Decision.NOW, YEAR_LATER, 16, (line,))
    assert result.lines[0].cycles_ahead == 0


def test_plan_at_no_price_with_a_due_date_is_charged_for_the_days_left() -> None:
    service = make_service("0/month", DUE)
    line = Line(LineCode.DIFFERENCE, Money(10_00), LEFT, days=15, of_days=30, cycles_ahead=0)
    assert outcome(service, "20/month") == PricingOutcome(Decision.NOW, DUE, 1, (line,), NOW_BY_DEFAULT)
    waits = PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1, timing_options=NOW_BY_DEFAULT)
    assert outcome(service, "20/month", RENEWAL) == waits


def test_longer_cycle_after_a_plan_at_no_price_has_no_unused_time() -> None:
    line = Line(LineCode.NEW_PERIOD, Money(100_00), Period(ON, YEAR_LATER))
    expected = PricingOutcome(Decision.NOW, YEAR_LATER, 16, (line,), NOW_BY_DEFAULT)
    assert outcome(make_service("0/month", DUE), "100/year") == expected


def test_plan_at_no_price_changes_to_another_one_at_once_and_to_no_cycle_on_the_due_date() -> None:
    service = make_service("0/month", DUE)
    assert outcome(service, "0/month") == PricingOutcome(Decision.NOW, DUE, 1, timing_options=NOW_BY_DEFAULT)
    assert outcome(service, "free", NOW) == PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1)


@pytest.mark.parametrize(("old", "due"), [("0/month", None), ("free", "2026-07-01"), ("0/once", "2026-07-01")])
def test_free_plan_without_a_due_date_offers_no_timing(old: str, due: str | None) -> None:
    result = outcome(make_service(old, due), "20/month", RENEWAL)
    assert (result.decision, result.timing_options) == (Decision.NOW, ())
    assert result.next_due == day("2026-07-16")


@pytest.mark.parametrize(
    ("text", "due", "anchor", "on", "expected"),
    [
        ("0/month", "2026-01-31", 31, "2026-02-28", "2026-02-28"),  # the day itself
        ("0/month", "2026-01-31", 31, "2026-03-01", "2026-03-31"),  # from the anchor, not from 28 February
        ("0/month", "2026-01-31", 31, "2026-01-31", "2026-01-31"),
        ("0/month", "2026-01-31", 31, "2026-01-01", "2026-01-31"),  # a date to come stays
        ("0/year", "2024-02-29", 29, "2026-06-16", "2027-02-28"),
        ("0/year", "2024-02-29", 29, "2027-03-01", "2028-02-29"),
        ("0/quarter", "2026-01-15", 15, "2026-06-16", "2026-07-15"),
        ("0/quarter", "2026-01-15", 15, "2026-04-15", "2026-04-15"),
        ("0/month", "0001-01-31", 31, "9999-11-30", "9999-11-30"),
        ("10/month", "2026-01-31", 31, "2026-03-01", "2026-01-31"),  # billed: it is overdue
        ("0/once", "2026-01-31", 31, "2026-03-01", "2026-01-31"),
    ],
)
def test_due_date_at_no_price_moves_by_whole_cycles(text: str, due: str, anchor: int, on: str, expected: str) -> None:
    assert make_service(text, due, anchor).as_of(day(on)).due == day(expected)
