"""The queue consumer: handles each due message once, records its outcome, and retries or gives up on failures."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kajoom.domain.order import OrderStatus, ReviewReason
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.gateways.ports import MailDelayed, MailRefused, ProviderResult
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations import outbox
from kajoom.operations.daily import enqueue_day
from tests import factories
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.operations.pending_payments import last_attempt
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain, run_once

AT = factories.AT
pytestmark = pytest.mark.usefixtures("app")


def email_names(mailer: FakeMailer) -> list[str]:
    """The names of the e-mails sent, read from the start of their Message-ID."""
    return [str(email["Message-ID"]).strip("<").split("-CH-")[0].split("-2026-")[0] for email in mailer.sent]


def message(key: str) -> Message:
    """The stored message whose key begins with ``key``."""
    db.session.rollback()
    return db.session.query(Message).filter(Message.key.startswith(key)).one()


def paid_order(gateways: Gateways, plan: str = "b") -> Order:
    """A change from plan "a", confirmed and paid."""
    order = factories.confirm(factories.service(), plan)
    pay_order(order, gateways)
    return order


def plan_of(order: Order) -> str:
    db.session.rollback()
    return db.session.get_one(Service, order.service_id).plan.code


def status_of(order: Order) -> OrderStatus:
    db.session.rollback()
    return db.session.get_one(Order, order.id).status


def test_paid_change_is_provisioned_and_notified(gateways: Gateways, mailer: FakeMailer, panel: FakePanel) -> None:
    order = paid_order(gateways)
    drain(gateways, AT)
    assert plan_of(order) == "b"
    assert panel.packages == {order.service.username: "pkg_b"}
    assert email_names(mailer) == ["operational"]


def test_change_that_needs_a_person_is_not_sent_to_the_panel(
    gateways: Gateways, mailer: FakeMailer, panel: FakePanel
) -> None:
    order = paid_order(gateways, "c")
    drain(gateways, AT)
    assert status_of(order) is OrderStatus.AWAITING_PROVISIONING
    assert panel.requests == []
    assert email_names(mailer) == ["person-on-it", "staff-task-change"]


def test_message_is_not_handled_before_its_time(gateways: Gateways) -> None:
    outbox.enqueue("day", "day-x", AT + timedelta(seconds=1), on="2026-06-16")
    db.session.commit()
    assert not run_once(gateways, AT)
    assert run_once(gateways, AT + timedelta(seconds=1))


def test_message_is_handled_once(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    assert drain(gateways, AT) == 1
    assert drain(gateways, AT + timedelta(days=2)) == 0
    assert len(mailer.sent) == 1


class TransactionRecorder:
    """Stands in for all three gateways; records for each method whether a transaction was open at its call."""

    code, can_save, needs_approval = "fake", False, False

    can_read = True

    def __init__(self) -> None:
        self.panel, self.provider, self.mailer = (
            FakePanel(),
            FakeProvider(ProviderResult(AttemptStatus.PENDING)),
            FakeMailer(),
        )
        self.in_transaction: dict[str, bool] = {}

    def __getattr__(self, name: str) -> object:
        is_connected = db.engine.pool.checkedout() > 0  # type: ignore[attr-defined]
        self.in_transaction[name] = db.session().in_transaction() or is_connected
        gateway = next(each for each in (self.panel, self.provider, self.mailer) if hasattr(each, name))
        return getattr(gateway, name)


def test_no_transaction_is_open_while_a_gateway_is_called() -> None:
    recorder = TransactionRecorder()
    gateways = Gateways(panel=recorder, mailer=recorder, payments={"fake": recorder})  # type: ignore[arg-type, dict-item]
    paid_order(gateways)
    drain(gateways, AT + timedelta(minutes=2))
    assert recorder.in_transaction == dict.fromkeys(("charge", "look_up", "send", "read", "change"), False)


def test_delayed_email_is_retried_with_increasing_delays(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    mailer.errors.extend(MailDelayed("452") for _ in range(3))
    at, waits = AT, []
    for _ in range(3):
        assert drain(gateways, at) == 1
        due = message("change_requested").run_at
        waits.append((due - at).total_seconds())
        assert drain(gateways, due - timedelta(seconds=1)) == 0
        at = due
    # Five seconds, one minute, five minutes, each with up to a fifth of random delay.
    assert all(base <= wait <= base * 1.2 for base, wait in zip((5, 60, 300), waits, strict=True))
    assert drain(gateways, at) == 1
    assert len(mailer.sent) == 1


def test_refused_email_is_a_dead_letter(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    mailer.errors.append(MailRefused("SMTPDataError 550"))
    drain(gateways, AT)
    refused = message("change_requested")
    assert refused.dead_at == AT
    assert refused.last_error == "MailRefused: SMTPDataError 550"
    assert drain(gateways, AT + timedelta(days=1)) == 0


def test_message_is_a_dead_letter_after_its_last_attempt(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    mailer.errors.extend(MailDelayed("452") for _ in range(100))
    at = AT
    while message("change_requested").dead_at is None:
        assert drain(gateways, at) >= 1
        at = message("change_requested").run_at
    assert message("change_requested").attempts == outbox.MAX_ATTEMPTS
    assert message("staff_alert").last_error == "MailDelayed: 452"


def test_failing_emails_do_not_affect_the_change(gateways: Gateways, mailer: FakeMailer) -> None:
    mailer.errors.extend([MailRefused("550"), MailDelayed("452"), RuntimeError("no template"), MailDelayed("452")])
    order = paid_order(gateways)
    drain(gateways, AT)
    assert mailer.sent == []
    assert plan_of(order) == "b"
    assert status_of(order) is OrderStatus.COMPLETED


def test_unexpected_error_does_not_stop_other_messages(
    gateways: Gateways, mailer: FakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    factories.confirm(factories.service())
    outbox.enqueue("unknown_kind", "unknown_kind-1", AT - timedelta(days=1))
    db.session.commit()
    assert drain(gateways, AT) == 2
    assert len(mailer.sent) == 1
    assert message("unknown_kind").last_error == "KeyError: 'unknown_kind'"
    assert message("unknown_kind").run_at > AT
    assert "unknown_kind" in caplog.text


def test_email_about_a_missing_row_records_its_error(gateways: Gateways) -> None:
    outbox.enqueue("email", "operational-x", AT, email="operational", order=404)
    db.session.commit()
    drain(gateways, AT)
    assert message("operational-x").last_error.startswith("LookupError: no row")


def test_pending_panel_change_is_retried(gateways: Gateways, panel: FakePanel) -> None:
    panel.results.append(PanelResult(PanelStatus.PENDING))
    order = paid_order(gateways)
    drain(gateways, AT)
    assert plan_of(order) == "a"
    assert message("provision").last_error == "StillPending: pending"
    drain(gateways, message("provision").run_at)
    assert plan_of(order) == "b"


def test_lost_panel_result_is_settled_by_reading_the_package(gateways: Gateways, panel: FakePanel) -> None:
    panel.results.append(PanelResult(PanelStatus.UNKNOWN))
    order = paid_order(gateways)
    drain(gateways, AT)
    assert plan_of(order) == "b"
    assert len(panel.requests) == 1


def test_panel_success_is_verified_by_reading_the_package(gateways: Gateways, panel: FakePanel) -> None:
    panel.packages = UnwritablePackages()
    order = paid_order(gateways)
    drain(gateways, AT)
    assert plan_of(order) == "a"
    assert message("provision").last_error == "PanelUnavailable: unknown not read back"


class UnwritablePackages(dict[str, str]):
    """Packages of a panel that reports success and changes nothing."""

    def __setitem__(self, username: str, package: str) -> None:
        pass


def test_panel_refusal_needs_review_with_its_reason(gateways: Gateways, panel: FakePanel, mailer: FakeMailer) -> None:
    panel.results.append(PanelResult(PanelStatus.REFUSED, "quota exceeded"))
    order = paid_order(gateways)
    drain(gateways, AT)
    assert status_of(order) is OrderStatus.AWAITING_PROVISIONING
    stored = db.session.get_one(Order, order.id)
    assert (stored.needs_person, stored.history[-1].note) == (True, "quota exceeded")
    assert email_names(mailer)[-2:] == ["needs-review", "staff-task-review"]


def test_change_without_a_panel_needs_review(gateways: Gateways, mailer: FakeMailer) -> None:
    without_panel = Gateways(panel=ManualPanel(), mailer=mailer, payments=gateways.payments)
    order = paid_order(without_panel)
    drain(without_panel, AT)
    assert db.session.get_one(Order, order.id).review_reason is ReviewReason.NO_PANEL
    assert plan_of(order) == "a"


def test_change_of_cycle_alone_needs_no_panel(gateways: Gateways, mailer: FakeMailer) -> None:
    without_panel = Gateways(panel=ManualPanel(), mailer=mailer, payments=gateways.payments)
    order = factories.confirm(factories.service(), "a", factories.ANNUALLY)
    pay_order(order, without_panel)
    drain(without_panel, AT)
    assert status_of(order) is OrderStatus.COMPLETED


def test_panel_is_not_called_for_a_package_already_set(gateways: Gateways, panel: FakePanel) -> None:
    """The account already has its package."""
    row = factories.service()
    panel.packages[row.username] = "pkg_a"
    order = factories.confirm(row, "a", factories.ANNUALLY)
    pay_order(order, gateways)
    drain(gateways, AT)
    assert status_of(order) is OrderStatus.COMPLETED
    assert panel.requests == []


def test_payment_with_a_lost_result_is_settled_by_look_up(gateways: Gateways, provider: FakeProvider) -> None:
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    order = paid_order(gateways)
    assert status_of(order) is OrderStatus.AWAITING_PAYMENT
    drain(gateways, AT + timedelta(seconds=6))
    assert plan_of(order) == "b"
    assert len(provider.ledger) == 1


def test_payment_that_never_arrived_is_settled_as_refused(gateways: Gateways, provider: FakeProvider) -> None:
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    provider.takes_money = False
    order = paid_order(gateways)
    drain(gateways, AT + timedelta(seconds=6))
    assert status_of(order) is OrderStatus.AWAITING_PAYMENT
    attempt = last_attempt(factories.invoice_for(order))
    assert (attempt.status, attempt.reason) == (AttemptStatus.REFUSED, "not_found")


def test_payment_with_an_unknown_outcome_is_looked_up_again(gateways: Gateways, provider: FakeProvider) -> None:
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    provider.look_up = lambda charge: ProviderResult(AttemptStatus.UNKNOWN)  # type: ignore[method-assign]
    paid_order(gateways)
    drain(gateways, AT + timedelta(seconds=6))
    assert message("settle").last_error == "StillPending: unknown"
    assert message("settle").run_at > AT + timedelta(seconds=6)


def test_daily_run_starts_due_changes_once(gateways: Gateways) -> None:
    row = factories.service()
    factories.credit(row.client, 100_000)
    order = factories.confirm(row, "base")
    assert status_of(order) is OrderStatus.SCHEDULED
    due = AT + (factories.DUE - factories.ON)
    for _ in range(2):
        enqueue_day(factories.DUE, due)
        drain(gateways, due)
    assert plan_of(order) == "base"
    assert message("day-").key == "day-2026-07-01"


def test_daily_run_before_the_due_date_starts_nothing(gateways: Gateways) -> None:
    order = factories.confirm(factories.service(), "base")
    enqueue_day(date(2026, 6, 30), AT)
    drain(gateways, AT)
    assert status_of(order) is OrderStatus.SCHEDULED
