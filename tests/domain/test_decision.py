"""The decision table: for each row the whole outcome, with its lines, the days they cover and the new anchor day."""

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
UP, DOWN = (NOW, RENEWAL), (RENEWAL, NOW)
ON, DUE, YEAR_LATER = day("2026-06-16"), day("2026-07-01"), day("2027-06-16")
LEFT = Period(ON, DUE)


def outcome(
    service: PricingInput, new: str, when: When | None = None, charge: ChargePolicy = ChargePolicy.PRORATED
) -> PricingOutcome:
    """What is decided on 16 June."""
    return decide(service, terms(new, "b"), ON, when, charge)


def test_an_upgrade_within_the_cycle_covers_the_days_left() -> None:
    line = Line(LineCode.DIFFERENCE, Money(5_00), LEFT, days=15, of_days=30, cycles_ahead=0)
    expected = PricingOutcome(Decision.NOW, DUE, 1, (line,), UP)
    assert outcome(make_service("10/month", DUE), "20/month") == expected


def test_an_upgrade_within_the_cycle_names_the_cycles_paid_ahead() -> None:
    due = day("2026-08-01")
    line = Line(LineCode.DIFFERENCE, Money(15_00), Period(ON, due), days=15, of_days=30, cycles_ahead=1)
    assert outcome(make_service("10/month", due), "20/month") == PricingOutcome(Decision.NOW, due, 1, (line,), UP)


def test_an_upgrade_under_the_full_period_policy_covers_the_whole_running_cycle() -> None:
    due = day("2026-08-01")
    line = Line(LineCode.DIFFERENCE, Money(20_00), Period(day("2026-06-01"), due), 30, 30, 1)
    found = outcome(make_service("10/month", due), "20/month", charge=ChargePolicy.FULL_PERIOD)
    assert found == PricingOutcome(Decision.NOW, due, 1, (line,), UP)


def test_an_upgrade_within_the_cycle_may_wait_and_keeps_the_anchor_day() -> None:
    service = make_service("10/month", "2026-06-30", anchor=31)
    expected = PricingOutcome(Decision.AT_NEXT_DUE, day("2026-06-30"), 31, timing_options=UP)
    assert outcome(service, "20/month", RENEWAL) == expected


@pytest.mark.parametrize("new", ["9.99/month", "1/month"])
def test_a_lower_plan_waits_by_default_and_may_be_had_at_once(new: str) -> None:
    service = make_service("10/month", DUE)
    assert outcome(service, new) == PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1, timing_options=DOWN)
    assert outcome(service, new, NOW) == PricingOutcome(Decision.NOW, DUE, 1, timing_options=DOWN)


def test_a_plan_at_the_same_price_is_had_at_once_for_nothing() -> None:
    expected = PricingOutcome(Decision.NOW, DUE, 1, timing_options=UP)
    assert outcome(make_service("10/month", DUE), "10/month") == expected


def test_a_longer_cycle_begins_today_less_the_time_unused() -> None:
    new = Line(LineCode.NEW_PERIOD, Money(100_00), Period(ON, YEAR_LATER))
    unused = Line(LineCode.UNUSED_TIME, Money(-5_00), LEFT, days=15, of_days=30, cycles_ahead=0)
    expected = PricingOutcome(Decision.NOW, YEAR_LATER, 16, (new, unused), UP)
    assert outcome(make_service("10/month", DUE), "100/year") == expected


def test_a_longer_cycle_takes_off_the_cycles_paid_ahead() -> None:
    due = day("2026-08-01")
    unused = Line(LineCode.UNUSED_TIME, Money(-15_00), Period(ON, due), days=15, of_days=30, cycles_ahead=1)
    assert outcome(make_service("10/month", due), "100/year").lines[1] == unused


def test_a_longer_cycle_may_wait() -> None:
    expected = PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1, timing_options=UP)
    assert outcome(make_service("10/month", DUE), "100/year", RENEWAL) == expected


@pytest.mark.parametrize(("price", "decision"), [("5.00", Decision.NOW), ("4.99", Decision.AT_NEXT_DUE)])
def test_a_longer_cycle_cheaper_than_the_time_unused_waits(price: str, decision: Decision) -> None:
    found = outcome(make_service("10/month", DUE), f"{price}/year")  # half of the month is unused: 5.00
    assert found.decision is decision
    assert found.timing_options == (UP if decision is Decision.NOW else ())
    assert found.anchor == (16 if decision is Decision.NOW else 1)


@pytest.mark.parametrize("new", ["20/month", "free", "0/year"])
def test_a_shorter_cycle_or_a_free_plan_waits_for_the_due_date(new: str) -> None:
    assert outcome(make_service("100/year", DUE), new, NOW) == PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1)


@pytest.mark.parametrize("new", ["20/month", "5/month", "100/year", "free"])
def test_a_change_on_the_due_date_goes_with_the_renewal(new: str) -> None:
    assert outcome(make_service("10/month", ON), new, NOW) == PricingOutcome(Decision.WITH_RENEWAL, ON, 16)


@pytest.mark.parametrize(("old", "new", "cents"), [("50/once", "80/once", 30_00), ("free", "80/once", 80_00)])
def test_a_product_paid_once_costs_the_difference(old: str, new: str, cents: int) -> None:
    line = Line(LineCode.DIFFERENCE, Money(cents))
    assert outcome(make_service(old, anchor=7), new) == PricingOutcome(Decision.NOW, None, 7, (line,))


def test_a_cheaper_product_paid_once_costs_nothing() -> None:
    assert outcome(make_service("80/once", anchor=7), "50/once") == PricingOutcome(Decision.NOW, None, 7)


def test_from_free_a_first_period_begins_today() -> None:
    line = Line(LineCode.NEW_PERIOD, Money(100_00), Period(ON, YEAR_LATER))
    found = outcome(make_service("free"), "100/year")
    assert found == PricingOutcome(Decision.NOW, YEAR_LATER, 16, (line,))
    assert found.lines[0].cycles_ahead == 0


def test_from_a_free_recurring_plan_a_first_period_begins_today_or_on_the_due_date() -> None:
    service = make_service("0/month", DUE)
    next_due = day("2026-07-16")
    line = Line(LineCode.NEW_PERIOD, Money(20_00), Period(ON, next_due))
    assert outcome(service, "20/month") == PricingOutcome(Decision.NOW, next_due, 16, (line,), UP)
    waits = PricingOutcome(Decision.AT_NEXT_DUE, DUE, 1, timing_options=UP)
    assert outcome(service, "20/month", RENEWAL) == waits


def test_from_a_free_recurring_plan_to_a_free_one_keeps_the_due_date() -> None:
    assert outcome(make_service("0/month", DUE), "free") == PricingOutcome(Decision.NOW, DUE, 1, timing_options=UP)


def test_from_a_free_recurring_plan_to_one_paid_once_ends_the_due_dates() -> None:
    line = Line(LineCode.NEW_PERIOD, Money(80_00))
    expected = PricingOutcome(Decision.NOW, None, 1, (line,), UP)
    assert outcome(make_service("0/month", DUE), "80/once") == expected


@pytest.mark.parametrize(("old", "due"), [("0/month", None), ("free", "2026-07-01")])
def test_a_free_plan_that_never_falls_due_leaves_no_choice_of_time(old: str, due: str | None) -> None:
    found = outcome(make_service(old, due), "20/month", RENEWAL)
    assert (found.decision, found.timing_options) == (Decision.NOW, ())
