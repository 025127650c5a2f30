"""What a service uses against what a plan allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.usage import Excess, Resource, fit

LIMITS = {"disk_mb": 5000, "mailboxes": 10, "databases": None}


@pytest.mark.parametrize(
    ("used", "over", "known"),
    [
        ({"disk_mb": 4999, "mailboxes": 1, "databases": 3}, [], True),
        ({"disk_mb": 5000, "mailboxes": 10, "databases": 3}, [], True),  # exactly at the limit
        ({"disk_mb": 5001, "mailboxes": 10}, [("disk_mb", 1)], True),
        ({"disk_mb": 6200, "mailboxes": 12}, [("disk_mb", 1200), ("mailboxes", 2)], True),
        ({"disk_mb": 0, "mailboxes": 0}, [], True),
        ({"disk_mb": 0, "mailboxes": None}, [], False),
        ({"disk_mb": 5001}, [("disk_mb", 1)], False),  # one is over, the other unknown: both are told
        ({}, [], False),
        (None, [], False),
    ],
)
def test_a_use_fits_or_is_over_by_so_much_or_is_unknown(
    used: dict[str, int | None] | None, over: list[tuple[str, int]], known: bool
) -> None:
    found = fit(used, LIMITS)
    assert [(excess.resource.value, excess.to_free) for excess in found.over] == over
    assert found.known is known


@pytest.mark.parametrize("limits", [{}, {"disk_mb": None, "mailboxes": None, "databases": None}])
def test_without_limits_everything_fits_even_an_unknown_use(limits: dict[str, int | None]) -> None:
    assert fit(None, limits) == fit({"disk_mb": 10**12}, limits)
    assert fit(None, limits).known
    assert not fit(None, limits).over


def test_a_limit_of_nothing_is_a_limit() -> None:
    assert fit({"databases": 1}, {"databases": 0}).over == (Excess(Resource.DATABASES, 1, 0),)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_what_is_over_fits_once_it_is_freed(used: int, allowed: int) -> None:
    over = fit({"disk_mb": used}, {"disk_mb": allowed}).over
    freed = used - sum(excess.to_free for excess in over)
    assert not fit({"disk_mb": freed}, {"disk_mb": allowed}).over
    assert all(excess.to_free > 0 for excess in over)
