"""The end date of a cancelled service."""

from __future__ import annotations

import pytest

from kajoom.domain.cancellation import CancellationWhen, ends_on
from tests.domain.factories import day


@pytest.mark.parametrize(
    ("when", "due", "end"),
    [
        ("now", "2026-07-01", "2026-06-16"),
        ("now", None, "2026-06-16"),
        ("period_end", "2026-07-01", "2026-07-01"),  # the first day not paid for
        ("period_end", "2026-06-17", "2026-06-17"),
        ("period_end", "2026-06-16", "2026-06-16"),
        ("period_end", "2026-06-01", "2026-06-16"),  # overdue: never in the past
        ("period_end", None, "2026-06-16"),  # no due date to wait for
    ],
)
def test_service_ends_today_or_on_its_due_date_but_never_in_the_past(when: str, due: str | None, end: str) -> None:
    assert ends_on(CancellationWhen(when), day("2026-06-16"), day(due) if due else None) == day(end)
