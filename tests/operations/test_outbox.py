"""What must be told is written once, taken by one worker at a time, tried again later and later, and never lost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kajoom.models.db import db
from kajoom.models.outbox import Message, message_by_key
from kajoom.operations.outbox import (
    LEASE,
    MAX_ATTEMPTS,
    dead_letter,
    enqueue,
    lease_next,
    mark_done,
    reschedule_message,
    retry_later,
)
from kajoom.operations.transaction import transactional
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows

SECOND = timedelta(seconds=1)


@transactional
def told(key: str, at: datetime = AT) -> None:
    enqueue("email", key, at, email="change_requested", order=1)


def taken(at: datetime) -> Message:
    message = lease_next(at)
    assert message is not None
    return message


def message(key: str) -> Message:
    found = message_by_key(key)
    assert found is not None
    return found


def token(snapshot: Message) -> str:
    assert snapshot.lease_token is not None
    return snapshot.lease_token


def test_what_is_told_twice_is_written_once() -> None:
    told("a")
    with nothing_written():
        told("a", AT + SECOND)

    assert [(row.key, row.ids, row.attempts) for row in rows(Message)] == [
        ("a", {"email": "change_requested", "order": 1}, 0)
    ]


def test_what_is_told_in_a_deed_that_fails_was_never_told() -> None:
    @transactional
    def failing() -> None:
        enqueue("email", "a", AT)
        db.session.flush()
        raise ArithmeticError

    with nothing_written(), pytest.raises(ArithmeticError):
        failing()


def test_a_message_is_taken_by_one_worker_and_holds_no_transaction_while_it_acts() -> None:
    told("a")

    snapshot = taken(AT)

    assert (snapshot.key, snapshot.kind, snapshot.ids["order"], snapshot.attempts) == ("a", "email", 1, 1)
    assert not db.session().in_transaction()
    assert lease_next(AT) is None


def test_what_is_done_is_not_taken_again() -> None:
    told("a")
    snapshot = taken(AT)

    mark_done(snapshot.id, token(snapshot), AT)

    assert message("a").done_at == AT
    assert lease_next(AT + timedelta(days=365)) is None


def test_a_message_for_later_waits_for_its_time() -> None:
    told("a", AT + SECOND)

    assert lease_next(AT) is None
    assert taken(AT + SECOND).key == "a"


def test_the_oldest_is_taken_first() -> None:
    told("second", AT)
    told("first", AT - SECOND)
    told("third", AT)

    assert [taken(AT).key for _ in range(3)] == ["first", "second", "third"]


def test_a_killed_workers_message_is_taken_by_another_when_the_lease_is_over() -> None:
    told("a")
    taken(AT)

    assert lease_next(AT + LEASE) is None
    assert taken(AT + LEASE + SECOND).attempts == 2


def test_a_worker_that_lost_its_lease_can_say_nothing_more() -> None:
    told("a")
    slow = taken(AT)
    quick = taken(AT + LEASE + SECOND)

    with nothing_written():
        mark_done(slow.id, token(slow), AT)
        retry_later(slow.id, token(slow), AT, "late")
        dead_letter(slow.id, token(slow), AT, "late")

    mark_done(quick.id, token(quick), AT + LEASE + SECOND)
    assert message("a").done_at == AT + LEASE + SECOND


def test_a_worker_slower_than_its_lease_that_nobody_replaced_is_still_believed() -> None:
    told("a")
    snapshot = taken(AT)

    mark_done(snapshot.id, token(snapshot), AT + LEASE * 2)

    assert message("a").done_at is not None


def test_each_try_waits_longer_than_the_one_before_and_the_last_waits_for_a_person() -> None:
    told("a")
    at, waits = AT, []
    for _ in range(MAX_ATTEMPTS):
        snapshot = taken(at)
        retry_later(snapshot.id, token(snapshot), at, "no answer")
        waits.append(message("a").run_at - at)
        at = message("a").run_at

    first = [wait.total_seconds() for wait in waits[:6]]
    assert all(base <= wait <= base * 1.2 for base, wait in zip((5, 60, 300, 1800, 7200, 18000), first, strict=True))
    assert message("a").dead_at is not None
    assert (message("a").last_error, message("a").attempts) == ("no answer", MAX_ATTEMPTS)
    assert lease_next(at + timedelta(days=365)) is None


def test_what_can_never_succeed_waits_for_a_person_at_once() -> None:
    told("a")
    snapshot = taken(AT)

    dead_letter(snapshot.id, token(snapshot), AT, "550 " + "no such mailbox " * 100)

    assert message("a").dead_at == AT
    assert len(message("a").last_error) == 500
    assert lease_next(AT + timedelta(days=1)) is None


def test_a_message_is_hastened_and_never_put_off() -> None:
    told("a", AT + timedelta(hours=1))

    reschedule_message("a", AT + SECOND)
    with nothing_written():
        reschedule_message("a", AT + timedelta(hours=2))
        reschedule_message("nobody", AT)

    assert message("a").run_at == AT + SECOND
