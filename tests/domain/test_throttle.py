"""When the next act may be, after so many."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.throttle import LIMITS, Counter, GrowingDelay, ThrottleKind, Window
from tests.factories import AT

HOUR = timedelta(hours=1)
PASSWORDS = LIMITS[ThrottleKind.PAIR]


def seconds_after(failures: int, limit: GrowingDelay | Window = PASSWORDS) -> float:
    """The seconds until the next attempt, after so many that failed now."""
    return (limit.after(Counter(failures, AT, AT + HOUR), AT).next_at - AT).total_seconds()


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0), (4, 0), (5, 30), (6, 60), (9, 480), (10, 900), (11, 900), (10_000, 900)]
)
def test_delay_doubles_from_the_fifth_wrong_password_up_to_fifteen_minutes(failures: int, seconds: int) -> None:
    assert seconds_after(failures) == seconds


def test_failures_are_forgotten_a_day_after_the_last() -> None:
    assert PASSWORDS.after(Counter(7, AT, AT + HOUR), AT).forget_at == AT + timedelta(days=1)


@pytest.mark.parametrize(("acts", "seconds"), [(1, 0), (19, 0), (20, 3600)])
def test_twentieth_act_of_an_hour_is_the_last(acts: int, seconds: int) -> None:
    assert seconds_after(acts, LIMITS[ThrottleKind.ORDER]) == seconds


def test_every_kind_has_a_limit() -> None:
    assert LIMITS.keys() == set(ThrottleKind)
