"""A panel that is down for days: staff and client are told once, and the change is made once, when it is back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelStatus,
)
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.health import queue_health
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.task import open_tasks
from kajoom.operations.orders.provisioning import mark_operational
from kajoom.operations.orders.stuck import report_stuck_changes, retry_change
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeMailer, FakePanel, StubServers
from tests.operations.ledger_checks import rows
from tests.worker_runs import drain

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.slow]

HOUR = timedelta(hours=1)
UNKNOWN = PanelResult(PanelStatus.UNKNOWN)


class DownPanel(FakePanel):
    """A panel that is down, in its own ``way``, until it is brought back ``up``."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.up = False

    def read(self, account: PanelAccount) -> PanelReading:
        if not self.up and self.way == "raises":
            raise ConnectionError("<b>no route</b>\0to the server")
        return PanelReading(AccountStatus.UNKNOWN) if not self.up and self.way == "silent" else super().read(account)

    def change(self, change: PackageChange) -> PanelResult:
        if self.up or self.way == "not read back":
            return super().change(change) if self.up else PanelResult(PanelStatus.DONE)
        return PanelResult(PanelStatus.PENDING) if self.way == "pending" else UNKNOWN


def change_at_panel(**more: Any) -> Order:
    """A change that costs nothing more: the panel is asked at once."""
    return factories.confirm(factories.service(recurring_cents=22_500, **more), "b")


def run(gateways: Gateways, at: datetime) -> None:
    """One round of a worker."""
    report_stuck_changes(at)
    drain(gateways, at)
    db.session.rollback()


def status_of(order: Order) -> OrderStatus:
    db.session.rollback()
    return db.session.get_one(Order, order.id).status


def late(at: datetime) -> tuple[dict[str, int], list[str]]:
    """What ``/readyz`` names: the dead messages, and the kinds of the late ones."""
    db.session.rollback()
    health = queue_health(at)
    kinds = [message.kind for message in rows(Message) if message.id in health.late]
    db.session.rollback()
    return health.dead, kinds


def emails(mailer: FakeMailer) -> Counter[str]:
    """How many e-mails of each kind were sent, to staff and to clients."""
    names = ("change_late", "staff_task", "operational", "needs_review", "staff_alert")
    ids = [str(email["Message-ID"]).strip("<") for email in mailer.sent]
    return Counter(next(name for name in names if each.startswith(name.replace("_", "-"))) for each in ids)


@pytest.mark.parametrize("way", ["raises", "silent", "not answered", "not read back", "pending"])
def test_panel_that_is_down_for_four_days(gateways: Gateways, mailer: FakeMailer, way: str) -> None:
    panel = DownPanel(way)
    gateways = replace(gateways, panel=panel)
    order = change_at_panel()
    told = Counter(change_late=1, staff_task=1)

    for minutes in (0, 5, 30, 59, *range(60, 96 * 60, 120)):
        at = AT + timedelta(minutes=minutes)
        run(gateways, at)
        is_late = minutes >= 60 and way != "pending"  # a panel that says it will do it answers
        assert late(at) == ({}, ["provision"] if is_late else []), minutes
        assert emails(mailer) == (told if minutes >= 60 else Counter()), minutes
    assert status_of(order) is OrderStatus.AWAITING_PROVISIONING

    panel.up = True
    back = AT + 96 * HOUR + timedelta(minutes=36)
    run(gateways, back)
    run(gateways, back + HOUR)

    assert status_of(order) is OrderStatus.COMPLETED
    assert panel.packages == {order.service.username: "pkg_b"}
    assert emails(mailer) == told + Counter(operational=1)
    assert (open_tasks(), late(back + HOUR)) == ([], ({}, []))


def test_change_made_by_hand_ends_the_job_at_once(gateways: Gateways, mailer: FakeMailer) -> None:
    gateways = replace(gateways, panel=DownPanel("silent"))
    order = change_at_panel()
    for hours in (0, 1, 2, 3):
        run(gateways, AT + hours * HOUR)
    at = AT + 3 * HOUR + timedelta(seconds=1)

    mark_operational(order.reference, "staff:ana", ON, at)
    run(gateways, at)

    assert late(at) == ({}, [])
    assert [message.done_at for message in rows(Message) if message.kind == "provision"] == [at]
    assert emails(mailer) == Counter(change_late=1, staff_task=1, operational=1)


def test_change_that_the_panel_refuses_after_being_down_goes_to_staff_with_its_reason(
    gateways: Gateways, mailer: FakeMailer
) -> None:
    panel = DownPanel("silent")
    gateways = replace(gateways, panel=panel)
    order = change_at_panel()
    run(gateways, AT)
    run(gateways, AT + HOUR)
    panel.up = True
    panel.results.append(PanelResult(PanelStatus.REFUSED, "quota\0 of <b>b</b>\nexceeded"))

    run(gateways, AT + 3 * HOUR)

    db.session.rollback()
    order = db.session.get_one(Order, order.id)
    assert (order.review_reason, order.history[-1].note) == (ReviewReason.PANEL_REFUSED, "quota of <b>b</b> exceeded")
    assert [task.reason for task in open_tasks()] == ["panel_refused"]
    assert emails(mailer) == Counter(change_late=1, staff_task=2, needs_review=1)
    to_client = next(each for each in mailer.sent if str(each["Message-ID"]).startswith("<needs-review"))
    assert "quota" not in str(to_client)

    retry_change(order.reference, "staff:ana", AT + 4 * HOUR)
    run(gateways, AT + 4 * HOUR)
    assert status_of(order) is OrderStatus.COMPLETED
    assert emails(mailer)["operational"] == 1


def test_dead_server_delays_no_change_of_another(gateways: Gateways, mailer: FakeMailer) -> None:
    row = db.session.query(CatalogVersion).one()
    row.servers = {name: {"panel": "demonstration"} for name in ("s1", "s2")}
    factories.reload_catalogue()
    dead, alive = DownPanel("silent"), FakePanel()
    servers: Any = StubServers(s1=dead, s2=alive)
    gateways = replace(gateways, servers=servers)
    waiting = [change_at_panel(server="s1") for _ in range(5)]
    other = change_at_panel(server="s2")

    run(gateways, AT)
    assert status_of(other) is OrderStatus.COMPLETED
    assert late(AT) == ({}, [])
    run(gateways, AT + HOUR)

    assert emails(mailer) == Counter(operational=1, change_late=5, staff_task=5)
    assert late(AT + HOUR) == ({}, ["provision"] * 5)
    assert {task.order_id for task in open_tasks()} == {order.id for order in waiting}
    dead.up = True
    run(gateways, AT + 2 * HOUR)
    assert {status_of(order) for order in waiting} == {OrderStatus.COMPLETED}
    assert len(dead.packages) == 5
    assert {row.plan.code for row in db.session.query(Service)} == {"b"}
