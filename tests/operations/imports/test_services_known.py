"""The file of services loaded again: what happened here stands, and what the file says otherwise is reported."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.service import ServiceStatus
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models import bulk
from kajoom.models.catalog import catalog_version
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.task import Task, open_tasks
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.billing.suspension import lift_as_staff, suspend_as_staff
from kajoom.operations.billing.suspension_result import record_suspension_result
from kajoom.operations.billing.terms import change_terms
from kajoom.operations.billing.typed_terms import TermsInput
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.daily import bill_day, preview_bill
from kajoom.operations.files.report import ImportReport
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.provisioning import mark_operational
from tests import factories
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.imports.service_files import AT, DEMO, errors_of, file, import_file, stored_service
from tests.operations.ledger_checks import nothing_written, queued_emails, rows
from tests.operations.renewal_setup import pay_in_full, record_transfer

pytestmark = pytest.mark.slow

ON, DUE, AUGUST = AT.date(), date(2026, 7, 1), date(2026, 8, 1)


@pytest.fixture(autouse=True)
def _imported(app: object) -> None:
    """The demonstration's catalogue, and one service as the file has it: 150.00 each month, due on July 1."""
    load_catalog((DEMO / "catalog.toml").read_bytes(), AT)
    factories.client(external_id="C1", email="c1@example.org")
    import_file(file({}))


def kept(report: ImportReport) -> list[str]:
    assert report.errors == []
    return [str(each) for each in report.kept]


def issue(on: date = ON) -> Invoice:
    invoice = issue_renewal(stored_service().id, on, AT)
    assert invoice is not None
    return invoice


def cancel(when: CancellationWhen = CancellationWhen.NOW) -> None:
    row = stored_service()
    request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)


# --- status ---


def test_file_does_not_revive_a_service_that_ended_here() -> None:
    cancel()
    for _ in range(2):
        report = import_file(file({}))
        assert kept(report) == [
            "line 2: status: kept cancelled: a service that has ended is not revived; the file says active"
        ]
        assert (report.changed, report.unchanged) == (0, 1)
    bill_day(DUE, AT, 14)

    assert stored_service().status is ServiceStatus.CANCELLED
    assert rows(Invoice) == []


def test_file_that_says_that_it_ended_too_agrees() -> None:
    cancel()
    report = import_file(file({"status": "Terminated"}))

    assert (kept(report), report.unchanged) == ([], 1)
    assert stored_service().status is ServiceStatus.CANCELLED


def test_service_that_the_file_ended_is_not_revived_by_a_later_file() -> None:
    import_file(file({"status": "Terminated"}))
    report = import_file(file({}))

    assert kept(report) == [
        "line 2: status: kept terminated: a service that has ended is not revived; the file says active"
    ]


def test_file_that_ends_a_service_closes_what_is_open_on_it() -> None:
    invoice = issue()
    number = invoice.number
    report = import_file(file({"status": "Terminated"}))
    bill_day(DUE + timedelta(days=10), AT, 14)

    assert (kept(report), report.changed) == ([], 1)
    row = stored_service()
    assert (row.status, row.ended_on) == (ServiceStatus.TERMINATED, ON)
    assert db.session.get_one(Invoice, invoice.id).status is InvoiceStatus.VOID
    assert message_by_key(f"overdue-{number}") is None
    assert [(task.service_id, task.reason) for task in open_tasks()] == [(row.id, "import")]
    assert "service_ended" in queued_emails()


def test_file_that_ends_a_service_cancels_its_unpaid_change() -> None:
    order = factories.confirm(stored_service(), "b")
    invoice = factories.invoice_for(order)
    import_file(file({"status": "Cancelled"}))

    assert (order.status, invoice.status) == (OrderStatus.CANCELLED, InvoiceStatus.VOID)


def test_service_that_had_ended_before_it_was_imported_gives_no_task_and_no_email() -> None:
    import_file(file({}, {"external_id": "S2", "status": "Terminated"}))
    import_file(file({}, {"external_id": "S2", "status": "Terminated"}))

    assert (open_tasks(), rows(Message)) == ([], [])


