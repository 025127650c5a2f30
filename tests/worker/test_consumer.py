"""Each message is acted on once it is due, its outcome noted, and what goes wrong with one stops no other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.gateways import Gateways
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.gateways.ports import MailDelayed, MailRefused, PanelResult, PanelStatus, ProviderResult
from kajoom.models.db import db
from kajoom.models.invoice import invoice_of_order
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import last_attempt_of
from kajoom.models.service import Service
from kajoom.operations import outbox
from kajoom.operations.daily import enqueue_day
from kajoom.operations.payments import pay
from kajoom.worker.consumer import run_once
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.worker_runs import drain

AT = factories.AT
pytestmark = pytest.mark.usefixtures("app")


def letters_sent(mailer: FakeMailer) -> list[str]:
    """The letters by their kind, which their Message-ID begins with."""
    return [str(email["Message-ID"]).strip("<").split("-CH-")[0].split("-2026-")[0] for email in mailer.sent]


def message(key: str) -> Message:
    """A message as it stands."""
    db.session.rollback()
    return db.session.query(Message).filter(Message.key.startswith(key)).one()


def paid_order(doors: Gateways, plan: str = "b") -> Order:
    """A change from "a" confirmed and paid in place."""
    order = factories.confirm(factories.service(), plan)
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    pay.pay(invoice.id, doors.payments, PaymentChoice("null"), AT)
    return order


def plan_of(order: Order) -> str:
    db.session.rollback()
    return db.session.get_one(Service, order.service_id).plan.code


def status_of(order: Order) -> OrderStatus:
    db.session.rollback()
    return db.session.get_one(Order, order.id).status


def test_change_paid_is_carried_out_and_told(doors: Gateways, mailer: FakeMailer, panel: FakePanel) -> None:
    order = paid_order(doors)
    drain(doors, AT)
    assert plan_of(order) == "b"
    assert panel.packages == {order.service.username: "pkg_b"}
    assert letters_sent(mailer) == ["change-requested", "payment-received", "operational"]


def test_change_that_needs_a_person_waits_for_one(doors: Gateways, mailer: FakeMailer, panel: FakePanel) -> None:
    order = paid_order(doors, "c")
    drain(doors, AT)
    assert status_of(order) is OrderStatus.AWAITING_PROVISIONING
    assert panel.requests == []
    assert letters_sent(mailer) == ["change-requested", "person-on-it", "payment-received"]


def test_nothing_is_due_before_its_time(doors: Gateways) -> None:
    outbox.enqueue("day", "day-x", AT + timedelta(seconds=1), on="2026-06-16")
    db.session.commit()
    assert not run_once(doors, AT)
    assert run_once(doors, AT + timedelta(seconds=1))


def test_message_is_done_once(doors: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    assert drain(doors, AT) == 1
    assert drain(doors, AT + timedelta(days=2)) == 0
    assert len(mailer.sent) == 1


class Watching:
    """Stands before the doors, and notes whether the database was being held when they were knocked on."""

    code = "null"

    def __init__(self) -> None:
        self.panel, self.provider, self.mailer = (
            FakePanel(),
            FakeProvider(ProviderResult(AttemptStatus.PENDING)),
            FakeMailer(),
        )
        self.snapshot: dict[str, bool] = {}

    def __getattr__(self, name: str) -> object:
        self.snapshot[name] = db.session().in_transaction() or db.engine.pool.checkedout() > 0  # type: ignore[attr-defined]
        door = next(each for each in (self.panel, self.provider, self.mailer) if hasattr(each, name))
        return getattr(door, name)


def test_no_transaction_is_open_while_a_gateway_is_asked() -> None:
    watching = Watching()
    doors = Gateways(panel=watching, mailer=watching, payments={"null": watching})  # type: ignore[arg-type, dict-item]
    paid_order(doors)
    drain(doors, AT + timedelta(minutes=2))
    assert watching.snapshot == dict.fromkeys(("charge", "look_up", "send", "read", "check", "apply"), False)


def test_letter_that_cannot_leave_now_is_tried_again_later_and_later(doors: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    mailer.errors.extend(MailDelayed("452") for _ in range(3))
    at, waits = AT, []
    for _ in range(3):
        assert drain(doors, at) == 1
        due = message("change_requested").run_at
        waits.append((due - at).total_seconds())
        assert drain(doors, due - timedelta(seconds=1)) == 0
        at = due
    # Five seconds, a minute, five minutes, each drawn out by a fifth at most.
    assert all(base <= wait <= base * 1.2 for base, wait in zip((5, 60, 300), waits, strict=True))
    assert drain(doors, at) == 1
    assert len(mailer.sent) == 1


def test_letter_refused_for_good_waits_for_a_person(doors: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    mailer.errors.append(MailRefused("SMTPDataError 550"))
    drain(doors, AT)
    told = message("change_requested")
    assert told.dead_at == AT
    assert told.last_error == "MailRefused: SMTPDataError 550"
    assert drain(doors, AT + timedelta(days=1)) == 0


def test_message_that_never_succeeds_dies_after_its_last_try(doors: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    mailer.errors.extend(MailDelayed("452") for _ in range(100))
    at = AT
    while message("change_requested").dead_at is None:
        assert drain(doors, at) == 1
        at = message("change_requested").run_at
    assert message("change_requested").attempts == outbox.MAX_ATTEMPTS
    assert drain(doors, at + timedelta(days=365)) == 0


def test_letter_never_undoes_a_change(doors: Gateways, mailer: FakeMailer) -> None:
    mailer.errors.extend([MailRefused("550"), MailDelayed("452"), RuntimeError("no template")])
    order = paid_order(doors)
    drain(doors, AT)
    assert mailer.sent == []
    assert plan_of(order) == "b"
    assert status_of(order) is OrderStatus.COMPLETED


def test_fault_nobody_foresaw_stops_no_other_message(
    doors: Gateways, mailer: FakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    factories.confirm(factories.service())
    outbox.enqueue("unheard_of", "unheard_of-1", AT - timedelta(days=1))
    db.session.commit()
    assert drain(doors, AT) == 2
    assert len(mailer.sent) == 1
    assert message("unheard_of").last_error == "KeyError: 'unheard_of'"
    assert message("unheard_of").run_at > AT
    assert "unheard_of" in caplog.text


def test_letter_about_a_row_that_is_gone_is_noted_with_its_error(doors: Gateways) -> None:
    outbox.enqueue("email", "operational-x", AT, email="operational", order=404)
    db.session.commit()
    drain(doors, AT)
    assert message("operational-x").last_error.startswith("LookupError: no row")


def test_panel_that_takes_its_time_is_asked_again(doors: Gateways, panel: FakePanel) -> None:
    panel.results.append(PanelResult(PanelStatus.PENDING))
    order = paid_order(doors)
    drain(doors, AT)
    assert plan_of(order) == "a"
    assert message("provision").last_error == "StillPending: pending"
    drain(doors, message("provision").run_at)
    assert plan_of(order) == "b"


def test_lost_answer_is_settled_by_reading_back(doors: Gateways, panel: FakePanel) -> None:
    panel.results.append(PanelResult(PanelStatus.UNKNOWN))
    order = paid_order(doors)
    drain(doors, AT)
    assert plan_of(order) == "b"
    assert len(panel.requests) == 1


def test_panel_that_says_done_and_did_nothing_is_not_believed(doors: Gateways, panel: FakePanel) -> None:
    panel.packages = Forgetful()
    order = paid_order(doors)
    drain(doors, AT)
    assert plan_of(order) == "a"
    assert message("provision").last_error == "StillPending: unknown not read back"


class Forgetful(dict[str, str]):
    """A panel's memory that keeps nothing."""

    def __setitem__(self, username: str, package: str) -> None:
        pass


