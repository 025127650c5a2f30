"""Tasks for staff: opened once, closed once, and written to staff in the same commit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.task import TaskKind
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.task import Task, open_tasks, task_by_id
from kajoom.operations.tasks import close_order_tasks, close_task, open_task
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT

LATER = AT + timedelta(hours=1)

open_in_transaction = transactional(open_task)
close_in_transaction = transactional(close_task)


def emails() -> list[str]:
    """The keys of the e-mails that are queued."""
    return [message.key for message in db.session.query(Message).filter_by(kind="email")]


def only_task() -> Task:
    return db.session.query(Task).one()


@pytest.fixture
def row() -> Service:
    return factories.service()


def test_opening_a_task_writes_to_staff(row: Service) -> None:
    assert open_in_transaction(TaskKind.END, "end-7", AT, service_id=row.id, reason="client")

    task = only_task()
    assert (task.kind, task.reason, task.opened_at, task.closed_at) == (TaskKind.END, "client", AT, None)
    assert emails() == ["staff_task-end-7"]
    assert db.session.query(Message).one().ids == {"email": "staff_task", "task": task.id}


def test_task_and_email_are_rolled_back_with_the_operation(row: Service) -> None:
    @transactional
    def fail() -> None:
        open_task(TaskKind.END, "end-7", AT, service_id=row.id)
        raise ValueError("the operation fails")

    with pytest.raises(ValueError, match="the operation fails"):
        fail()
    assert not open_tasks()
    assert not emails()


def test_task_is_opened_once_for_each_key(row: Service) -> None:
    open_in_transaction(TaskKind.END, "end-7", AT, service_id=row.id)

    assert not open_in_transaction(TaskKind.END, "end-7", LATER, service_id=row.id)
    close_in_transaction("end-7", "staff:ana", LATER)
    assert not open_in_transaction(TaskKind.END, "end-7", LATER, service_id=row.id)
    assert len(emails()) == 1


def test_task_is_closed_once_with_its_actor(row: Service) -> None:
    open_in_transaction(TaskKind.END, "end-7", AT, service_id=row.id)

    assert close_in_transaction("end-7", "staff:ana", LATER, "done at the panel")
    assert not close_in_transaction("end-7", "staff:bob", LATER + timedelta(hours=1))
    task = only_task()
    assert (task.closed_by, task.closed_at, task.note) == ("staff:ana", LATER, "done at the panel")
    assert not open_tasks()


def test_every_task_of_an_order_is_closed(row: Service) -> None:
    order = factories.confirm(row, "b")
    other = factories.service()
    for key, order_id, service_id in (("a", order.id, row.id), ("b", order.id, row.id), ("c", None, other.id)):
        open_in_transaction(TaskKind.CHANGE, key, AT, service_id=service_id, order_id=order_id)

    assert transactional(close_order_tasks)(order.id, "panel", LATER)
    assert [task.key for task in open_tasks()] == ["c"]
    assert not transactional(close_order_tasks)(order.id, "panel", LATER)


def test_open_tasks_are_listed_oldest_first(row: Service) -> None:
    open_in_transaction(TaskKind.END, "second", LATER, service_id=row.id)
    open_in_transaction(TaskKind.UNSUSPEND, "first", AT, service_id=row.id)

    assert [task.key for task in open_tasks()] == ["first", "second"]
    assert task_by_id(open_tasks()[0].id) is open_tasks()[0]
    assert task_by_id(999) is None
