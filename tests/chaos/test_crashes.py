"""A process may be killed at any point: the processes after it finish the work, and do nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple

import pytest
from flask import Flask

from kajoom.domain.order import OrderStatus
from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.mail import FolderMailer
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations import daily, outbox
from kajoom.operations.billing import renewal_batch
from kajoom.operations.orders import close, place, provisioning, readings
from kajoom.operations.payments import attempts, refunds
from kajoom.worker import provisioning as worker_provisioning
from tests import factories
from tests.chaos import actions
from tests.chaos.actions import Action, Scenario, catch_up
from tests.chaos.external_state import read_demo_state
from tests.chaos.invariants import violations
from tests.chaos.kill_points import KillPoint, Moment, run
from tests.database import Database
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import rows

BEFORE, COMMIT, AFTER = Moment.BEFORE, Moment.BEFORE_COMMIT, Moment.AFTER
DUE_AT = AT + (DUE - ON)
KILLED_FOR = timedelta(minutes=3)
"""How much later the next process comes: longer than leases and the in-flight window."""


class Course(NamedTuple):
    """The plan chosen, how the order ends, the plan of the service then, and what is done one after the other."""

    plan: str
    order_status: OrderStatus | None
    final_plan: str
    actions: Sequence[Action]


COURSES = {
    "change": Course("b", OrderStatus.COMPLETED, "b", (actions.confirm, actions.pay, actions.work)),
    "lost answer": Course(
        "b", OrderStatus.COMPLETED, "b", (actions.confirm, actions.pay_with_lost_answer, actions.work)
    ),
    "person": Course(
        "c", OrderStatus.COMPLETED, "c", (actions.confirm, actions.pay, actions.work, actions.mark_operational)
    ),
    "refund": Course(
        "c",
        OrderStatus.REFUSED,
        "a",
        (actions.confirm, actions.pay, actions.mark_refused, actions.refund_invoice, actions.work),
    ),
    "cancel": Course("b", OrderStatus.CANCELLED, "a", (actions.confirm, actions.cancel, actions.work)),
    "renewal": Course("a", None, "a", (actions.bill, actions.pay_renewal, actions.work)),
    "scheduled": Course(
        "base", OrderStatus.COMPLETED, "base", (actions.confirm, actions.bill, actions.pay_renewal, actions.work)
    ),
}

POINTS: tuple[tuple[str, str, Action, Callable[..., Any], Moment], ...] = (
    ("order before its commit", "change", actions.confirm, place.place_order, COMMIT),
    ("order committed, page not shown", "change", actions.confirm, place.place_order, AFTER),
    ("attempt before its commit", "change", actions.pay, attempts.start_attempt, COMMIT),
    ("attempt committed", "change", actions.pay, attempts.start_attempt, AFTER),
    ("before the provider's effect", "change", actions.pay, DemoProvider._record, BEFORE),
    ("after the provider's effect", "change", actions.pay, DemoProvider._record, AFTER),
    ("after the provider's answer", "change", actions.pay, DemoProvider.charge, AFTER),
    ("before the result's commit", "change", actions.pay, attempts.record_result, COMMIT),
    ("result committed", "change", actions.pay, attempts.record_result, AFTER),
    ("lost answer not recorded", "lost answer", actions.pay_with_lost_answer, attempts.record_result, COMMIT),
    ("lost answer recorded", "lost answer", actions.pay_with_lost_answer, attempts.record_result, AFTER),
    ("after looking up", "lost answer", actions.work, DemoProvider.look_up, AFTER),
    ("before the settlement's commit", "lost answer", actions.work, attempts.record_result, COMMIT),
    ("message before its lease", "change", actions.work, outbox.lease_next, COMMIT),
    ("message leased", "change", actions.work, outbox.lease_next, AFTER),
    ("before the panel's change", "change", actions.work, DemoPanel.change, BEFORE),
    ("account read, before its commit", "change", actions.work, readings.may_change, COMMIT),
    ("account read, panel not asked", "change", actions.work, readings.may_change, AFTER),
    ("after the panel's change, before the read-back", "change", actions.work, DemoPanel.change, AFTER),
    ("after the read-back", "change", actions.work, worker_provisioning._change, AFTER),
    ("before the completion's commit", "change", actions.work, provisioning.record_panel_result, COMMIT),
    ("completion committed, message not done", "change", actions.work, provisioning.record_panel_result, AFTER),
    ("before the e-mail is sent", "change", actions.work, FolderMailer.send, BEFORE),
    ("after the e-mail is sent", "change", actions.work, FolderMailer.send, AFTER),
    ("before the message is done", "change", actions.work, outbox.mark_done, COMMIT),
    ("message done", "change", actions.work, outbox.mark_done, AFTER),
    ("staff before the commit", "person", actions.mark_operational, provisioning.mark_operational, COMMIT),
    ("refusal before its commit", "refund", actions.mark_refused, provisioning.mark_refused, COMMIT),
    ("refund committed", "refund", actions.refund_invoice, refunds._start_refunds, AFTER),
    ("after the money was refunded", "refund", actions.refund_invoice, DemoProvider.refund, AFTER),
    ("before the refund's commit", "refund", actions.refund_invoice, refunds.record_refund_result, COMMIT),
    ("cancellation before its commit", "cancel", actions.cancel, close.cancel_order, COMMIT),
    ("renewal before its commit", "renewal", actions.bill, daily.issue_renewal_batch, COMMIT),
    ("renewal committed", "renewal", actions.bill, renewal_batch.issue_renewals, AFTER),
    ("renewal paid before its commit", "renewal", actions.pay_renewal, attempts.record_result, COMMIT),
    ("due change before its commit", "scheduled", actions.bill, daily.run_day, COMMIT),
    ("period paid, change not started", "scheduled", actions.work, provisioning.start_due_order, COMMIT),
    ("due change started", "scheduled", actions.work, provisioning.start_due_order, AFTER),
)  # fmt: skip
"""Name, course, the action that is killed, and the function and moment at which it is killed."""


@pytest.mark.parametrize(
    ("name", "action", "function", "moment"), [point[1:] for point in POINTS], ids=[point[0] for point in POINTS]
)
def test_nothing_is_lost_and_nothing_is_done_twice_when_a_process_is_killed(
    app: Flask, catalog_database: Database, processes: ForkServerContext, folder: Path,
    name: str, action: Action, function: Callable[..., Any], moment: Moment,
) -> None:  # fmt: skip
    gateways, course = app.extensions["kajoom"], COURSES[name]
    row = factories.service(payment_method="demonstration")
    scenario, at = Scenario(row.client_id, row.id, course.plan), DUE_AT if actions.bill in course.actions else AT
    killed = course.actions.index(action)
    db.session.rollback()
    for each in course.actions[:killed]:
        each(gateways, scenario, at)
        db.session.rollback()

    point = KillPoint(function, moment)
    process = processes.Process(target=run, args=(catalog_database.url, folder, point, action, (scenario, at)))
    process.start()
    process.join(30)
    assert process.exitcode == -SIGKILL

    at = catch_up(gateways, at + KILLED_FOR)
    assert violations(read_demo_state(folder / "demonstration.sqlite"), at) == []
    for each in course.actions[killed:]:  # the client or the worker tries again
        each(gateways, scenario, at)
        db.session.rollback()
    at = catch_up(gateways, at + KILLED_FOR)
    state = read_demo_state(folder / "demonstration.sqlite")
    assert violations(state, at) == []
    assert [order.status for order in rows(Order)] == ([course.order_status] if course.order_status else [])
    assert db.session.get_one(Service, scenario.service_id).plan.code == course.final_plan
    assert len(state.captured) == (0 if name == "cancel" else 1)
    assert len(state.refunded) == (1 if name == "refund" else 0)
    assert len(emails_about_the_end(folder)) == (1 if course.order_status else 0)


def emails_about_the_end(folder: Path) -> list[str]:
    """The e-mails about the order's end that were queued, each of which is also in the folder of sent e-mails."""
    ends = ("operational", "refused", "cancelled")
    queued = [message.key for message in rows(Message) if message.key.startswith(ends)]
    sent = [path.name for path in (folder / "mail").iterdir() if path.name.startswith(tuple(queued or ["-"]))]
    assert len(queued) == len(sent)
    return queued
