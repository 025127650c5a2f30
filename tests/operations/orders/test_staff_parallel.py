"""Several members of the staff act on one change at the same moment: one of them does it, once."""

from __future__ import annotations

import pytest
from flask import Flask

from kajoom.models.audit import AuditRow
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.task import open_tasks
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from kajoom.operations.tasks import claim_order
from tests import factories
from tests.factories import AT, ON
from tests.operations.parallel import run_in_threads

pytestmark = pytest.mark.slow


@pytest.fixture
def order(app: Flask) -> Order:
    """A change that a person makes."""
    return factories.confirm(factories.service(recurring_cents=35_000), "c")


def test_one_of_twenty_people_completes_or_refuses_a_change(app: Flask, order: Order) -> None:
    reference, version = order.reference, order.version

    def act(number: int) -> str:
        actor = f"staff:{number}"
        if number % 2:
            mark_refused(reference, "no room", actor, ON, AT, version)
        else:
            mark_operational(reference, actor, ON, AT, seen_version=version)
        return "acted"

    assert run_in_threads(app, act) == {"acted": 1, "too_late": 19}
    assert db.session.query(AuditRow).filter(AuditRow.act.in_(["change_done", "change_refused"])).count() == 1
    outcomes = [f"operational-{reference}", f"refused-{reference}"]
    assert db.session.query(Message).filter(Message.key.in_(outcomes)).count() == 1
    assert not open_tasks()


def test_one_of_twenty_people_claims_a_change(app: Flask, order: Order) -> None:
    reference = order.reference

    def claim(number: int) -> str:
        claim_order(reference, f"staff:{number}", AT)
        return "claimed"

    assert run_in_threads(app, claim) == {"claimed": 1, "task_claimed": 19}
    assert db.session.query(AuditRow).filter_by(act="task_claimed").count() == 1