def test_change_of_status_in_the_file_is_news() -> None:
    import_file(file({"status": "Suspended"}))
    assert stored_service().status is ServiceStatus.SUSPENDED
    import_file(file({"status": "Active"}))
    assert stored_service().status is ServiceStatus.ACTIVE
    assert rows(Message) == []


def test_status_that_changed_here_stands_until_the_file_changes() -> None:
    stored_service().status = ServiceStatus.SUSPENDED
    db.session.commit()

    assert kept(import_file(file({}))) == ["line 2: status: kept suspended, which is newer; the file still says active"]
    assert stored_service().status is ServiceStatus.SUSPENDED
    assert kept(import_file(file({"status": "Suspended"}))) == []
    assert kept(import_file(file({}))) == []
    assert stored_service().status is ServiceStatus.ACTIVE


def test_dry_run_reports_an_end_and_writes_nothing() -> None:
    content = file({"status": "Terminated"})
    stored_service()
    db.session.rollback()
    with nothing_written():
        assert import_file(content, dry_run=True).changed == 1


def test_error_in_the_file_ends_no_service() -> None:
    content = file({"status": "Terminated"}, {"external_id": "S2", "plan": "z"})
    with nothing_written():
        assert errors_of(import_file(content)) == ["line 3: plan: unknown plan: hosting/z"]


def test_import_that_is_interrupted_ends_the_service_when_it_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kajoom.operations.imports.services.carry_out", stop)
        with pytest.raises(KeyboardInterrupt):
            import_file(file({"status": "Terminated", "label": "nouveau.ca"}))
    assert (stored_service().status, stored_service().label) == (ServiceStatus.ACTIVE, "nouveau.ca")

    import_file(file({"status": "Terminated", "label": "nouveau.ca"}))
    assert stored_service().status is ServiceStatus.TERMINATED


# --- terms ---

TERMS = {"recurring": "165.00"}


def test_terms_that_differ_after_an_invoice_are_reported_and_kept() -> None:
    pay_in_full(issue())
    for _ in range(2):
        report = import_file(file({"recurring": "165.00", "quantity": "2", "plan": "b", "cycle": "annually"}))
        assert kept(report) == [
            f"line 2: {place}: kept {ours}; the file says {theirs} (--terms applies it from the next period)"
            for place, ours, theirs in (
                ("plan", "hosting/a", "hosting/b"),
                ("cycle", "monthly", "annually"),
                ("recurring", "150.00", "165.00"),
                ("quantity", "1", "2"),
            )
        ]
    assert str(stored_service().recurring) == "150.00"


def test_other_columns_of_a_row_whose_terms_are_kept_are_written() -> None:
    issue()
    report = import_file(file({**TERMS, "label": "nouveau.ca"}))

    assert (len(report.kept), report.changed) == (1, 1)
    assert stored_service().label == "nouveau.ca"


def test_terms_apply_from_the_next_period_when_asked_for() -> None:
    pay_in_full(issue())
    report = import_file(file(TERMS), with_terms=True)

    assert (kept(report), report.changed) == ([], 1)
    row = stored_service()
    assert (str(row.recurring), row.next_due_date) == ("150.00", AUGUST)
    invoice = issue(date(2026, 7, 20))
    assert invoice.subtotal_cents == 16500
    pay_in_full(invoice)
    assert (str(stored_service().recurring), stored_service().next_terms) == ("165.00", None)
    assert kept(import_file(file(TERMS))) == []


def test_terms_that_wait_for_the_next_period_are_no_difference() -> None:
    pay_in_full(issue())
    import_file(file(TERMS), with_terms=True)
    report = import_file(file(TERMS), with_terms=True)

    assert (kept(report), report.unchanged) == ([], 1)


def test_file_agrees_with_the_terms_in_force_until_those_of_staff_begin() -> None:
    pay_in_full(issue())
    planned = TermsInput(price="165.00", first_day=AUGUST.isoformat())
    change_terms(stored_service().id, planned, "Entente", "staff:lea", ON, AT)
    assert kept(import_file(file({"disk_mb": "2000"}), with_terms=True)) == []
    pay_in_full(issue(date(2026, 7, 20)))
    assert kept(import_file(file({"disk_mb": "3000"}))) == [
        "line 2: recurring: kept 165.00; the file says 150.00: the file has not changed since, what is here has"
    ]