def test_refusal_of_the_panel_goes_to_a_person_with_its_reason(
    doors: Gateways, panel: FakePanel, mailer: FakeMailer
) -> None:
    panel.results.append(PanelResult(PanelStatus.REFUSED, "quota exceeded"))
    order = paid_order(doors)
    drain(doors, AT)
    assert status_of(order) is OrderStatus.AWAITING_PROVISIONING
    snapshot = db.session.get_one(Order, order.id)
    assert (snapshot.needs_person, snapshot.history[-1].note) == (True, "quota exceeded")
    assert letters_sent(mailer)[-2:] == ["needs-review", "staff-notice"]


def test_house_without_a_panel_hands_each_change_to_a_person(doors: Gateways, mailer: FakeMailer) -> None:
    by_hand = Gateways(panel=ManualPanel(), mailer=mailer, payments=doors.payments)
    order = paid_order(by_hand)
    drain(by_hand, AT)
    assert db.session.get_one(Order, order.id).review_reason is ReviewReason.NO_PANEL
    assert plan_of(order) == "a"


def test_change_already_made_asks_the_panel_nothing(doors: Gateways, panel: FakePanel) -> None:
    """Only the cycle changes: the account is on its package already."""
    row = factories.service()
    panel.packages[row.username] = "pkg_a"
    order = factories.confirm(row, "a", factories.ANNUALLY)
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    pay.pay(invoice.id, doors.payments, PaymentChoice("null"), AT)
    drain(doors, AT)
    assert status_of(order) is OrderStatus.COMPLETED
    assert panel.requests == []


def test_payment_whose_answer_was_lost_is_settled_by_looking_it_up(doors: Gateways, provider: FakeProvider) -> None:
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    order = paid_order(doors)
    assert status_of(order) is OrderStatus.AWAITING_PAYMENT
    drain(doors, AT + timedelta(seconds=6))
    assert plan_of(order) == "b"
    assert len(provider.ledger) == 1


def test_payment_that_never_arrived_is_settled_as_refused(doors: Gateways, provider: FakeProvider) -> None:
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    provider.takes_money = False
    order = paid_order(doors)
    drain(doors, AT + timedelta(seconds=6))
    assert status_of(order) is OrderStatus.AWAITING_PAYMENT
    invoice = invoice_of_order(order.id)
    attempt = last_attempt_of(invoice.id) if invoice else None
    assert attempt is not None
    assert (attempt.status, attempt.reason) == (AttemptStatus.REFUSED, "not_found")


def test_payment_nobody_knows_of_is_asked_about_again(doors: Gateways, provider: FakeProvider) -> None:
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    provider.look_up = lambda charge: ProviderResult(AttemptStatus.UNKNOWN)  # type: ignore[method-assign]
    paid_order(doors)
    drain(doors, AT + timedelta(seconds=6))
    assert message("settle").last_error == "StillPending: unknown"
    assert message("settle").run_at > AT + timedelta(seconds=6)


def test_day_is_announced_once_and_brings_what_fell_due(doors: Gateways) -> None:
    row = factories.service()
    factories.credit(row.client, 100_000)
    order = factories.confirm(row, "base")
    assert status_of(order) is OrderStatus.SCHEDULED
    due = AT + (factories.DUE - factories.ON)
    for _ in range(2):
        enqueue_day(factories.DUE, due)
        drain(doors, due)
    assert plan_of(order) == "base"
    assert message("day-").key == "day-2026-07-01"


def test_day_before_brings_nothing(doors: Gateways) -> None:
    order = factories.confirm(factories.service(), "base")
    enqueue_day(date(2026, 6, 30), AT)
    drain(doors, AT)
    assert status_of(order) is OrderStatus.SCHEDULED
