"""A worker may be killed anywhere: its lease runs out, another takes the message, and nothing is done twice."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.gateways import Gateways
from kajoom.gateways.ports import ChargeRequest, PackageChange, PanelResult, ProviderResult
from kajoom.models.db import db
from kajoom.models.invoice import invoice_of_order
from kajoom.models.outbox import Message
from kajoom.models.payment import Payment
from kajoom.models.service import Service
from kajoom.operations import outbox
from kajoom.operations.payments import pay
from kajoom.worker.consumer import run_once
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.worker_runs import drain

AT = factories.AT
LATER = AT + outbox.LEASE + timedelta(seconds=1)
pytestmark = pytest.mark.usefixtures("app")


class Killed(BaseException):
    """The process is gone: no handler of ours runs after it."""


class KilledMailer(FakeMailer):
    """Sends the first letter, and is killed before anyone hears of it."""

    def send(self, email: EmailMessage) -> None:
        super().send(email)
        if len(self.sent) == 1:
            raise Killed


class KilledPanel(FakePanel):
    """Makes the first change, and is killed before anyone hears of it."""

    def apply(self, change: PackageChange) -> PanelResult:
        super().apply(change)
        raise Killed


class KilledProvider(FakeProvider):
    """Takes the money, and is killed before anyone hears of it."""

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        super().charge(charge)
        raise Killed


def gone() -> None:
    """What the killed process had in hand is forgotten, as by the database when a connection is cut."""
    db.session.rollback()


def test_message_in_hand_is_nobody_elses_until_its_lease_ends() -> None:
    factories.confirm(factories.service())
    mine = outbox.lease_next(AT)
    assert mine is not None
    assert outbox.lease_next(AT + outbox.LEASE) is None
    theirs = outbox.lease_next(LATER)
    assert theirs is not None
    assert theirs.id == mine.id
    assert theirs.lease_token != mine.lease_token


@pytest.mark.parametrize("finish", ["mark_done", "retry_later", "dead_letter"])
def test_worker_that_lost_its_lease_has_nothing_more_to_say(finish: str) -> None:
    factories.confirm(factories.service())
    mine = outbox.lease_next(AT)
    theirs = outbox.lease_next(LATER)
    assert mine is not None
    assert theirs is not None
    error = () if finish == "mark_done" else ("too late",)
    getattr(outbox, finish)(mine.id, mine.lease_token, LATER, *error)
    now = db.session.get_one(Message, mine.id)
    assert (now.done_at, now.dead_at, now.last_error) == (None, None, "")
    assert now.lease_token == theirs.lease_token


def test_letter_sent_twice_by_a_kill_has_one_message_id(doors: Gateways) -> None:
    mailer = KilledMailer()
    cut = Gateways(panel=doors.panel, mailer=mailer, payments=doors.payments)
    factories.confirm(factories.service())
    with pytest.raises(Killed):
        run_once(cut, AT)
    gone()
    assert not run_once(cut, AT)
    assert run_once(cut, LATER)
    first, second = mailer.sent
    assert first["Message-ID"] == second["Message-ID"]
    assert drain(cut, LATER) == 0


def test_change_made_before_a_kill_is_found_by_reading_back(doors: Gateways, mailer: FakeMailer) -> None:
    panel = KilledPanel()
    cut = Gateways(panel=panel, mailer=mailer, payments=doors.payments)
    row = factories.service()
    order = factories.confirm(row)
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    pay.pay(invoice.id, doors.payments, PaymentChoice("null"), AT)
    with pytest.raises(Killed):
        drain(cut, AT)
    gone()
    drain(cut, LATER)
    assert len(panel.requests) == 1
    assert db.session.get_one(Service, order.service_id).plan.code == "b"


def test_money_taken_before_a_kill_is_found_by_looking_it_up(doors: Gateways, mailer: FakeMailer) -> None:
    provider = KilledProvider()
    cut = Gateways(panel=doors.panel, mailer=mailer, payments={"null": provider})
    order = factories.confirm(factories.service())
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    with pytest.raises(Killed):
        pay.pay(invoice.id, cut.payments, PaymentChoice("null"), AT)
    gone()
    drain(cut, AT + timedelta(minutes=1))
    (received,) = db.session.query(Payment).all()
    assert received.amount == provider.requests[0].amount
    assert [result.status for _, result in provider.ledger.values()] == [AttemptStatus.CAPTURED]
    assert db.session.get_one(Service, order.service_id).plan.code == "b"