def test_open_renewal_that_nothing_was_paid_on_is_issued_anew_on_the_new_terms() -> None:
    old = issue()
    import_file(file(TERMS), with_terms=True)

    old_one, new = rows(Invoice)
    assert (old_one.id, old_one.status) == (old.id, InvoiceStatus.VOID)
    assert (new.status, new.subtotal_cents, new.period_start) == (InvoiceStatus.OPEN, 16500, DUE)


@pytest.mark.parametrize("pays", ["in part", "at a provider"])
def test_renewal_that_is_being_paid_is_kept_and_the_terms_begin_after_it(pays: str) -> None:
    old = issue()
    if pays == "in part":
        record_transfer(old.id, 5000, "T1")
    else:
        pending_payments.pay_with(old, FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))
    import_file(file(TERMS), with_terms=True)

    assert [(invoice.id, invoice.status) for invoice in rows(Invoice)] == [(old.id, InvoiceStatus.OPEN)]
    assert stored_service().next_terms == {
        "plan_id": stored_service().plan_id, "cycle": "monthly", "recurring_cents": 16500, "quantity": 1,
        "options_cents": 0, "discount_cents": 0, "since": AUGUST.isoformat(),
    }  # fmt: skip


def test_renewal_of_a_period_that_has_begun_is_not_billed_again() -> None:
    old = issue()
    import_file(file(TERMS), with_terms=True, on=DUE + timedelta(days=3))

    assert [(invoice.id, invoice.subtotal_cents) for invoice in rows(Invoice)] == [(old.id, 15000)]


def test_terms_are_not_applied_while_a_change_is_under_way() -> None:
    factories.confirm(stored_service(), "b")
    report = import_file(file(TERMS), with_terms=True)

    assert kept(report) == ["line 2: recurring: kept 150.00; the file says 165.00: a change of plan is under way"]
    assert stored_service().next_terms is None


def test_plan_that_the_client_changed_here_is_not_undone_by_an_old_file() -> None:
    order = factories.confirm(stored_service(), "b")
    pending_payments.pay_with(factories.invoice_for(order), FakeProvider())
    mark_operational(order.reference, "staff:anna", ON, AT)
    for content in (file({}), file({"recurring": "160.00"})):
        report = import_file(content, with_terms=True)
        assert len(kept(report)) == 2
        assert all("the file has not changed since, what is here has" in line for line in kept(report))
    row = stored_service()
    assert (row.plan.code, row.next_terms) == ("b", None)

    assert kept(import_file(file({"plan": "b", "recurring": "225.00"}))) == []
    assert kept(import_file(file({"plan": "b", "recurring": "240.00"}), with_terms=True)) == []
    assert stored_service().next_terms is not None


def test_service_keeps_its_currency() -> None:
    issue()
    assert kept(import_file(file({"currency": "USD"}), with_terms=True)) == [
        "line 2: currency: kept CAD; the file says USD: a service keeps its currency"
    ]


def test_service_becomes_free_at_the_end_of_the_paid_period() -> None:
    pay_in_full(issue())
    import_file(file({"cycle": "monthly", "recurring": "0.00"}), with_terms=True)
    bill_day(AUGUST - timedelta(days=1), AT, 14)
    assert str(stored_service().recurring) == "150.00"
    bill_day(AUGUST, AT, 14)

    row = stored_service()
    assert (str(row.recurring), row.next_due_date, row.next_terms) == ("0.00", AUGUST, None)
    assert len(rows(Invoice)) == 1


def test_cycle_changes_with_the_first_renewal_on_it() -> None:
    pay_in_full(issue())
    import_file(file({"cycle": "annually", "recurring": "1500.00", "next_due_date": "2026-08-01"}), with_terms=True)
    assert stored_service().cycle is BillingCycle.MONTHLY
    pay_in_full(issue(AUGUST))

    row = stored_service()
    assert (row.cycle, str(row.recurring), row.next_due_date) == (BillingCycle.ANNUALLY, "1500.00", date(2027, 8, 1))


