"""Billing cycles and due dates: month ends, leap years and the limits of the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.cycle import BillingCycle, Period, add_months, due_dates, paid_time_left
from tests.domain.factories import day
from tests.domain.strategies import ANCHORS, DAYS, RECURRING


def test_length_of_each_cycle_in_months() -> None:
    assert [cycle.months for cycle in BillingCycle] == [0, 0, 1, 3, 6, *range(12, 121, 12)]


@pytest.mark.parametrize(
    ("start", "months", "anchor", "end"),
    [
        ("2026-01-31", 1, 31, "2026-02-28"),
        ("2028-01-31", 1, 31, "2028-02-29"),
        ("2026-02-28", 1, 31, "2026-03-31"),  # not 28 March: the anchor stays the 31st
        ("2026-02-28", 1, 28, "2026-03-28"),
        ("2026-03-31", -1, 31, "2026-02-28"),
        ("2024-02-29", 12, 29, "2025-02-28"),
        ("2024-02-29", 48, 29, "2028-02-29"),
        ("2099-02-28", 12, 29, "2100-02-28"),  # 2100 is no leap year
        ("2000-02-29", -1200, 29, "1900-02-28"),
        ("2026-12-15", 1, 15, "2027-01-15"),
        ("2026-01-15", -1, 15, "2025-12-15"),
        ("2026-06-16", 0, 31, "2026-06-30"),
        ("0001-02-10", -1, 10, "0001-01-10"),
        ("9999-11-30", 1, 31, "9999-12-31"),
    ],
)
def test_added_months_keep_the_anchor_day(start: str, months: int, anchor: int, end: str) -> None:
    assert add_months(day(start), months, anchor) == day(end)


@pytest.mark.parametrize(("start", "months"), [("9999-12-01", 1), ("0001-01-31", -1), ("2026-01-01", 12 * 8000)])
def test_day_outside_the_calendar_raises_overflow_error(start: str, months: int) -> None:
    with pytest.raises(OverflowError, match="outside the calendar"):
        add_months(day(start), months, 1)


@pytest.mark.parametrize("anchor", [-1, 0, 32])
def test_anchor_must_be_a_day_of_the_month(anchor: int) -> None:
    with pytest.raises(ValueError, match="not a day of the month"):
        add_months(day("2026-01-15"), 1, anchor)


@given(DAYS, ANCHORS, st.integers(-300, 300), st.integers(-300, 300))
def test_adding_months_twice_equals_adding_their_sum(start: date, anchor: int, first: int, second: int) -> None:
    assert add_months(add_months(start, first, anchor), second, anchor) == add_months(start, first + second, anchor)


@given(DAYS, ANCHORS, st.integers(0, 600))
def test_due_date_is_the_anchor_day_or_the_last_day_of_the_month(start: date, anchor: int, months: int) -> None:
    end = add_months(start, months, anchor)
    assert end.day == anchor or (end.day < anchor and (end + timedelta(days=1)).day == 1)


def test_due_dates_return_to_the_31st_after_a_shorter_month() -> None:
    dates = due_dates(day("2026-01-31"), 1, 4)
    assert dates == [day("2026-02-28"), day("2026-03-31"), day("2026-04-30"), day("2026-05-31")]


def test_due_dates_return_to_29_february_in_leap_years() -> None:
    assert due_dates(day("2024-02-29"), 12, 4)[2:] == [day("2027-02-28"), day("2028-02-29")]


@given(DAYS, RECURRING, st.integers(0, 40))
def test_due_dates_are_increasing(anchor: date, cycle: BillingCycle, count: int) -> None:
    dates = due_dates(anchor, cycle.months, count)
    assert len(dates) == count
    assert all(before < after for before, after in zip([anchor, *dates], dates, strict=False))


@pytest.mark.parametrize(
    ("due", "months", "days"),
    [
        ("2026-03-01", 1, 28),
        ("2028-03-01", 1, 29),
        ("2026-05-01", 1, 30),
        ("2026-08-01", 1, 31),
        ("2026-04-01", 3, 90),
        ("2027-01-01", 12, 365),
        ("2029-01-01", 12, 366),
        ("2029-01-01", 36, 1096),
    ],
)
def test_period_has_its_real_number_of_days(due: str, months: int, days: int) -> None:
    last_day = day(due) - timedelta(days=1)
    assert paid_time_left(last_day, day(due), months, day(due).day).running.days == days


@pytest.mark.parametrize(
    ("on", "start", "end", "left", "ahead"),
    [
        ("2026-06-30", "2026-06-01", "2026-07-01", 1, 0),  # the last day counts as unused
        ("2026-06-02", "2026-06-01", "2026-07-01", 29, 0),
        ("2026-06-01", "2026-06-01", "2026-07-01", 30, 0),  # the first day: the whole cycle
        ("2026-05-31", "2026-05-01", "2026-06-01", 1, 1),  # the day before: one cycle is paid ahead
        ("2026-05-01", "2026-05-01", "2026-06-01", 31, 1),
        ("2026-04-30", "2026-04-01", "2026-05-01", 1, 2),
    ],
)
def test_paid_time_left_is_counted_in_the_running_cycle(on: str, start: str, end: str, left: int, ahead: int) -> None:
    paid = paid_time_left(day(on), day("2026-07-01"), 1, 1)
    assert (paid.running, paid.days_left, paid.cycles_ahead) == (Period(day(start), day(end)), left, ahead)


@given(DAYS, ANCHORS, RECURRING, st.data())
def test_unused_share_decreases_by_one_day_each_day(
    start: date, anchor: int, cycle: BillingCycle, data: st.DataObject
) -> None:
    due = add_months(start, 0, anchor)
    on = due - timedelta(days=data.draw(st.integers(2, 1200)))
    today, tomorrow = (paid_time_left(each, due, cycle.months, anchor) for each in (on, on + timedelta(days=1)))
    assert today.running.start <= on < today.running.end
    assert today.share - tomorrow.share == Fraction(1, today.running.days)
