"""``flask staff queue``, ``done``, ``refuse`` and ``retry``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from kajoom.cli.staff import staff
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.task import TaskKind
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.models.service import Service
from kajoom.models.task import Task, open_tasks
from kajoom.operations.orders.provisioning import record_panel_result
from kajoom.operations.tasks import open_task
from kajoom.operations.transaction import transactional
from tests import factories
from tests.conftest import set_time
from tests.factories import AT

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(app: Flask) -> Invoke:
    """Runs ``flask staff`` on the day of ``AT``."""
    factories.catalogue()
    set_time(app, AT)

    def run(*arguments: str | int) -> Result:
        db.session.rollback()
        result = app.test_cli_runner().invoke(staff, [str(each) for each in arguments])
        db.session.rollback()
        return result

    return run


def by_hand() -> Order:
    """A change that a person makes, at no cost."""
    return factories.confirm(factories.service(recurring_cents=35_000, label="site.example.com"), "c")


def refused_by_panel() -> Order:
    order = factories.confirm(factories.service(recurring_cents=22_500), "b")
    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota exceeded"), AT)
    return order


def service_task(kind: TaskKind, **columns: Any) -> Task:
    row = factories.service(**columns)
    transactional(open_task)(kind, f"{kind}-{row.id}", AT, service_id=row.id, reason="client")
    return db.session.query(Task).filter_by(service_id=row.id).one()


def test_queue_lists_what_waits_for_a_person_oldest_first(app: Flask, invoke: Invoke) -> None:
    first, second = by_hand(), refused_by_panel()
    task = service_task(TaskKind.END, label="old.example.com", username="olduser")
    set_time(app, AT + timedelta(days=1))  # Wednesday: everything is from Tuesday

    lines = invoke("queue").output.splitlines()

    assert lines == [
        f"1  for 1 day  make the change (planned)  site.example.com  {first.reference}"
        f"  Forfait A (en) → Forfait C (en)  nothing to pay  account {first.service.username}",
        f"2  for 1 day  make the change (panel_refused)  a (en)  {second.reference}"
        f"  Forfait A (en) → Forfait B (en)  nothing to pay  account {second.service.username}",
        f"{task.id}  for 1 day  end the service (client)  old.example.com  account olduser",
    ]


def test_queue_marks_what_is_late(app: Flask, invoke: Invoke) -> None:
    assert invoke("queue").output == "No task is open.\n"
    by_hand()
    assert "1  today  make" in invoke("queue").output

    set_time(app, AT + timedelta(days=2))
    assert "1  for 2 days  LATE  make" in invoke("queue").output


@pytest.mark.parametrize("by_task", [False, True])
def test_change_is_done_by_its_reference_or_its_task(invoke: Invoke, by_task: bool) -> None:
    order = by_hand()
    name = open_tasks()[0].id if by_task else order.reference

    result = invoke("done", name)

    assert (result.exit_code, result.output) == (0, f"{order.reference} is operational.\n")
    assert db.session.get_one(Order, order.id).status is OrderStatus.COMPLETED
    assert not open_tasks()
    again = invoke("done", name)
    assert again.exit_code == 1
    assert "There is no open task" in again.output if by_task else "is not waiting for staff" in again.output


def test_change_is_refused_by_its_task(invoke: Invoke) -> None:
    order = by_hand()

    assert invoke("refuse", open_tasks()[0].id, "--reason", "no room").exit_code == 0

    assert db.session.get_one(Order, order.id).status is OrderStatus.REFUSED
    assert not open_tasks()


def test_panel_is_asked_again(invoke: Invoke) -> None:
    order = refused_by_panel()

    result = invoke("retry", order.reference)

    assert result.output == f"The panel is asked again for {order.reference}.\n"
    message = message_by_key(f"provision-{order.reference}")
    assert message is not None
    assert message.done_at is None
    assert invoke("retry", by_hand().reference).exit_code == 1


def test_end_is_done_by_its_task(invoke: Invoke) -> None:
    task = service_task(TaskKind.END)

    assert invoke("done", task.id).output == f"Task {task.id} is done.\n"

    assert not open_tasks()
    assert invoke("done", task.id).exit_code == 1
    assert invoke("refuse", task.id, "--reason", "no").exit_code == 1


def test_end_cannot_be_refused_or_asked_of_the_panel(invoke: Invoke) -> None:
    task = service_task(TaskKind.END)

    assert invoke("refuse", task.id, "--reason", "no").exit_code == 2
    assert "the panel is not asked" in invoke("retry", task.id).stderr
    assert len(open_tasks()) == 1


def test_lifted_suspension_makes_the_service_active(invoke: Invoke) -> None:
    task = service_task(TaskKind.UNSUSPEND, status=ServiceStatus.SUSPENDED, suspension=SuspensionStep.LIFTING)

    invoke("done", task.id)

    assert db.session.get_one(Service, task.service_id).status is ServiceStatus.ACTIVE


@pytest.mark.parametrize("name", ["CH-2000-000001", "404", "9" * 30, "²"])
def test_unknown_name_is_refused(invoke: Invoke, name: str) -> None:
    for command in (["done", name], ["refuse", name, "--reason", "no"], ["retry", name]):
        result = invoke(*command)
        assert result.exit_code == 1
        assert result.output.startswith("Error: There is no")


def test_service_is_suspended_and_restored_once_whoever_asks(invoke: Invoke) -> None:
    row = factories.service(label="exemple.ca")

    suspended = invoke("suspend", "exemple.ca", "--reason", "Impayé.", "--until-lifted")
    assert suspended.output == f"{row.external_id} is being suspended.\n"
    assert (row.suspension, row.lifts_when_paid) == (SuspensionStep.SUSPENDING, False)
    assert "already suspended" in invoke("suspend", row.external_id, "--reason", "Impayé.").stderr
    lifted = invoke("lift", row.external_id, "--reason", "Réglé.")
    assert lifted.output == f"The suspension of {row.external_id} is being lifted.\n"
    assert "already being lifted" in invoke("lift", row.external_id, "--reason", "Réglé.").stderr
    assert "Give the reason" in invoke("suspend", row.external_id, "--reason", " ").stderr
    assert "There is no service absent.ca" in invoke("suspend", "absent.ca", "--reason", "x").stderr


def test_service_that_is_not_set_up_is_not_suspended(invoke: Invoke) -> None:
    row = factories.service(status=ServiceStatus.PENDING)

    assert "is not set up yet" in invoke("suspend", row.external_id, "--reason", "x").stderr
    assert "is not suspended" in invoke("lift", row.external_id, "--reason", "x").stderr