def test_dry_run_of_new_terms_writes_nothing() -> None:
    issue()
    content = file(TERMS)
    with nothing_written():
        report = import_file(content, with_terms=True, dry_run=True)
    assert (kept(report), report.changed) == ([], 1)


def test_terms_without_an_invoice_or_an_order_are_plain_updates() -> None:
    report = import_file(file({"plan": "b", "recurring": "225.00", "next_due_date": "2026-07-15"}))

    assert (kept(report), report.changed) == ([], 1)
    row = stored_service()
    assert (row.plan.code, str(row.recurring), row.next_due_date) == ("b", "225.00", date(2026, 7, 15))


# --- due dates ---


def test_due_date_that_a_paid_renewal_advanced_is_not_moved_back() -> None:
    pay_in_full(issue())
    report = import_file(file({}))

    assert (kept(report), report.unchanged) == ([], 1)
    assert stored_service().next_due_date == AUGUST
    assert issue_renewal(stored_service().id, DUE, AT, DUE) is None


def test_later_due_date_in_the_file_is_reported_after_an_invoice() -> None:
    issue()
    report = import_file(file({"next_due_date": "2026-08-01"}))

    assert kept(report) == ["line 2: next_due_date: kept 2026-07-01; the file says 2026-08-01"]


def test_date_of_a_free_service_that_moved_on_by_itself_is_not_moved_back() -> None:
    free = {"external_id": "S2", "recurring": "0.00", "next_due_date": "2026-05-01"}
    import_file(file({}, free))
    bill_day(ON, AT, 14)
    assert stored_service("S2").next_due_date == DUE
    report = import_file(file({}, free))

    assert (kept(report), report.unchanged) == ([], 2)
    assert stored_service("S2").next_due_date == DUE


def test_service_that_an_operation_changes_meanwhile_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    write = bulk.write_services

    def change_first(changes: Any) -> None:
        row_id = next(iter(changes))
        write({row_id: {"status": ServiceStatus.CANCELLED, "version": changes[row_id]["version"]}})
        write(changes)

    monkeypatch.setattr(bulk, "write_services", change_first)
    import_file(file({"status": "Suspended"}))

    assert stored_service().status is ServiceStatus.CANCELLED


def result_of_panel(status: PanelStatus = PanelStatus.DONE) -> None:
    service = stored_service()
    assert record_suspension_result(service.id, service.suspension_no, PanelResult(status), AT)


def test_file_that_is_ahead_of_a_lift_leaves_it_to_be_recorded_and_the_client_written_to() -> None:
    suspend_as_staff("S1", "Pourriel", "staff:t", AT)
    result_of_panel()
    import_file(file({"status": "suspended"}))
    lift_as_staff("S1", "Réglé", "staff:t", AT)
    report = import_file(file({}))  # the panel has lifted it, and the file says so before the panel's answer
    assert (report.kept, stored_service().status) == ([], ServiceStatus.SUSPENDED)
    assert "suspension_lifted" not in queued_emails()
    result_of_panel()
    assert stored_service().status is ServiceStatus.ACTIVE
    assert "suspension_lifted" in queued_emails()
    assert import_file(file({})).kept == []


def test_suspension_that_the_host_lifted_by_itself_is_taken_over() -> None:
    suspend_as_staff("S1", "Pourriel", "staff:t", AT)
    result_of_panel()
    import_file(file({"status": "suspended"}))
    import_file(file({}))
    assert stored_service().status is ServiceStatus.ACTIVE


def test_dry_run_of_billing_shows_what_else_begins() -> None:
    import_file(file({"recurring": "150.00", "next_due_date": "2026-06-10"}))
    catalog = catalog_version()
    assert catalog is not None
    catalog.billing = {"suspend_days": 3, "terminate_days": 10}
    factories.reload_catalogue()
    bill_day(date(2026, 6, 10), AT, 0)
    before = len(rows(Task)), len(rows(Message))
    preview = preview_bill(date(2026, 6, 25), AT, 0)
    assert (len(rows(Task)), len(rows(Message))) == before
    assert preview.others == {"task": 1}
    bill_day(date(2026, 6, 25), AT, 0)
    assert len(rows(Task)) == before[0] + 1
