"""A due date is carried along its chain to the first one after a given day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.cycle import add_months, carried_forward, parse_day

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("due", "months", "anchor", "on", "carried"),
    [
        ("2022-11-01", 1, 1, "2022-10-17", "2022-11-01"),
        ("2022-11-01", 1, 1, "2022-11-01", "2022-12-01"),
        ("2022-11-01", 1, 1, "2026-05-20", "2026-06-01"),
        ("2022-11-15", 12, 15, "2026-11-20", "2027-11-15"),
        ("2026-02-28", 1, 31, "2026-03-30", "2026-03-31"),
        ("2026-02-28", 1, 31, "2026-03-31", "2026-04-30"),
        ("2022-11-01", 1, 1, "2020-02-29", "2020-03-01"),
    ],
)
def test_due_date_is_carried_by_whole_cycles(due: str, months: int, anchor: int, on: str, carried: str) -> None:
    assert carried_forward(parse_day(due), months, anchor, parse_day(on)) == parse_day(carried)


@given(DAYS, st.sampled_from([1, 3, 6, 12, 24, 36]), st.integers(1, 31), DAYS)
def test_carried_due_date_is_the_first_of_its_chain_after_it(day: date, months: int, anchor: int, on: date) -> None:
    due = add_months(day, 0, anchor)
    carried = carried_forward(due, months, anchor, on)
    assert add_months(carried, -months, anchor) <= on < carried
    apart = (carried.year - due.year) * 12 + carried.month - due.month
    assert apart % months == 0


@pytest.mark.parametrize("text", ["", "2022-11-1", "20221101", "2022-W44-2", "2022-11-01 ", "٢٠٢٢-11-01", "2022-02-29"])
def test_day_written_otherwise_is_no_day(text: str) -> None:
    with pytest.raises(ValueError, match="no"):
        parse_day(text)
