"""A process may be killed anywhere: whoever comes after it finds what to do, does it, and does nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from signal import SIGKILL

import pytest
from flask import Flask

from kajoom.domain.order import OrderStatus
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from tests import factories
from tests.chaos import actions
from tests.chaos.actions import Act, Story, catch_up
from tests.chaos.driver import Moment, Point, run
from tests.chaos.environment import world_of
from tests.chaos.invariants import broken
from tests.database import Database
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import rows

BEFORE, COMMIT, AFTER = Moment.BEFORE, Moment.BEFORE_COMMIT, Moment.AFTER
OPERATIONS, PROVIDER, PANEL, MAIL = (
    "kajoom.operations.",
    "kajoom.gateways.demo.store.provider:DemonstrationProvider.",
    "kajoom.gateways.demo.store.panel:DemonstrationPanel.",
    "kajoom.gateways.mail:FolderMailer.",
)

THAT_DAY = AT + (DUE - ON)

STORIES: dict[str, tuple[str, OrderStatus | None, str, Sequence[Act]]] = {
    "change": ("b", OrderStatus.COMPLETED, "b", (actions.confirm, actions.pay, actions.work)),
    "unheard": ("b", OrderStatus.COMPLETED, "b", (actions.confirm, actions.pay_unheard, actions.work)),
    "person": ("c", OrderStatus.COMPLETED, "c", (actions.confirm, actions.pay, actions.work, actions.mark_operational)),
    "refund": (
        "c",
        OrderStatus.REFUSED,
        "a",
        (actions.confirm, actions.pay, actions.mark_refused, actions.refund_invoice, actions.work),
    ),
    "cancel": ("b", OrderStatus.CANCELLED, "a", (actions.confirm, actions.cancel, actions.work)),
    "renewal": ("a", None, "a", (actions.bill, actions.pay_renewal, actions.work)),
    "scheduled": (
        "base",
        OrderStatus.COMPLETED,
        "base",
        (actions.confirm, actions.bill, actions.pay_renewal, actions.work),
    ),
}
"""The plan wanted, where the order ends, the plan held then, and what is done one after the other."""

POINTS: tuple[tuple[str, str, Act, str, Moment], ...] = (
    ("order before its commit", "change", actions.confirm, OPERATIONS + "order:place_order", COMMIT),
    ("order committed, page never shown", "change", actions.confirm, OPERATIONS + "order:place_order", AFTER),
    ("attempt before its commit", "change", actions.pay, OPERATIONS + "payment:begin", COMMIT),
    ("attempt committed", "change", actions.pay, OPERATIONS + "payment:begin", AFTER),
    ("before the provider's effect", "change", actions.pay, PROVIDER + "_record", BEFORE),
    ("after the provider's effect", "change", actions.pay, PROVIDER + "_record", AFTER),
    ("after the provider's answer", "change", actions.pay, PROVIDER + "charge", AFTER),
    ("before the outcome's commit", "change", actions.pay, OPERATIONS + "payment:record", COMMIT),
    ("outcome committed", "change", actions.pay, OPERATIONS + "payment:record", AFTER),
    ("lost answer not noted", "unheard", actions.pay_unheard, OPERATIONS + "payment:record", COMMIT),
    ("lost answer noted", "unheard", actions.pay_unheard, OPERATIONS + "payment:record", AFTER),
    ("after looking up", "unheard", actions.work, PROVIDER + "look_up", AFTER),
    ("before the settlement's commit", "unheard", actions.work, OPERATIONS + "payment:record", COMMIT),
    ("message before it is taken", "change", actions.work, OPERATIONS + "outbox:take", COMMIT),
    ("message taken", "change", actions.work, OPERATIONS + "outbox:take", AFTER),
    ("before the panel's change", "change", actions.work, PANEL + "apply", BEFORE),
    ("after the panel's change, before the read-back", "change", actions.work, PANEL + "apply", AFTER),
    ("before the completion's commit", "change", actions.work, OPERATIONS + "provisioning:record", COMMIT),
    ("completion committed, message not finished", "change", actions.work, OPERATIONS + "provisioning:record", AFTER),
    ("before the letter is sent", "change", actions.work, MAIL + "send", BEFORE),
    ("after the letter is sent", "change", actions.work, MAIL + "send", AFTER),
    ("before the message is finished", "change", actions.work, OPERATIONS + "outbox:delivered", COMMIT),
    ("message finished", "change", actions.work, OPERATIONS + "outbox:delivered", AFTER),
    ("staff before the commit", "person", actions.mark_operational, OPERATIONS + "provisioning:declare_done", COMMIT),
    ("refusal before its commit", "refund", actions.mark_refused, OPERATIONS + "provisioning:declare_impossible",
     COMMIT),
    ("refund committed", "refund", actions.refund_invoice, OPERATIONS + "refund:_begin", AFTER),
    ("after the money went back", "refund", actions.refund_invoice, PROVIDER + "refund", AFTER),
    ("before the refund's commit", "refund", actions.refund_invoice, OPERATIONS + "refund:record", COMMIT),
    ("cancellation before its commit", "cancel", actions.cancel, OPERATIONS + "order:cancel_order", COMMIT),
    ("renewal before its commit", "renewal", actions.bill, OPERATIONS + "calendar:renew_batch", COMMIT),
    ("renewal committed", "renewal", actions.bill, OPERATIONS + "renewal:renew", AFTER),
    ("renewal paid before its commit", "renewal", actions.pay_renewal, OPERATIONS + "payment:record", COMMIT),
    ("due change before its commit", "scheduled", actions.bill, OPERATIONS + "calendar:run_day", COMMIT),
    ("period bought, change not begun", "scheduled", actions.work, OPERATIONS + "provisioning:start_due_order", COMMIT),
    ("due change begun", "scheduled", actions.work, OPERATIONS + "provisioning:start_due_order", AFTER),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "act", "target", "moment"), [point[1:] for point in POINTS], ids=[p[0] for p in POINTS]
)
def test_nothing_is_lost_and_nothing_is_done_twice_when_a_process_dies(
    app: Flask, catalog_database: Database, processes: ForkServerContext, folder: Path,
    name: str, act: Act, target: str, moment: Moment,
) -> None:  # fmt: skip
    doors, demonstration = app.extensions["kajoom"], folder / "demonstration.sqlite"
    wanted, ends, plan, acts = STORIES[name]
    row = factories.service(payment_method="demonstration")
    story, at = Story(row.client_id, row.id, wanted), THAT_DAY if actions.bill in acts else AT
    db.session.rollback()
    for each in acts[: acts.index(act)]:
        each(doors, story, at)
        db.session.rollback()

    point = Point(target, moment)
    victim = processes.Process(target=run, args=(catalog_database.url, folder, point, act, (story, at)))
    victim.start()
    victim.join(30)
    assert victim.exitcode == -SIGKILL

    at = catch_up(doors, at + timedelta(minutes=3))
    assert broken(world_of(demonstration), at) == []
    for each in acts[acts.index(act) :]:  # whoever was cut off presses again
        each(doors, story, at)
        db.session.rollback()
    at = catch_up(doors, at + timedelta(minutes=3))
    world = world_of(demonstration)
    assert broken(world, at) == []
    assert [order.status for order in rows(Order)] == ([ends] if ends else [])
    assert db.session.get_one(Service, story.service_id).plan.code == plan
    assert len(world.took) == (0 if name == "cancel" else 1)
    assert len(world.gave_back) == (1 if name == "refund" else 0)
    told = [message.key for message in rows(Message) if message.key.startswith(("operational", "refused", "cancelled"))]
    emails = [path.name for path in (folder / "mail").iterdir() if path.name.startswith(tuple(told or ["-"]))]
    assert len(told) == len(emails) == (1 if ends else 0)
