"""The usage of accounts is read in batches, one server at a time; a server that does not answer is asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from kajoom.domain.decision import When
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import AccountStatus, PanelAccount, PanelReading
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.orders import usage
from kajoom.worker.usage import Batch
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakePanel, StubServers
from tests.operations.ledger_checks import nothing_written, rows
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class SilentPanel(FakePanel):
    """A panel that never answers."""

    def read(self, account: PanelAccount) -> PanelReading:
        self.acts.append(("read", account.username, ""))
        return PanelReading(AccountStatus.UNKNOWN)


def measured(row: Service) -> tuple[dict[str, int | None] | None, datetime | None]:
    db.session.rollback()
    row = db.session.get_one(Service, row.id)
    return row.measured_usage, row.measured_at


def usage_messages() -> list[Message]:
    db.session.rollback()
    return [message for message in rows(Message) if message.kind == "usage"]


def set_servers(**panels: str) -> None:
    """The servers of the catalogue, each with its panel."""
    row = db.session.query(CatalogVersion).one()
    row.servers = {name: {"panel": panel, "url": "https://panel.example.com"} for name, panel in panels.items()}
    factories.reload_catalogue()


def test_every_account_of_a_day_is_read_once(gateways: Gateways, panel: FakePanel) -> None:
    services = [factories.service() for _ in range(usage.BATCH + 2)]
    for number, row in enumerate(services):
        panel.usage[row.username] = {"disk_mb": number}

    usage.enqueue_measures(ON, AT)
    usage.enqueue_measures(ON, AT + HOUR)
    drain(gateways, AT)

    assert [measured(row) for row in services] == [({"disk_mb": n}, AT) for n in range(len(services))]
    assert [message.ids["after"] for message in usage_messages()] == [0, services[-3].id, services[-1].id]
    with nothing_written():
        usage.enqueue_measures(ON, AT + HOUR)


def test_ended_services_and_services_without_an_account_are_not_read(gateways: Gateways, panel: FakePanel) -> None:
    ended = factories.service(status=ServiceStatus.CANCELLED)
    suspended = factories.service(status=ServiceStatus.SUSPENDED)
    nameless = factories.service(username="")
    panel.usage = {row.username: {"disk_mb": 7} for row in (ended, suspended, nameless)}

    usage.enqueue_measures(ON, AT)
    drain(gateways, AT)

    assert [measured(row)[1] for row in (ended, suspended, nameless)] == [None, AT, None]


def test_reading_without_a_usage_keeps_the_last_measure(gateways: Gateways, panel: FakePanel) -> None:
    row = factories.service(measured_usage={"disk_mb": 5}, measured_at=AT - DAY)

    usage.enqueue_measures(ON, AT)
    drain(gateways, AT)

    assert measured(row) == ({"disk_mb": 5}, AT - DAY)


def test_older_measure_does_not_replace_a_newer_one() -> None:
    row = factories.service(measured_usage={"disk_mb": 5}, measured_at=AT)

    with nothing_written():
        usage.store_measures({row.id: {"disk_mb": 1}}, AT - HOUR)


def test_servers_of_staff_are_not_asked(gateways: Gateways) -> None:
    set_servers(s1="manual")
    factories.service(server="s1")

    with nothing_written():
        usage.enqueue_measures(ON, AT)


def test_silent_server_is_asked_again_and_delays_no_other(gateways: Gateways) -> None:
    set_servers(s1="demonstration", s2="demonstration")
    dead, alive = [factories.service(server="s1") for _ in range(5)], factories.service(server="s2")
    silent, answering = SilentPanel(), FakePanel()
    answering.usage = {row.username: {"disk_mb": 9} for row in (*dead, alive)}
    servers: Any = StubServers(s1=silent, s2=answering)

    usage.enqueue_measures(ON, AT)
    drain(replace(gateways, servers=servers), AT)

    assert measured(alive)[1] == AT
    assert len(silent.acts) == 3  # the rest of its accounts are left for later
    failing = usage_messages()[0]
    assert (failing.ids["server"], failing.failing_since, failing.done_at) == ("s1", AT, None)

    servers = StubServers(s1=answering, s2=answering)
    drain(replace(gateways, servers=servers), AT + HOUR)
    assert {measured(row)[1] for row in dead} == {AT + HOUR}


def test_rest_of_a_day_is_dropped_on_the_next_one(gateways: Gateways, panel: FakePanel) -> None:
    row = factories.service()
    panel.usage[row.username] = {"disk_mb": 7}
    usage.enqueue_measures(ON, AT)

    drain(gateways, AT + DAY)

    assert measured(row)[1] is None
    assert [message.done_at for message in usage_messages()] == [AT + DAY]


@pytest.mark.parametrize("reads", [False, True])
def test_account_of_one_service_is_read_when_its_client_chooses(
    gateways: Gateways, panel: FakePanel, reads: bool
) -> None:
    panel.can_read = reads
    row = factories.service()
    panel.usage[row.username] = {"disk_mb": 7}

    usage.request_measure(row.id, AT)
    usage.request_measure(row.id, AT + timedelta(seconds=1))
    drain(gateways, AT + timedelta(seconds=2))

    assert len(usage_messages()) == 1
    assert measured(row)[0] == ({"disk_mb": 7} if reads else None)


class Clock:
    """Seconds that pass at each reading of an account."""

    def __init__(self, seconds: float) -> None:
        self.now, self._seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self._seconds
        return self.now


ACCOUNTS = {number: PanelAccount("", f"user{number}") for number in range(1, 11)}


@pytest.fixture
def readable() -> FakePanel:
    panel = FakePanel()
    panel.usage = {account.username: {"disk_mb": 1} for account in ACCOUNTS.values()}
    return panel


def test_slow_batch_ends_before_its_lease_and_names_where_it_stopped(readable: FakePanel) -> None:
    batch = Batch(readable, Clock(25))
    batch.read(ACCOUNTS)
    assert (list(batch.measures), batch.last, batch.is_silent) == ([1, 2, 3], 3, False)


def test_single_account_that_cannot_be_read_does_not_stop_its_server(readable: FakePanel) -> None:
    readable.statuses["user4"] = AccountStatus.UNKNOWN
    readable.usage.pop("user4")
    batch = Batch(readable, Clock(0))
    batch.read(ACCOUNTS)
    assert (len(batch.measures), batch.last, batch.is_silent) == (9, 10, False)


def test_panel_that_cannot_be_read_is_asked_once() -> None:
    batch = Batch(ManualPanel(), Clock(0))
    batch.read(ACCOUNTS)
    assert (batch.is_supported, batch.is_silent, batch.last) == (False, False, 1)


def test_day_without_accounts_is_over() -> None:
    batch = Batch(ManualPanel(), Clock(0))
    batch.read({})
    assert (batch.last, batch.is_silent) == (None, False)


def test_change_that_waited_for_its_usage_is_made_after_the_measure(gateways: Gateways, panel: FakePanel) -> None:
    row = factories.service()
    order = factories.confirm(row, "base", when=When.NOW)
    panel.usage[row.username] = {"disk_mb": 5_001}
    drain(gateways, AT)
    panel.usage[row.username] = {"disk_mb": 5_000}

    usage.request_measure(row.id, AT + HOUR)
    drain(gateways, AT + HOUR)

    db.session.rollback()
    assert db.session.get_one(Order, order.id).status is OrderStatus.COMPLETED
    assert panel.packages == {row.username: "pkg_base"}
