"""Unpaid services: suspended at the panel on the day that was announced, restored by the payment, and all are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.task import TaskKind
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import PanelAccount, PanelResult, PanelStatus
from kajoom.gateways.panels.manual import ManualPanel
from kajoom.gateways.ports import ProviderResult
from kajoom.models.db import db
from kajoom.models.health import queue_health
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.service import Service
from kajoom.models.task import Task, open_tasks
from kajoom.operations.billing.reminders import notify_overdue
from kajoom.operations.billing.suspension import lift_as_staff, suspend_as_staff
from kajoom.operations.orders.service_tasks import complete_task, report_late_accounts, retry_task
from kajoom.operations.payments.credit import pay_with_credit
from kajoom.operations.tasks import claim_task
from tests import factories
from tests.factories import AT, DUE
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import rows
from tests.operations.pending_payments import ProcessCrash
from tests.operations.renewal_setup import issue_next_renewal, pay_in_full, scheduled_change
from tests.worker.email_parts import text_of
from tests.worker.suspension_setup import (
    DAY,
    SUSPENDED_ON,
    announced,
    emails,
    instant,
    live_day,
    set_policy,
    suspended,
    unpaid_service,
)
from tests.worker_runs import drain, run_once

pytestmark = pytest.mark.usefixtures("app")
REFUSED = PanelResult(PanelStatus.REFUSED, "Account is locked.")
UNKNOWN = PanelResult(PanelStatus.UNKNOWN, "no answer")
STAFF = "staff:1"


class ActingPanel(FakePanel):
    """A panel during whose first request ``act`` is called, after that request has had its effect."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act: Callable[[], object] | None = act

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        result = super().suspend(account, key)
        act, self.act = self.act, None
        if act is not None:
            act()
        return result


@pytest.fixture
def by_hand(mailer: FakeMailer, provider: FakeProvider) -> Gateways:
    """Gateways without a panel."""
    return Gateways(panel=ManualPanel(), mailer=mailer, payments={provider.code: provider})


def crash() -> None:
    raise ProcessCrash


def acts(panel: FakePanel) -> list[str]:
    """What was asked of the panel about accounts."""
    return [name for name, _username, _key in panel.acts]


def state(row: Service) -> tuple[ServiceStatus, SuspensionStep | None]:
    db.session.rollback()
    return row.status, row.suspension


@pytest.mark.slow
def test_life_of_an_unpaid_renewal_from_its_issue_to_the_task_of_staff(
    gateways: Gateways, panel: FakePanel, mailer: FakeMailer
) -> None:
    set_policy(14, 45)
    row = factories.service()
    queued: dict[int, list[str]] = defaultdict(list)
    for day in range(-15, 61):
        before = {message.key for message in rows(Message)}
        live_day(gateways, DUE + day * DAY)
        new = [message for message in rows(Message) if message.key not in before and message.kind == "email"]
        if new:
            queued[day] = sorted(message.ids["email"] for message in new)

    assert queued == {
        -14: ["renewal_invoice"],
        -3: ["reminder"],
        1: ["overdue"],
        7: ["second_reminder"],
        14: ["staff_alert", "suspended"],
        45: ["staff_task"],
    }
    assert acts(panel) == ["suspend"]
    assert len(mailer.sent) == 7
    assert state(row) == (ServiceStatus.SUSPENDED, None)
    assert [task.kind for task in open_tasks()] == [TaskKind.UNPAID]


def test_no_service_is_suspended_unless_the_catalogue_says_after_how_many_days(
    gateways: Gateways, panel: FakePanel
) -> None:
    row, _ = unpaid_service()
    for day in (1, 7, 90):
        live_day(gateways, DUE + day * DAY)

    assert panel.acts == []
    assert state(row) == (ServiceStatus.ACTIVE, None)
    assert open_tasks() == []


def test_both_reminders_name_the_day_of_the_suspension(gateways: Gateways, mailer: FakeMailer) -> None:
    announced(gateways)
    live_day(gateways, DUE + 7 * DAY)

    texts = [text_of(email) for email in mailer.sent if "renouvellement" not in email["Subject"]]
    assert len(texts) == 2
    assert all("votre service sera suspendu le 15 juillet 2026" in text.replace("\xa0", " ") for text in texts)


