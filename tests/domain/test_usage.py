"""Resource usage of a service compared with the limits of a plan."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.usage import Excess, LimitChange, Resource, combined_usage, fit, is_believed, limit_changes

LIMITS = {"disk_mb": 5000, "mailboxes": 10, "databases": None}
DISK, MAILBOXES, DATABASES = Resource


@pytest.mark.parametrize(
    ("used", "over", "known"),
    [
        ({"disk_mb": 4999, "mailboxes": 1, "databases": 3}, [], True),
        ({"disk_mb": 5000, "mailboxes": 10, "databases": 3}, [], True),  # exactly at the limit
        ({"disk_mb": 5001, "mailboxes": 10}, [("disk_mb", 1)], True),
        ({"disk_mb": 6200, "mailboxes": 12}, [("disk_mb", 1200), ("mailboxes", 2)], True),
        ({"disk_mb": 0, "mailboxes": 0}, [], True),
        ({"disk_mb": 0, "mailboxes": None}, [], False),
        ({"disk_mb": 5001}, [("disk_mb", 1)], False),  # one over, the other unknown
        ({}, [], False),
        (None, [], False),
    ],
)
def test_usage_fits_is_over_or_is_unknown(
    used: dict[str, int | None] | None, over: list[tuple[str, int]], known: bool
) -> None:
    result = fit(used, LIMITS)
    assert [(excess.resource.value, excess.to_free) for excess in result.over] == over
    assert result.known is known


@pytest.mark.parametrize("limits", [{}, {"disk_mb": None, "mailboxes": None, "databases": None}])
def test_any_usage_fits_a_plan_without_limits(limits: dict[str, int | None]) -> None:
    assert fit(None, limits) == fit({"disk_mb": 10**12}, limits)
    assert fit(None, limits).known
    assert not fit(None, limits).over


def test_limit_of_zero_is_a_limit() -> None:
    assert fit({"databases": 1}, {"databases": 0}).over == (Excess(Resource.DATABASES, 1, 0),)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_usage_fits_once_the_excess_is_freed(used: int, allowed: int) -> None:
    over = fit({"disk_mb": used}, {"disk_mb": allowed}).over
    freed = used - sum(excess.to_free for excess in over)
    assert not fit({"disk_mb": freed}, {"disk_mb": allowed}).over
    assert all(excess.to_free > 0 for excess in over)


@pytest.mark.parametrize(
    ("current", "known"),
    [
        (4999, True),  # the limit increases
        (5000, True),
        (5001, False),  # the limit decreases: the usage must be known
        (None, False),  # from unlimited
    ],
)
def test_unreported_usage_is_unknown_only_when_the_limit_decreases(current: int | None, known: bool) -> None:
    assert fit({"disk_mb": None}, {"disk_mb": 5000}, {"disk_mb": current}).known is known


def test_unreported_usage_is_unknown_when_the_current_plan_has_no_such_limit() -> None:
    assert not fit(None, {"disk_mb": 5000}, {"mailboxes": 5000}).known


def test_one_decreased_limit_makes_the_usage_unknown() -> None:
    limits = {"disk_mb": 5000, "mailboxes": 10}
    assert not fit(None, limits, {"disk_mb": 9000, "mailboxes": 10}).known
    assert not fit(None, limits, {"disk_mb": 5000, "mailboxes": 11}).known


@pytest.mark.parametrize(
    ("before", "after", "differs", "is_gain", "by"),
    [
        (5000, 20_000, True, True, 15_000),
        (20_000, 5000, True, False, -15_000),
        (5000, 5000, False, False, 0),
        (0, 1, True, True, 1),
        (5000, None, True, True, None),  # to unlimited
        (None, 5000, True, False, None),  # from unlimited
        (None, None, False, False, None),
    ],
)
def test_limit_change_is_a_gain_only_when_more_is_allowed(
    before: int | None, after: int | None, differs: bool, is_gain: bool, by: int | None
) -> None:
    change = LimitChange(DISK, before, after, used=1000)
    assert (change.differs, change.is_gain, change.by) == (differs, is_gain, by)


def test_limit_changes_are_in_the_order_of_the_resources() -> None:
    used = {"disk_mb": 900, "mailboxes": 3, "databases": 1}
    current = {"databases": 5, "mailboxes": 20, "disk_mb": 10_000}
    target = {"databases": 2, "mailboxes": None, "disk_mb": 20_000}
    assert limit_changes(used, current, target) == (
        LimitChange(DISK, 10_000, 20_000, 900),
        LimitChange(MAILBOXES, 20, None, 3),
        LimitChange(DATABASES, 5, 2, 1),
    )


def test_limit_changes_without_a_report_have_unknown_usage() -> None:
    assert limit_changes(None, {"disk_mb": 1}, {"disk_mb": 2}) == (LimitChange(DISK, 1, 2, None),)


def test_limit_changes_omit_resources_neither_plan_limits() -> None:
    changes = limit_changes({"databases": 1}, {"disk_mb": 10}, {"mailboxes": 5})
    assert changes == (LimitChange(DISK, 10, None, None), LimitChange(MAILBOXES, None, 5, None))


@pytest.mark.parametrize(
    ("reported", "measured", "usage"),
    [
        ({"disk_mb": 900, "mailboxes": 3}, {"disk_mb": 1200}, {"disk_mb": 1200, "mailboxes": 3}),
        ({"disk_mb": 900}, {"disk_mb": None}, {"disk_mb": 900}),  # the panel names it without an amount
        ({"disk_mb": 900}, None, {"disk_mb": 900}),
        (None, {"disk_mb": 0}, {"disk_mb": 0}),
        (None, {}, None),
        (None, None, None),
    ],
)
def test_what_a_panel_measured_comes_before_what_the_file_reported(
    reported: dict[str, int | None] | None, measured: dict[str, int | None] | None, usage: dict[str, int | None] | None
) -> None:
    assert combined_usage(reported, measured) == usage


@pytest.mark.parametrize(
    ("measured_on", "believed"),
    [(date(2026, 6, 16), True), (date(2026, 6, 9), True), (date(2026, 6, 8), False), (None, False)],
)
def test_measure_is_believed_for_a_week(measured_on: date | None, believed: bool) -> None:
    assert is_believed(measured_on, date(2026, 6, 16)) is believed
