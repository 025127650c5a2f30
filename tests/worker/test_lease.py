"""A worker killed at any point: its lease expires, another worker takes the message, and nothing is done twice."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PackageChange, PanelResult
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.payment import Payment
from kajoom.models.service import Service
from kajoom.operations import outbox
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain, run_once

AT = factories.AT
LATER = AT + outbox.LEASE + timedelta(seconds=1)
pytestmark = pytest.mark.usefixtures("app")


class Killed(BaseException):
    """The process is killed at this line; no ``except Exception`` of the application runs."""


class KilledMailer(FakeMailer):
    """Sends the first e-mail, then the process is killed before it reads the result."""

    def send(self, email: EmailMessage) -> None:
        super().send(email)
        if len(self.sent) == 1:
            raise Killed


class KilledPanel(FakePanel):
    """Applies the package change, then the process is killed before it reads the result."""

    def change(self, change: PackageChange) -> PanelResult:
        super().change(change)
        raise Killed


class KilledProvider(FakeProvider):
    """Captures the charge, then the process is killed before it reads the result."""

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        super().charge(charge)
        raise Killed


def disconnect() -> None:
    """Roll back the open transaction, as the database does when the connection of a killed process closes."""
    db.session.rollback()


def test_leased_message_is_not_leased_again_until_the_lease_expires() -> None:
    factories.confirm(factories.service())
    first = outbox.lease_next(AT)
    assert first is not None
    assert outbox.lease_next(AT + outbox.LEASE) is None
    second = outbox.lease_next(LATER)
    assert second is not None
    assert second.id == first.id
    assert second.lease_token != first.lease_token


@pytest.mark.parametrize("finish", ["mark_done", "retry_later", "dead_letter"])
def test_worker_that_lost_its_lease_changes_nothing(finish: str) -> None:
    factories.confirm(factories.service())
    first = outbox.lease_next(AT)
    second = outbox.lease_next(LATER)
    assert first is not None
    assert second is not None
    error = () if finish == "mark_done" else ("too late",)
    getattr(outbox, finish)(first.id, first.lease_token, LATER, *error)
    stored = db.session.get_one(Message, first.id)
    assert (stored.done_at, stored.dead_at, stored.last_error) == (None, None, "")
    assert stored.lease_token == second.lease_token


def test_email_sent_again_after_a_kill_has_the_same_message_id(gateways: Gateways) -> None:
    mailer = KilledMailer()
    killed_gateways = Gateways(panel=gateways.panel, mailer=mailer, payments=gateways.payments)
    factories.confirm(factories.service())
    with pytest.raises(Killed):
        run_once(killed_gateways, AT)
    disconnect()
    assert not run_once(killed_gateways, AT)
    assert run_once(killed_gateways, LATER)
    first, second = mailer.sent
    assert first["Message-ID"] == second["Message-ID"]
    assert drain(killed_gateways, LATER) == 0


def test_change_applied_before_a_kill_is_found_by_reading_the_package(gateways: Gateways, mailer: FakeMailer) -> None:
    panel = KilledPanel()
    killed_gateways = Gateways(panel=panel, mailer=mailer, payments=gateways.payments)
    row = factories.service()
    order = factories.confirm(row)
    pay_order(order, gateways)
    with pytest.raises(Killed):
        drain(killed_gateways, AT)
    disconnect()
    drain(killed_gateways, LATER)
    assert len(panel.requests) == 1
    assert db.session.get_one(Service, order.service_id).plan.code == "b"


def test_charge_captured_before_a_kill_is_found_by_look_up(gateways: Gateways, mailer: FakeMailer) -> None:
    provider = KilledProvider()
    killed_gateways = Gateways(panel=gateways.panel, mailer=mailer, payments={"fake": provider})
    order = factories.confirm(factories.service())
    with pytest.raises(Killed):
        pay_order(order, killed_gateways)
    disconnect()
    drain(killed_gateways, AT + timedelta(minutes=1))
    (payment,) = db.session.query(Payment).all()
    assert payment.amount == provider.requests[0].amount
    assert [result.status for _, result in provider.ledger.values()] == [AttemptStatus.CAPTURED]
    assert db.session.get_one(Service, order.service_id).plan.code == "b"