def test_policy_that_is_new_is_announced_three_days_before_at_least(
    gateways: Gateways, panel: FakePanel, mailer: FakeMailer
) -> None:
    row, invoice = unpaid_service()
    live_day(gateways, DUE + DAY)
    live_day(gateways, DUE + 7 * DAY)
    set_policy()
    live_day(gateways, DUE + 40 * DAY)
    assert "votre service sera suspendu le 13 août 2026" in text_of(mailer.sent[-1]).replace("\xa0", " ")
    live_day(gateways, DUE + 42 * DAY)
    assert panel.acts == []
    live_day(gateways, DUE + 43 * DAY)

    assert acts(panel) == ["suspend"]
    assert state(row)[0] is ServiceStatus.SUSPENDED
    number = invoice.number
    assert emails("second_reminder") == [f"second_reminder-{number}", f"suspension_notice-{number}"]


def test_service_of_a_paid_renewal_is_not_suspended(gateways: Gateways, panel: FakePanel) -> None:
    _, invoice = announced(gateways)
    pay_in_full(invoice)
    live_day(gateways, SUSPENDED_ON)

    assert panel.acts == []


def test_service_is_not_suspended_while_a_payment_may_be_on_its_way(gateways: Gateways, panel: FakePanel) -> None:
    row, invoice = announced(gateways)
    silent = FakeProvider(ProviderResult(AttemptStatus.UNKNOWN))
    pending_payments.pay_with(invoice, silent)
    live_day(gateways, SUSPENDED_ON)

    assert panel.acts == []
    assert state(row) == (ServiceStatus.ACTIVE, None)


@pytest.mark.parametrize("by_credit", [False, True], ids=["payment", "credit"])
def test_payment_restores_the_service_and_everyone_is_told(
    gateways: Gateways, panel: FakePanel, mailer: FakeMailer, by_credit: bool
) -> None:
    row, invoice = suspended(gateways)
    at = instant(SUSPENDED_ON + DAY)
    if by_credit:
        factories.credit(row.client, invoice.total_cents)
        pay_with_credit(invoice.id, at)
    else:
        pending_payments.pay_with(invoice, FakeProvider(), at)
    assert state(row) == (ServiceStatus.SUSPENDED, SuspensionStep.LIFTING)
    drain(gateways, at)

    assert acts(panel) == ["suspend", "unsuspend"]
    assert state(row) == (ServiceStatus.ACTIVE, None)
    assert len(emails("suspension_lifted")) == 1
    assert len(emails("staff_alert")) == 2
    assert [str(email["Subject"]) for email in mailer.sent].count("exemple.ca\xa0: votre service est rétabli") == 1


def test_renewal_paid_while_the_panel_suspends_ends_restored(
    gateways: Gateways, mailer: FakeMailer, provider: FakeProvider
) -> None:
    row, invoice = announced(gateways)
    invoice_id = invoice.id

    def pay() -> None:
        pending_payments.pay_with(db.session.get_one(Invoice, invoice_id), FakeProvider(), instant(SUSPENDED_ON))

    panel = ActingPanel(pay)
    acting = Gateways(panel=panel, mailer=mailer, payments={provider.code: provider})
    at = live_day(acting, SUSPENDED_ON)
    assert state(row) == (ServiceStatus.ACTIVE, SuspensionStep.LIFTING)

    drain(acting, at + timedelta(minutes=3))

    assert acts(panel) == ["suspend", "unsuspend"]
    assert state(row) == (ServiceStatus.ACTIVE, None)
    assert emails("suspended", "suspension_lifted") == []


def killed_in_the_call(panel: ActingPanel, mailer: FakeMailer, provider: FakeProvider) -> Gateways:
    """The gateways of a worker that was killed once the panel had suspended, on the day of the suspension."""
    acting = Gateways(panel=panel, mailer=mailer, payments={provider.code: provider})
    with pytest.raises(ProcessCrash):
        live_day(acting, SUSPENDED_ON)
    db.session.rollback()
    return acting


def test_worker_killed_after_the_panel_has_suspended_does_it_once(
    gateways: Gateways, mailer: FakeMailer, provider: FakeProvider
) -> None:
    row, _ = announced(gateways)
    panel = ActingPanel(crash)
    acting = killed_in_the_call(panel, mailer, provider)
    assert state(row) == (ServiceStatus.ACTIVE, SuspensionStep.SUSPENDING)

    drain(acting, instant(SUSPENDED_ON) + timedelta(minutes=3))

    assert acts(panel) == ["suspend"]
    assert state(row) == (ServiceStatus.SUSPENDED, None)
    assert len(emails("suspended")) == 1


def test_payment_while_the_worker_is_killed_restores_the_service(
    gateways: Gateways, mailer: FakeMailer, provider: FakeProvider
) -> None:
    row, invoice = announced(gateways)
    panel = ActingPanel(crash)
    acting = killed_in_the_call(panel, mailer, provider)
    at = instant(SUSPENDED_ON)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(acting, at)
    assert acts(panel) == ["suspend"]  # its call may still be under way

    drain(acting, at + timedelta(minutes=3))

    assert acts(panel) == ["suspend", "unsuspend"]
    assert state(row) == (ServiceStatus.ACTIVE, None)


