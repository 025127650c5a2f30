"""The outbox: a message is written once, leased by one worker at a time, and retried with increasing delays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kajoom.domain.task import AlertKind
from kajoom.models.db import db
from kajoom.models.lease import LeasedMessage
from kajoom.models.outbox import Message, message_by_key
from kajoom.operations.outbox import (
    LEASE,
    MAX_ATTEMPTS,
    dead_letter,
    enqueue,
    lease_next,
    mark_done,
    reschedule_message,
    restart,
    retry_later,
    send_alert,
)
from kajoom.operations.transaction import transactional
from tests.conftest import Statements
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows

SECOND = timedelta(seconds=1)


@transactional
def queue(key: str, at: datetime = AT) -> None:
    enqueue("email", key, at, email="change_requested", order=1)


def lease(at: datetime) -> LeasedMessage:
    """Lease the next message, which must be due."""
    message = lease_next(at)
    assert message is not None
    return message


def stored(key: str) -> Message:
    message = message_by_key(key)
    assert message is not None
    return message


def test_message_queued_twice_is_written_once() -> None:
    queue("a")
    with nothing_written():
        queue("a", AT + SECOND)

    assert [(row.key, row.ids, row.attempts) for row in rows(Message)] == [
        ("a", {"email": "change_requested", "order": 1}, 0)
    ]


def test_message_of_a_failed_operation_is_not_written() -> None:
    @transactional
    def failing() -> None:
        enqueue("email", "a", AT)
        db.session.flush()
        raise ArithmeticError

    with nothing_written(), pytest.raises(ArithmeticError):
        failing()


def test_message_is_leased_by_one_worker_without_an_open_transaction() -> None:
    queue("a")

    message = lease(AT)

    assert (message.key, message.kind, message.ids["order"], message.attempts) == ("a", "email", 1, 1)
    assert not db.session().in_transaction()
    assert lease_next(AT) is None


def test_done_message_is_not_leased_again() -> None:
    queue("a")
    message = lease(AT)

    mark_done(message.id, message.lease_token, AT)

    assert stored("a").done_at == AT
    assert lease_next(AT + timedelta(days=365)) is None


def test_future_message_waits_for_its_time() -> None:
    queue("a", AT + SECOND)

    assert lease_next(AT) is None
    assert lease(AT + SECOND).key == "a"


def test_oldest_message_is_leased_first() -> None:
    queue("second", AT)
    queue("first", AT - SECOND)
    queue("third", AT)

    assert [lease(AT).key for _ in range(3)] == ["first", "second", "third"]


def test_expired_lease_lets_another_worker_lease_the_message() -> None:
    queue("a")
    lease(AT)

    assert lease_next(AT + LEASE) is None
    assert lease(AT + LEASE + SECOND).attempts == 2


def test_next_message_is_leased_with_the_end_of_the_one_before() -> None:
    for key in "ab":
        queue(key)
    first = lease(AT)

    second = mark_done(first.id, first.lease_token, AT, AT + SECOND)

    assert second is not None
    assert (first.key, second.key) == ("a", "b")
    assert second.lease_token not in {first.lease_token, ""}
    assert stored("a").done_at == AT
    assert stored("b").lease_until == AT + SECOND + LEASE
    assert mark_done(second.id, second.lease_token, AT, AT + SECOND) is None


def test_worker_that_lost_its_lease_changes_nothing() -> None:
    queue("a")
    slow = lease(AT)
    quick = lease(AT + LEASE + SECOND)

    with nothing_written():
        mark_done(slow.id, slow.lease_token, AT)
        retry_later(slow.id, slow.lease_token, AT, "late")
        dead_letter(slow.id, slow.lease_token, AT, "late")

    mark_done(quick.id, quick.lease_token, AT + LEASE + SECOND)
    assert stored("a").done_at == AT + LEASE + SECOND


def test_worker_with_an_expired_lease_can_still_finish_if_not_replaced() -> None:
    queue("a")
    message = lease(AT)

    mark_done(message.id, message.lease_token, AT + LEASE * 2)

    assert stored("a").done_at is not None


def test_retries_wait_longer_each_time_and_the_last_is_a_dead_letter() -> None:
    queue("a")
    at, waits = AT, []
    for _ in range(MAX_ATTEMPTS):
        message = lease(at)
        retry_later(message.id, message.lease_token, at, "no answer")
        waits.append(stored("a").run_at - at)
        at = stored("a").run_at

    seconds = [wait.total_seconds() for wait in waits[:6]]
    assert all(base <= wait <= base * 1.2 for base, wait in zip((5, 60, 300, 1800, 7200, 18000), seconds, strict=True))
    assert stored("a").dead_at is not None
    assert (stored("a").last_error, stored("a").attempts) == ("no answer", MAX_ATTEMPTS)
    assert stored("a").failing_since == AT
    assert lease(at).key.startswith("staff_alert-dead_message-email-")
    assert lease_next(at) is None


def test_permanent_failure_is_a_dead_letter_at_once() -> None:
    queue("a")
    message = lease(AT)

    dead_letter(message.id, message.lease_token, AT, "550 " + "no such mailbox " * 100)

    assert stored("a").dead_at == AT
    assert len(stored("a").last_error) == 500
    assert lease(AT).key.startswith("staff_alert-dead_message-email-")
    assert lease_next(AT) is None


def test_pending_message_is_tried_each_day_in_the_end_and_never_dies() -> None:
    queue("a")
    at = AT
    for _ in range(MAX_ATTEMPTS + 5):
        message = lease(at)
        assert not retry_later(message.id, message.lease_token, at, "pending", is_pending=True)
        waited, at = stored("a").run_at - at, stored("a").run_at

    assert waited == timedelta(days=1)
    assert (stored("a").dead_at, stored("a").failing_since) == (None, None)


def test_message_fails_since_its_first_failure_in_a_row() -> None:
    queue("a")
    at, since = AT, []
    for is_pending in (False, False, True, False):
        message = lease(at)
        retry_later(message.id, message.lease_token, at, "error", is_pending=is_pending)
        since.append((stored("a").failing_since, at))
        at = stored("a").run_at

    first, second, third, fourth = since
    assert first[0] == second[0] == AT
    assert third[0] is None
    assert fourth[0] == fourth[1] > AT


def alerts() -> list[tuple[str, datetime]]:
    db.session.rollback()
    return [(message.ids["about"], message.run_at) for message in db.session.query(Message).order_by(Message.run_at)]


def test_staff_are_alerted_at_most_once_an_hour_of_each_kind() -> None:
    minute = timedelta(minutes=1)
    for at in (AT, AT + minute, AT + 59 * minute, AT + 61 * minute):
        send_alert(AlertKind.DEAD_MESSAGE, "email", at)
    send_alert(AlertKind.DEAD_MESSAGE, "provision", AT + minute)

    hour = 60 * minute
    assert alerts() == [("email", AT), ("provision", AT + minute), ("email", AT + hour), ("email", AT + 2 * hour)]


def test_alert_of_the_next_hour_waits_for_the_whole_hour() -> None:
    send_alert(AlertKind.PAGE_ERROR, "KeyError", AT + timedelta(minutes=59))
    send_alert(AlertKind.PAGE_ERROR, "KeyError", AT + timedelta(minutes=61))

    assert alerts()[-1] == ("KeyError", AT + timedelta(minutes=119))


def test_restarted_message_is_like_a_new_one() -> None:
    queue("a")
    message = lease(AT)
    dead_letter(message.id, message.lease_token, AT, "550")
    later = AT + timedelta(hours=3)

    transactional(restart)("email", "a", later)

    again = stored("a")
    assert (again.due_at, again.run_at, again.attempts, again.dead_at) == (later, later, 0, None)
    assert (again.failing_since, again.last_error) == (None, "")


def test_message_is_rescheduled_only_to_an_earlier_time() -> None:
    queue("a", AT + timedelta(hours=1))

    reschedule_message("a", AT + SECOND)
    with nothing_written():
        reschedule_message("a", AT + timedelta(hours=2))
        reschedule_message("unknown", AT)

    assert stored("a").run_at == AT + SECOND


def test_queue_is_read_by_the_indexes_of_waiting_messages(statements: Statements) -> None:
    """Another index, read first, would sort every message that waits each time one is leased."""
    if db.engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses by the size of the table
    queue("a")
    with statements() as collected:
        lease_next(AT)
    look, lease_it = (each for each in collected if "message" in each)
    by_time = "SEARCH message USING INDEX ix_message_waiting (run_at<?)"
    of_a_class = "SEARCH message USING INDEX ix_message_queue (queue>? AND queue<?)"
    by_id = "SEARCH message USING INTEGER PRIMARY KEY (rowid=?)"
    assert searches(look) == [by_time]
    assert searches(lease_it) == [by_id, *[of_a_class] * 3]


def searches(statement: str) -> list[str]:
    """How SQLite finds the messages that a statement asks for."""
    return [each for each in plan_of(statement) if each.startswith(("SEARCH", "SCAN", "USE TEMP"))]


def plan_of(statement: str) -> list[str]:
    """How SQLite answers a statement, whatever its values are."""
    bound = (1,) * statement.count("?")
    return [row.detail for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)]


def test_change_at_the_panel_is_tried_each_half_hour_in_the_end_and_never_dies() -> None:
    transactional(enqueue)("provision", "change", AT, order=1)
    at, waits = AT, []
    while at < AT + timedelta(days=4):
        message = lease(at)
        assert not retry_later(message.id, message.lease_token, at, "no answer")
        waits.append((stored("change").run_at - at).total_seconds())
        at = stored("change").run_at

    assert all(base <= wait <= base * 1.2 for base, wait in zip((5, 60, 300, 900, *[1800] * 900), waits, strict=False))
    assert len(waits) > 4 * 24 * 2 / 1.2
    assert (stored("change").dead_at, stored("change").failing_since) == (None, AT)
