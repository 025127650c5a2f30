"""What a panel reports: believed by its signature alone, once, also before its answer to us is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from kajoom.domain.service import ServiceStatus
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PackageChange, PanelResult
from kajoom.gateways.panels.webhook import WebhookPanel
from kajoom.gateways.servers import Servers, panel_kinds
from kajoom.models.catalog import catalog_version
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.panel_callback import PanelCallbackRow
from kajoom.models.service import Service
from kajoom.operations.billing.suspension import lift_as_staff, suspend_as_staff
from kajoom.operations.catalog.servers import current_catalog
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.orders.stuck import retry_change
from tests.conftest import Browser, set_time
from tests.gateways.receiver import SECRET, Receiver
from tests.operations.ledger_checks import nothing_written, rows
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import order_status, service_in
from tests.web.pages import hidden_fields
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

PATH = "/webhooks/panel"
OTHER_SECRET = "whsec_" + "B" * 32


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


@pytest.fixture
def gateways(app: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Gateways:
    """The demonstration with two servers, "s1" and "s2", that are asked by webhook."""
    current = catalog_version()
    assert current is not None
    server = {"panel": "webhook", "url": receiver.address, "allows_private_addresses": True}
    current.servers, current.version = {"s1": {**server, "is_default": True}, "s2": server}, current.version + 1
    db.session.commit()
    servers = Servers(current_catalog, {"S1_SECRET": SECRET, "S2_SECRET": OTHER_SECRET}, panel_kinds(), lambda: NOON)
    built: Gateways = replace(app.extensions["kajoom"], servers=servers, breakers={})
    monkeypatch.setitem(app.extensions, "kajoom", built)
    return built


@pytest.fixture
def order(french: Browser, address: Address, gateways: Gateways) -> str:
    """The reference of a paid change, which the panel has accepted and not carried out yet."""
    reference = paid_change(french, address("hosting"))
    drain(gateways, NOON)
    return reference


def paid_change(browser: Browser, service: str) -> str:
    fields = hidden_fields(browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text, "review")
    answer = browser.post(f"{service}/plan", data={"csrf_token": browser.token("/services"), **fields})
    return str(answer.headers["Location"].rpartition("/")[2])


def report(client: Browser, key: str, secret: str = SECRET, message_id: str = "msg_1", **data: str) -> TestResponse:
    """Post a report as the receiver does: without a cookie, an origin or a CSRF token."""
    kind = "account.failed" if "reason" in data else "account.done"
    body = json.dumps({"type": kind, "data": {"id": key, **data}})
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(NOON.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(message_id, NOON, body),
    }
    return client.post(PATH, data=body, headers=headers)


def plan_of(order: str) -> str:
    db.session.rollback()
    return db.session.query(Service).join(Order).filter(Order.reference == order).one().plan.code


def service_at(address: str) -> Service:
    db.session.rollback()
    return db.session.get_one(Service, int(address.rpartition("/")[2]))


def test_accepted_change_waits_for_the_report_of_the_panel(
    client: Browser, gateways: Gateways, receiver: Receiver, order: str
) -> None:
    [message] = receiver.messages
    assert message.headers["webhook-id"] == f"provision-{order}"
    assert (order_status(order), plan_of(order)) == ("awaiting_provisioning", "a")
    assert report(client, f"provision-{order}").status_code == 200
    drain(gateways, NOON)
    assert (order_status(order), plan_of(order)) == ("completed", "b")
    assert len(receiver.messages) == 1


def test_failed_change_goes_to_a_person_with_the_reason_as_plain_text(
    client: Browser, gateways: Gateways, order: str
) -> None:
    assert report(client, f"provision-{order}", reason="disk <b>full</b>\x00").status_code == 200
    drain(gateways, NOON)
    found = db.session.query(Order).filter_by(reference=order).one()
    assert (found.needs_person, found.history[-1].note) == (True, "disk <b>full</b>")
    assert plan_of(order) == "a"


def test_report_that_comes_before_the_answer_is_recorded_completes_the_change(
    client: Browser, french: Browser, address: Address, gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = WebhookPanel.change

    def report_first(panel: WebhookPanel, change: PackageChange) -> PanelResult:
        result = ask(panel, change)
        assert report(client, change.key).status_code == 200
        return result

    monkeypatch.setattr(WebhookPanel, "change", report_first)
    order = paid_change(french, address("hosting"))
    drain(gateways, NOON)
    assert (order_status(order), plan_of(order)) == ("completed", "b")


def test_report_given_twice_has_no_further_effect(client: Browser, gateways: Gateways, order: str) -> None:
    report(client, f"provision-{order}")
    drain(gateways, NOON)
    with nothing_written():
        assert report(client, f"provision-{order}").status_code == 200
    drain(gateways, NOON + timedelta(minutes=1))
    assert len(rows(PanelCallbackRow)) == 1
    assert order_status(order) == "completed"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_late_or_forged_report_is_refused(
    app: Flask, client: Browser, gateways: Gateways, order: str, seconds: int
) -> None:
    with nothing_written():
        assert report(client, f"provision-{order}", secret="whsec_" + "C" * 32).status_code == 400
        set_time(app, NOON + timedelta(seconds=seconds))
        assert report(client, f"provision-{order}").status_code == 400
    drain(gateways, NOON)
    assert order_status(order) == "awaiting_provisioning"


def test_report_of_another_server_completes_nothing(client: Browser, gateways: Gateways, order: str) -> None:
    assert report(client, f"provision-{order}", secret=OTHER_SECRET).status_code == 200
    drain(gateways, NOON + timedelta(minutes=2))
    assert order_status(order) == "awaiting_provisioning"


def test_report_of_an_unknown_request_is_accepted_and_changes_nothing(
    client: Browser, gateways: Gateways, order: str
) -> None:
    assert report(client, "provision-unknown").status_code == 200
    drain(gateways, NOON + timedelta(minutes=2))
    assert order_status(order) == "awaiting_provisioning"


def test_change_that_staff_ask_again_is_a_new_request(
    client: Browser, gateways: Gateways, receiver: Receiver, order: str
) -> None:
    report(client, f"provision-{order}", reason="disk full")
    drain(gateways, NOON)
    retry_change(order, "anne", NOON)
    drain(gateways, NOON)
    assert [each.headers["webhook-id"] for each in receiver.messages] == [f"provision-{order}", f"provision-{order}:1"]
    report(client, f"provision-{order}:1", message_id="msg_2")
    drain(gateways, NOON)
    assert order_status(order) == "completed"


def test_host_without_such_a_server_has_no_such_address(client: Browser) -> None:
    assert report(client, "provision-1").status_code == 404


def status_of(row: Service) -> ServiceStatus:
    db.session.rollback()
    return db.session.get_one(Service, row.id).status


def test_suspension_is_done_once_the_panel_reports_it(client: Browser, gateways: Gateways, receiver: Receiver) -> None:
    row = service_in("hosting")
    suspend_as_staff(row.external_id, "Impayé.", "staff:1", NOON)
    drain(gateways, NOON)
    assert receiver.messages[-1].headers["webhook-id"] == f"suspension-{row.id}:1"
    assert status_of(row) is ServiceStatus.ACTIVE
    report(client, f"suspension-{row.id}:1")
    drain(gateways, NOON)

    assert status_of(row) is ServiceStatus.SUSPENDED


def test_report_of_a_suspension_that_was_lifted_meanwhile_counts_for_nothing(
    client: Browser, gateways: Gateways, receiver: Receiver
) -> None:
    row = service_in("hosting")
    suspend_as_staff(row.external_id, "Impayé.", "staff:1", NOON)
    drain(gateways, NOON)
    lift_as_staff(row.external_id, "Payé.", "staff:1", NOON)
    report(client, f"suspension-{row.id}:1")
    drain(gateways, NOON)
    assert receiver.messages[-1].headers["webhook-id"] == f"suspension-{row.id}:2"
    report(client, f"suspension-{row.id}:2", message_id="msg_2")
    drain(gateways, NOON)

    row = db.session.get_one(Service, row.id)
    assert (row.status, row.suspension) == (ServiceStatus.ACTIVE, None)


def test_account_is_removed_once_the_panel_reports_it(client: Browser, gateways: Gateways, receiver: Receiver) -> None:
    current = catalog_version()
    assert current is not None
    current.servers = {name: {**fields, "terminates": True} for name, fields in current.servers.items()}
    current.version += 1
    db.session.commit()
    row = service_in("hosting")
    end_service_as_staff(row.external_id, "Fraude.", "staff:1", NOON.date(), NOON)
    drain(gateways, NOON)
    assert receiver.messages[-1].headers["webhook-id"] == f"terminate-{row.id}"
    report(client, f"terminate-{row.id}")
    drain(gateways, NOON)

    db.session.rollback()
    assert db.session.get_one(Service, row.id).removed_at == NOON


def test_suspension_and_its_end_are_in_force_once_they_are_reported(
    client: Browser, gateways: Gateways, receiver: Receiver, address: Address
) -> None:
    service = service_at(address("hosting"))
    name, key = service.external_id, f"suspension-{service.id}"
    suspend_as_staff(name, "Compte compromis", "anne", NOON)
    drain(gateways, NOON)
    assert service_at(address("hosting")).status is ServiceStatus.ACTIVE
    assert report(client, f"{key}:1").status_code == 200
    drain(gateways, NOON)
    assert service_at(address("hosting")).status is ServiceStatus.SUSPENDED
    lift_as_staff(name, "Nettoyé", "anne", NOON)
    drain(gateways, NOON)
    report(client, f"{key}:1", message_id="msg_late")
    drain(gateways, NOON)
    assert service_at(address("hosting")).status is ServiceStatus.SUSPENDED
    report(client, f"{key}:2", message_id="msg_2")
    drain(gateways, NOON)
    assert service_at(address("hosting")).status is ServiceStatus.ACTIVE
    sent = [(each.headers["webhook-id"], json.loads(each.body)["type"]) for each in receiver.messages]
    assert sent[0] == (f"{key}:1", "account.suspend")
    assert set(sent[1:]) == {(f"{key}:2", "account.unsuspend")}


def test_removal_of_an_account_is_recorded_once_it_is_reported(
    client: Browser, gateways: Gateways, receiver: Receiver, address: Address
) -> None:
    current = catalog_version()
    assert current is not None
    current.servers = {name: {**server, "terminates": True} for name, server in current.servers.items()}
    current.version += 1
    db.session.commit()
    service = service_at(address("hosting"))
    end_service_as_staff(service.external_id, "Fin", "anne", NOON.date(), NOON)
    drain(gateways, NOON)
    assert service_at(address("hosting")).removed_at is None
    [message] = receiver.messages
    assert json.loads(message.body)["type"] == "account.terminate"
    report(client, message.headers["webhook-id"])
    drain(gateways, NOON)
    assert service_at(address("hosting")).removed_at == NOON