def test_panel_that_refuses_hands_the_suspension_to_a_person(gateways: Gateways, panel: FakePanel) -> None:
    row, _ = announced(gateways)
    panel.results.append(REFUSED)
    live_day(gateways, SUSPENDED_ON)

    [task] = open_tasks()
    assert (task.kind, task.reason, task.detail) == (TaskKind.SUSPEND, "panel_refused", "Account is locked.")
    assert state(row) == (ServiceStatus.ACTIVE, SuspensionStep.SUSPENDING)
    live_day(gateways, SUSPENDED_ON + DAY)
    assert acts(panel) == ["suspend"]

    complete_task(task.id, STAFF, instant(SUSPENDED_ON + DAY))
    assert state(row) == (ServiceStatus.SUSPENDED, None)
    assert open_tasks() == []
    assert len(emails("suspended")) == 1


def test_panel_that_refused_is_asked_again_by_staff(gateways: Gateways, panel: FakePanel) -> None:
    row, _ = announced(gateways)
    panel.results.append(REFUSED)
    at = live_day(gateways, SUSPENDED_ON)
    [task] = open_tasks()
    retry_task(task.id, STAFF, at)
    assert open_tasks() == []
    drain(gateways, at)

    assert [key for _name, _username, key in panel.acts] == [f"suspension-{row.id}:{no}" for no in (1, 2)]
    assert state(row) == (ServiceStatus.SUSPENDED, None)
    with pytest.raises(BusinessError) as error:
        retry_task(task.id, STAFF, at)
    assert error.value.code is StaffRefusal.NO_TASK


def test_server_without_a_panel_has_a_person_suspend_and_restore(by_hand: Gateways) -> None:
    row, invoice = announced(by_hand)
    at = live_day(by_hand, SUSPENDED_ON)
    [task] = open_tasks()
    complete_task(task.id, STAFF, at)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(by_hand, at)

    [task] = open_tasks()
    assert (task.kind, task.reason) == (TaskKind.UNSUSPEND, "by_hand")
    complete_task(task.id, STAFF, at)
    assert state(row) == (ServiceStatus.ACTIVE, None)
    assert len(emails("suspended")) == len(emails("suspension_lifted")) == 1
    assert emails("lift_late", "staff_alert") == []


@pytest.mark.parametrize("is_claimed", [False, True])
def test_payment_withdraws_a_suspension_that_nobody_has_begun(by_hand: Gateways, is_claimed: bool) -> None:
    row, invoice = announced(by_hand)
    at = live_day(by_hand, SUSPENDED_ON)
    [task] = open_tasks()
    if is_claimed:  # whoever works on it may have suspended the account already
        claim_task(task.id, STAFF, at)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(by_hand, at)

    assert state(row) == (ServiceStatus.ACTIVE, SuspensionStep.LIFTING if is_claimed else None)
    assert [each.kind for each in open_tasks()] == ([TaskKind.UNSUSPEND] if is_claimed else [])
    assert emails("suspended", "suspension_lifted") == []


def test_panel_without_an_answer_is_reported_after_an_hour_and_asked_on(gateways: Gateways, panel: FakePanel) -> None:
    row, invoice = suspended(gateways)
    panel.takes_effect = False
    panel.results += [UNKNOWN] * 50
    at = instant(SUSPENDED_ON + DAY)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    for minutes in range(0, 59, 10):
        drain(gateways, at + timedelta(minutes=minutes))
        report_late_accounts(at + timedelta(minutes=minutes))
    assert open_tasks() == []
    report_late_accounts(at + timedelta(minutes=61))
    report_late_accounts(at + timedelta(minutes=62))
    drain(gateways, at + timedelta(minutes=62))

    [task] = open_tasks()
    assert (task.kind, task.reason) == (TaskKind.UNSUSPEND, "panel_late")
    assert len(emails("lift_late")) == 1
    panel.results.clear()
    drain(gateways, at + timedelta(hours=3))
    assert state(row) == (ServiceStatus.ACTIVE, None)
    assert open_tasks() == []
    assert len(emails("suspension_lifted")) == 1


