"""Counting acts in the database: in parallel, in several counters at once, and for as long as they are remembered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from kajoom.domain.throttle import ThrottleKind
from kajoom.models.throttle import CounterName, Throttle
from kajoom.operations.accounts.throttling import TooManyActs, count_act, give_back, record_success
from kajoom.operations.daily import delete_old_rows
from tests.factories import AT
from tests.operations.ledger_checks import rows
from tests.operations.parallel import run_in_threads

PAIR, ADDRESS = CounterName(ThrottleKind.PAIR, "pair"), CounterName(ThrottleKind.ADDRESS, "address")
ORDERS, EMAILS = CounterName(ThrottleKind.ORDER, "client"), CounterName(ThrottleKind.EMAIL, "client")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def count(*names: CounterName, times: int = 1, at: datetime = AT) -> None:
    for _ in range(times):
        count_act(names, at)


def counts() -> dict[str, int]:
    return {each.kind: each.count for each in rows(Throttle)}


def test_sixth_wrong_password_waits_and_changes_nothing() -> None:
    count(PAIR, ADDRESS, times=5)
    with pytest.raises(TooManyActs) as refused:
        count(PAIR, ADDRESS, at=AT + timedelta(seconds=29))
    assert (refused.value.kind, refused.value.next_at) == (ThrottleKind.PAIR, AT + timedelta(seconds=30))
    assert counts() == {"pair": 5, "address": 5}
    count(PAIR, ADDRESS, at=AT + timedelta(seconds=30))
    with pytest.raises(TooManyActs):
        count(PAIR, at=AT + timedelta(seconds=89))
    assert counts() == {"pair": 6, "address": 6}


@pytest.mark.parametrize("name", [PAIR, ORDERS])
def test_act_that_waited_for_one_that_came_later_is_not_refused(name: CounterName) -> None:
    count(name, at=AT + timedelta(milliseconds=5))
    count(name, at=AT)
    assert counts() == {name.kind: 2}


def test_right_password_ends_the_failures_of_the_account_and_is_none_of_the_address() -> None:
    count(PAIR, ADDRESS, times=5)
    record_success([PAIR], [ADDRESS], AT)
    assert counts() == {"address": 4}


def test_act_that_was_given_back_does_not_count() -> None:
    count(ORDERS, EMAILS, times=20)
    give_back([ORDERS, EMAILS], AT)
    count(ORDERS, EMAILS)
    with pytest.raises(TooManyActs):
        count(ORDERS, EMAILS)


def test_acts_of_two_kinds_share_the_limit_of_e_mails() -> None:
    count(ORDERS, EMAILS, times=20)
    count(CounterName(ThrottleKind.CANCELLATION, "client"), EMAILS, times=10)
    with pytest.raises(TooManyActs) as refused:
        count(CounterName(ThrottleKind.CANCELLATION, "client"), EMAILS)
    assert refused.value.kind is ThrottleKind.EMAIL
    assert counts() == {"order": 20, "cancellation": 10, "email": 30}


def test_hour_of_a_limit_begins_with_its_first_act() -> None:
    count(ORDERS)
    count(ORDERS, times=19, at=AT + 59 * MINUTE)
    with pytest.raises(TooManyActs) as refused:
        count(ORDERS, at=AT + 59 * MINUTE)
    assert refused.value.next_at == AT + HOUR
    count(ORDERS, times=20, at=AT + HOUR)


def test_twenty_guesses_at_the_same_moment_are_five(app: Flask) -> None:
    def guess(_number: int) -> str:
        try:
            count(PAIR, ADDRESS)
        except TooManyActs:
            return "throttled"
        return "checked"

    assert run_in_threads(app, guess) == {"checked": 5, "throttled": 15}


def test_forgotten_counters_are_deleted_daily() -> None:
    count(PAIR, ADDRESS)
    delete_old_rows(AT + HOUR + MINUTE)
    assert counts() == {"pair": 1}
    delete_old_rows(AT + DAY + MINUTE)
    assert counts() == {}
