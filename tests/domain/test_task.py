"""A task is late once the next business day has passed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.task import is_late

MONDAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("opened", "last_day_in_time"),
    [
        (MONDAY, MONDAY + timedelta(days=1)),
        (MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)),
        (MONDAY + timedelta(days=4), MONDAY + timedelta(days=7)),  # Friday: Monday
        (MONDAY + timedelta(days=5), MONDAY + timedelta(days=7)),  # Saturday: Monday
        (MONDAY + timedelta(days=6), MONDAY + timedelta(days=7)),
    ],
)
def test_task_is_late_after_the_next_business_day(opened: date, last_day_in_time: date) -> None:
    assert not is_late(opened, opened)
    assert not is_late(opened, last_day_in_time)
    assert is_late(opened, last_day_in_time + timedelta(days=1))