def test_person_may_do_what_the_panel_has_not_done(gateways: Gateways, panel: FakePanel) -> None:
    row, invoice = suspended(gateways)
    panel.results += [UNKNOWN] * 3
    panel.takes_effect = False
    at = instant(SUSPENDED_ON + DAY)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(gateways, at)
    report_late_accounts(at + timedelta(hours=1))
    [task] = open_tasks()
    later = at + timedelta(hours=1, minutes=1)
    assert queue_health(later).late
    complete_task(task.id, STAFF, later)
    drain(gateways, later)
    assert not queue_health(later).late

    assert state(row) == (ServiceStatus.ACTIVE, None)
    message = message_by_key(f"suspension-{row.id}")
    assert message is not None
    assert message.done_at is not None
    assert len(emails("suspension_lifted")) == 1


def test_suspension_by_staff_has_their_reason_and_the_payment_lifts_it(
    gateways: Gateways, panel: FakePanel, mailer: FakeMailer
) -> None:
    row, invoice = unpaid_service()
    at = instant(DUE + DAY)
    suspend_as_staff("exemple.ca", "Deux paiements refusés.", STAFF, at)
    drain(gateways, at)
    assert state(row) == (ServiceStatus.SUSPENDED, None)
    assert any("Deux paiements refusés." in text_of(email) for email in mailer.sent)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(gateways, at)

    assert acts(panel) == ["suspend", "unsuspend"]
    assert state(row) == (ServiceStatus.ACTIVE, None)


def test_suspension_that_only_staff_lift_stays_after_the_payment(
    gateways: Gateways, panel: FakePanel, mailer: FakeMailer
) -> None:
    row, invoice = unpaid_service()
    at = instant(DUE + DAY)
    suspend_as_staff("exemple.ca", "Envoi de pourriel.", STAFF, at, lifts_when_paid=False)
    drain(gateways, at)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(gateways, at)
    assert state(row) == (ServiceStatus.SUSPENDED, None)
    lift_as_staff("exemple.ca", "Le site est nettoyé.", STAFF, at)
    drain(gateways, at)

    assert acts(panel) == ["suspend", "unsuspend"]
    assert state(row) == (ServiceStatus.ACTIVE, None)
    assert "Le site est nettoyé." in text_of(mailer.sent[-2]) + text_of(mailer.sent[-1])


def test_service_that_the_host_suspended_is_restored_once_it_pays(gateways: Gateways, panel: FakePanel) -> None:
    row = factories.service(status=ServiceStatus.SUSPENDED)
    invoice = issue_next_renewal(row)
    panel.suspend(PanelAccount("", row.username), "host")
    notify_overdue(invoice.id, DUE + DAY, AT)
    at = instant(DUE + DAY)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(gateways, at)

    assert acts(panel) == ["suspend", "unsuspend"]
    assert state(row) == (ServiceStatus.ACTIVE, None)


@pytest.mark.slow
def test_scheduled_change_starts_once_its_suspended_service_is_restored(gateways: Gateways, panel: FakePanel) -> None:
    set_policy()
    order, invoice = scheduled_change("base")
    row = order.service
    live_day(gateways, DUE + DAY)
    live_day(gateways, SUSPENDED_ON)
    assert state(row)[0] is ServiceStatus.SUSPENDED
    at = instant(SUSPENDED_ON + DAY)
    pending_payments.pay_with(invoice, FakeProvider(), at)
    drain(gateways, at)

    db.session.rollback()
    assert (row.status, row.plan.code, order.status.value) == (ServiceStatus.ACTIVE, "base", "completed")
    assert acts(panel) == ["suspend", "unsuspend"]


def test_staff_are_asked_about_a_service_once_and_not_after_the_payment(gateways: Gateways, mailer: FakeMailer) -> None:
    set_policy(None, 45)
    row, invoice = unpaid_service()
    for day in (1, 7, 44):
        live_day(gateways, DUE + day * DAY)
    assert open_tasks() == []
    for day in (45, 46):
        live_day(gateways, DUE + day * DAY)
    [task] = open_tasks()
    assert (task.kind, task.service_id, task.detail) == (TaskKind.UNPAID, row.id, invoice.number)
    assert f"flask staff end {row.external_id} --reason" in text_of(mailer.sent[-1])
    pay_in_full(invoice)

    assert open_tasks() == []
    assert len(rows(Task)) == 1


def test_service_that_ends_is_neither_suspended_nor_restored_any_more(gateways: Gateways, panel: FakePanel) -> None:
    row, _ = announced(gateways)
    at = instant(SUSPENDED_ON)
    suspend_as_staff(row.external_id, "x", STAFF, at)
    db.session.query(Service).update({"status": ServiceStatus.TERMINATED})
    db.session.commit()
    assert run_once(gateways, at)
    drain(gateways, at)

    assert panel.acts == []
