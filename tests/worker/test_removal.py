"""The account of a service that has ended: removed by the panel where the catalogue allows it, else by a person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.order import IMPORT
from kajoom.domain.service import ServiceStatus
from kajoom.domain.task import TaskKind
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import AccountStatus, PanelResult, PanelStatus
from kajoom.models.catalog import CatalogVersion
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.outbox import message_by_key
from kajoom.models.service import Service
from kajoom.models.task import Task, open_tasks
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.end_service import End, end_service, end_service_as_staff
from kajoom.operations.orders.service_tasks import complete_task, report_late_accounts
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, DUE, ON
from tests.fake_gateways import FakeMailer, FakePanel
from tests.operations.ledger_checks import rows
from tests.worker.suspension_setup import emails, instant, live_day
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
STAFF = "staff:1"
LOST = PanelResult(PanelStatus.UNKNOWN, "no answer")


def on_server(*, terminates: bool, username: str = "boreal") -> Service:
    """A service on a server whose panel removes accounts or not."""
    version = db.session.query(CatalogVersion).one()
    version.servers = {"s1": {"panel": "whm", "url": "https://s1.example.com", "terminates": terminates}}
    factories.reload_catalogue()
    return factories.service(server="s1", label="exemple.ca", username=username)


def end_as_staff(row: Service) -> None:
    end_service_as_staff(row.external_id, "Compte abandonné.", STAFF, ON, AT)
    db.session.rollback()


def ask_to_cancel(row: Service) -> None:
    when = CancellationWhen.PERIOD_END
    request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)


@transactional
def end_by_the_file(service_id: int, client_id: int) -> None:
    lock_client(client_id)
    end_service(db.session.get_one(Service, service_id), End(ServiceStatus.TERMINATED, ON, IMPORT), ON, AT)


def acts(panel: FakePanel) -> list[tuple[str, str]]:
    return [(name, username) for name, username, _key in panel.acts]


def test_cancellation_is_carried_out_on_its_day_at_the_panel(
    gateways: Gateways, panel: FakePanel, mailer: FakeMailer
) -> None:
    row = on_server(terminates=True)
    ask_to_cancel(row)
    live_day(gateways, DUE - timedelta(days=1))
    assert panel.acts == []
    live_day(gateways, DUE)

    assert acts(panel) == [("terminate", row.username)]
    assert (row.status, row.ended_on, row.removed_at) == (ServiceStatus.CANCELLED, DUE, instant(DUE))
    assert rows(Task) == []
    assert len(emails("service_ended")) == len(emails("staff_alert")) == 1
    assert any(str(email["Subject"]).endswith("votre service a pris fin") for email in mailer.sent)


def test_cancellation_is_a_task_where_the_panel_may_not_remove_accounts(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=False)
    ask_to_cancel(row)
    live_day(gateways, DUE)

    assert panel.acts == []
    assert [(task.kind, task.reason) for task in open_tasks()] == [(TaskKind.END, "calendar")]
    assert row.removed_at is None
    complete_task(open_tasks()[0].id, STAFF, instant(DUE))
    assert row.removed_at == instant(DUE)


def test_panel_removes_the_account_that_staff_end(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=True)
    end_as_staff(row)
    drain(gateways, AT)

    assert acts(panel) == [("terminate", row.username)]


def test_end_in_the_host_s_file_is_always_a_task(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=True)
    end_by_the_file(row.id, row.client_id)
    drain(gateways, AT)

    assert panel.acts == []
    assert [(task.kind, task.reason) for task in open_tasks()] == [(TaskKind.END, "import")]


def test_service_without_an_account_is_a_task(gateways: Gateways, panel: FakePanel) -> None:
    end_as_staff(on_server(terminates=True, username=""))
    drain(gateways, AT)

    assert panel.acts == []
    assert [task.kind for task in open_tasks()] == [TaskKind.END]


def test_account_that_is_gone_already_is_not_asked_about(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=True)
    panel.statuses[row.username] = AccountStatus.MISSING
    end_as_staff(row)
    drain(gateways, AT)

    assert panel.acts == []
    assert row.removed_at == AT


def test_removal_that_the_panel_refuses_is_a_task_with_its_reason(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=True)
    panel.results.append(PanelResult(PanelStatus.REFUSED, "Account is locked."))
    end_as_staff(row)
    drain(gateways, AT)

    [task] = open_tasks()
    assert (task.kind, task.reason, task.detail) == (TaskKind.END, "panel_refused", "Account is locked.")


def test_answer_that_is_lost_asks_once_more_only_if_the_account_is_still_there(
    gateways: Gateways, panel: FakePanel
) -> None:
    row = on_server(terminates=True)
    panel.results.append(LOST)
    end_as_staff(row)
    drain(gateways, AT)
    drain(gateways, AT + timedelta(minutes=1))

    assert acts(panel) == [("terminate", row.username)]
    assert row.removed_at is not None


def test_removal_that_takes_an_hour_is_reported_and_a_person_may_do_it(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=True)
    panel.takes_effect = False
    panel.results += [LOST] * 30
    end_as_staff(row)
    drain(gateways, AT)
    report_late_accounts(AT + timedelta(minutes=59))
    assert open_tasks() == []
    report_late_accounts(AT + timedelta(hours=1))
    report_late_accounts(AT + timedelta(hours=2))
    [task] = open_tasks()
    assert (task.kind, task.reason) == (TaskKind.END, "panel_late")
    complete_task(task.id, STAFF, AT + timedelta(hours=2))
    asked = len(panel.acts)
    drain(gateways, AT + timedelta(hours=2))

    message = message_by_key(f"terminate-{row.id}")
    assert message is not None
    assert message.done_at is not None
    assert len(panel.acts) == asked


def test_removal_that_succeeds_late_closes_the_task(gateways: Gateways, panel: FakePanel) -> None:
    row = on_server(terminates=True)
    panel.takes_effect = False
    panel.results += [LOST]
    end_as_staff(row)
    drain(gateways, AT)
    report_late_accounts(AT + timedelta(hours=1))
    assert len(open_tasks()) == 1
    drain(gateways, AT + timedelta(hours=1))

    assert open_tasks() == []
    assert row.removed_at is not None
    assert row.ended_on == date(2026, 6, 16)
