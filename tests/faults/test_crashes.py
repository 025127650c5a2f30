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
from tests.database import Database
from tests.faults import deeds
from tests.faults.deeds import Act, Story, catch_up
from tests.faults.driver import Moment, Point, run
from tests.faults.invariants import broken
from tests.faults.world import world_of
from tests.operations import cast
from tests.operations.cast import AT, DUE, ON
from tests.operations.ledger import rows

BEFORE, COMMIT, AFTER = Moment.BEFORE, Moment.BEFORE_COMMIT, Moment.AFTER
OPERATIONS, PROVIDER, PANEL, MAIL = (
    "kajoom.operations.",
    "kajoom.gateways.demo_provider:DemonstrationProvider.",
    "kajoom.gateways.demo_panel:DemonstrationPanel.",
    "kajoom.gateways.mail:FolderMailer.",
)

THAT_DAY = AT + (DUE - ON)

STORIES: dict[str, tuple[str, OrderStatus | None, str, Sequence[Act]]] = {
    "change": ("b", OrderStatus.COMPLETED, "b", (deeds.confirm, deeds.pay, deeds.work)),
    "unheard": ("b", OrderStatus.COMPLETED, "b", (deeds.confirm, deeds.pay_unheard, deeds.work)),
    "person": ("c", OrderStatus.COMPLETED, "c", (deeds.confirm, deeds.pay, deeds.work, deeds.declare_done)),
    "refund": (
        "c",
        OrderStatus.REFUSED,
        "a",
        (deeds.confirm, deeds.pay, deeds.declare_impossible, deeds.send_back, deeds.work),
    ),
    "cancel": ("b", OrderStatus.CANCELLED, "a", (deeds.confirm, deeds.cancel, deeds.work)),
    "renewal": ("a", None, "a", (deeds.bill, deeds.pay_renewal, deeds.work)),
    "scheduled": (
        "base",
        OrderStatus.COMPLETED,
        "base",
        (deeds.confirm, deeds.bill, deeds.pay_renewal, deeds.work),
    ),
}
"""The plan wanted, where the order ends, the plan held then, and what is done one after the other."""

POINTS: tuple[tuple[str, str, Act, str, Moment], ...] = (
    ("order before its commit", "change", deeds.confirm, OPERATIONS + "order:place_order", COMMIT),
    ("order committed, page never shown", "change", deeds.confirm, OPERATIONS + "order:place_order", AFTER),
    ("attempt before its commit", "change", deeds.pay, OPERATIONS + "payment:begin", COMMIT),
    ("attempt committed", "change", deeds.pay, OPERATIONS + "payment:begin", AFTER),
    ("before the provider's effect", "change", deeds.pay, PROVIDER + "_record", BEFORE),
    ("after the provider's effect", "change", deeds.pay, PROVIDER + "_record", AFTER),
    ("after the provider's answer", "change", deeds.pay, PROVIDER + "charge", AFTER),
    ("before the outcome's commit", "change", deeds.pay, OPERATIONS + "payment:record", COMMIT),
    ("outcome committed", "change", deeds.pay, OPERATIONS + "payment:record", AFTER),
    ("lost answer not noted", "unheard", deeds.pay_unheard, OPERATIONS + "payment:record", COMMIT),
    ("lost answer noted", "unheard", deeds.pay_unheard, OPERATIONS + "payment:record", AFTER),
    ("after looking up", "unheard", deeds.work, PROVIDER + "look_up", AFTER),
    ("before the settlement's commit", "unheard", deeds.work, OPERATIONS + "payment:record", COMMIT),
    ("message before it is taken", "change", deeds.work, OPERATIONS + "outbox:take", COMMIT),
    ("message taken", "change", deeds.work, OPERATIONS + "outbox:take", AFTER),
    ("before the panel's change", "change", deeds.work, PANEL + "apply", BEFORE),
    ("after the panel's change, before the read-back", "change", deeds.work, PANEL + "apply", AFTER),
    ("before the completion's commit", "change", deeds.work, OPERATIONS + "provisioning:record", COMMIT),
    ("completion committed, message not finished", "change", deeds.work, OPERATIONS + "provisioning:record", AFTER),
    ("before the letter is sent", "change", deeds.work, MAIL + "send", BEFORE),
    ("after the letter is sent", "change", deeds.work, MAIL + "send", AFTER),
    ("before the message is finished", "change", deeds.work, OPERATIONS + "outbox:delivered", COMMIT),
    ("message finished", "change", deeds.work, OPERATIONS + "outbox:delivered", AFTER),
    ("staff before the commit", "person", deeds.declare_done, OPERATIONS + "provisioning:declare_done", COMMIT),
    ("refusal before its commit", "refund", deeds.declare_impossible, OPERATIONS + "provisioning:declare_impossible",
     COMMIT),
    ("refund committed", "refund", deeds.send_back, OPERATIONS + "refund:_begin", AFTER),
    ("after the money went back", "refund", deeds.send_back, PROVIDER + "refund", AFTER),
    ("before the refund's commit", "refund", deeds.send_back, OPERATIONS + "refund:record", COMMIT),
    ("cancellation before its commit", "cancel", deeds.cancel, OPERATIONS + "order:cancel_order", COMMIT),
    ("renewal before its commit", "renewal", deeds.bill, OPERATIONS + "calendar:renew_batch", COMMIT),
    ("renewal committed", "renewal", deeds.bill, OPERATIONS + "renewal:renew", AFTER),
    ("renewal paid before its commit", "renewal", deeds.pay_renewal, OPERATIONS + "payment:record", COMMIT),
    ("due change before its commit", "scheduled", deeds.bill, OPERATIONS + "calendar:run_day", COMMIT),
    ("period bought, change not begun", "scheduled", deeds.work, OPERATIONS + "provisioning:start_due_order", COMMIT),
    ("due change begun", "scheduled", deeds.work, OPERATIONS + "provisioning:start_due_order", AFTER),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "act", "target", "moment"), [point[1:] for point in POINTS], ids=[p[0] for p in POINTS]
)
def test_nothing_is_lost_and_nothing_is_done_twice_when_a_process_dies(
    app: Flask, catalogued: Database, processes: ForkServerContext, folder: Path,
    name: str, act: Act, target: str, moment: Moment,
) -> None:  # fmt: skip
    doors, demonstration = app.extensions["kajoom"], folder / "demonstration.sqlite"
    wanted, ends, plan, acts = STORIES[name]
    row = cast.service(payment_method="demonstration")
    story, at = Story(row.client_id, row.id, wanted), THAT_DAY if deeds.bill in acts else AT
    db.session.rollback()
    for each in acts[: acts.index(act)]:
        each(doors, story, at)
        db.session.rollback()

    point = Point(target, moment)
    victim = processes.Process(target=run, args=(catalogued.url, folder, point, act, (story, at)))
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
    letters = [path.name for path in (folder / "mail").iterdir() if path.name.startswith(tuple(told or ["-"]))]
    assert len(told) == len(letters) == (1 if ends else 0)
