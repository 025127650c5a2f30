"""Staff change the terms of a service: the renewals follow, or the act is refused and nothing is written.

A month costs 150.00 (172.46 with taxes) until ``DUE``; at 165.00 it costs 189.71.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import When
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.domain.terms_change import TermsStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models.audit import AuditRow
from kajoom.models.bulk import services_with_history
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.task import Task, open_tasks
from kajoom.models.terms_change import TermsChange
from kajoom.operations.billing.suspension import ask_staff_about
from kajoom.operations.billing.terms import change_terms, preview_terms
from kajoom.operations.billing.typed_terms import TODAY, TermsInput
from kajoom.operations.daily import bill_day
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.orders.provisioning import record_panel_result, start_due_order
from tests import factories
from tests.factories import AT, DUE, ON
from tests.fake_gateways import FakeProvider
from tests.operations import pending_payments
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.parallel import run_in_threads
from tests.operations.renewal_setup import AUGUST, DONE, issue_next_renewal, pay_in_full, record_transfer

STAFF = "staff:anna"
DEARER = TermsInput(price="165.00")


def change(row: Service, typed: TermsInput = DEARER, reason: str = "Nouveau tarif", on: date = ON) -> TermsChange:
    return change_terms(row.id, typed, reason, STAFF, on, AT)


def refusal(row: Service, typed: TermsInput = DEARER, reason: str = "Nouveau tarif", **more: Any) -> str:
    """Why a change is refused; nothing is written."""
    service_id = row.id
    with nothing_written(), pytest.raises(BusinessError) as caught:
        change_terms(service_id, typed, reason, STAFF, more.get("on", ON), AT, more.get("digest"))
    return str(caught.value.code)


def bills() -> list[tuple[str, int, date | None]]:
    """Of each invoice: its status, amount before tax, and first day."""
    return [(each.status.value, each.subtotal_cents, each.period_start) for each in rows(Invoice)]


def test_price_from_today_is_that_of_the_service_and_of_the_next_renewal() -> None:
    row = factories.service()
    done = change(row, TermsInput(price="165.00", first_day=TODAY))
    assert (str(row.recurring), row.next_terms, row.next_due_date) == ("165.00", None, DUE)
    assert (done.status, done.since, done.before, done.after) == (TermsStatus.IN_FORCE, DUE, Money(15000), Money(16500))
    assert (done.actor, done.reason, done.renewal) == (STAFF, "Nouveau tarif", Money(18_971))
    assert bills() == []
    assert issue_next_renewal(row).total_cents == 18_971


def test_price_from_the_due_date_is_in_force_once_its_renewal_is_paid() -> None:
    row = factories.service()
    done = change(row)
    assert (str(row.recurring), done.status, done.since) == ("150.00", TermsStatus.PLANNED, DUE)
    invoice = issue_next_renewal(row)
    assert invoice.total_cents == done.renewal_cents == 18_971
    pay_in_full(invoice)
    assert (str(row.recurring), row.next_due_date, done.status) == ("165.00", AUGUST, TermsStatus.IN_FORCE)


def test_price_from_a_later_day_leaves_the_renewals_before_it() -> None:
    row = factories.service()
    done = change(row, TermsInput(price="165.00", first_day="2026-07-15"))
    assert done.since == AUGUST
    pay_in_full(issue_next_renewal(row))
    assert str(row.recurring) == "150.00"
    bill_day(AUGUST - timedelta(days=5), AT, 14)
    assert bills() == [("paid", 15000, DUE), ("open", 16500, AUGUST)]


def test_unpaid_renewal_is_void_and_issued_anew_with_its_credit() -> None:
    row = factories.service()
    factories.credit(row.client, 1000)
    old = issue_next_renewal(row)
    done = change(row)
    new = rows(Invoice)[-1]
    assert (old.status, done.voided_renewal) == (InvoiceStatus.VOID, old.number)
    assert (new.subtotal_cents, new.credit_cents, new.period_start) == (16500, 1000, DUE)
    assert balance_of(row.client_id, "CAD") == Money(0)


def test_renewal_that_credit_covers_puts_the_terms_in_force() -> None:
    row = factories.service()
    factories.credit(row.client, 18_000)
    issue_next_renewal(row)
    assert str(row.next_due_date) == str(AUGUST)
    factories.credit(row.client, 20_000)
    done = change(row, TermsInput(price="160.00", first_day=AUGUST.isoformat()))
    assert done.status is TermsStatus.PLANNED
    bill_day(AUGUST - timedelta(days=5), AT, 14)
    assert (str(row.recurring), done.status) == ("160.00", TermsStatus.IN_FORCE)


def test_paid_renewal_stays_and_the_next_one_has_the_new_terms() -> None:
    row = factories.service()
    pay_in_full(issue_next_renewal(row))
    done = change(row)
    assert (done.since, done.voided_renewal) == (AUGUST, "")
    assert bills() == [("paid", 15000, DUE)]
    assert issue_next_renewal(row, AUGUST - timedelta(days=3)).subtotal_cents == 16500


def test_renewal_that_is_due_today_is_issued_at_once() -> None:
    row = factories.service(next_due_date=ON, anchor_day=16)
    change(row, TermsInput(price="165.00", first_day=TODAY))
    assert bills() == [("open", 16500, ON)]


def test_overdue_renewal_keeps_its_price_when_the_terms_begin_today() -> None:
    row = factories.service()
    old = issue_next_renewal(row)
    done = change(row, TermsInput(price="165.00", first_day=TODAY), on=DUE + timedelta(days=4))
    assert (old.status, done.since, str(row.recurring)) == (InvoiceStatus.OPEN, AUGUST, "150.00")
    pay_in_full(old)
    assert issue_next_renewal(row, AUGUST).subtotal_cents == 16500


def test_another_plan_has_the_price_of_the_catalogue_and_a_task_for_its_package() -> None:
    row = factories.service(quantity=2, recurring_cents=30_000)
    done = change(row, TermsInput(plan="b", first_day=TODAY))
    assert (row.plan.code, row.recurring_cents, row.quantity) == ("b", 45_000, 2)
    assert [(task.key, task.reason, task.order_id) for task in open_tasks()] == [
        (f"terms-{done.id}", "new_terms", None)
    ]


def test_task_for_the_package_is_opened_when_planned_terms_come_into_force() -> None:
    row = factories.service()
    change(row, TermsInput(plan="b"))
    assert rows(Task) == []
    pay_in_full(issue_next_renewal(row))
    assert (row.plan.code, len(open_tasks())) == ("b", 1)


def test_quantity_without_a_price_scales_the_price_of_the_service() -> None:
    row = factories.service(quantity=3, recurring_cents=10_000)
    change(row, TermsInput(quantity="4", first_day=TODAY))
    assert (row.quantity, row.recurring_cents) == (4, 13_333)


def test_due_date_moves_at_once_and_the_cycle_stays() -> None:
    row = factories.service()
    old = issue_next_renewal(row)
    done = change(row, TermsInput(due="2026-07-20"))
    assert (row.next_due_date, row.anchor_day, row.cycle) == (date(2026, 7, 20), 20, BillingCycle.MONTHLY)
    assert (old.status, done.due_before, done.due_after) == (InvoiceStatus.VOID, DUE, date(2026, 7, 20))
    bill_day(date(2026, 7, 10), AT, 14)
    new = rows(Invoice)[-1]
    assert (new.period_start, new.period_end) == (date(2026, 7, 20), date(2026, 8, 20))


def test_due_date_of_an_overdue_service_is_put_off() -> None:
    row = factories.service()
    issue_next_renewal(row)
    change(row, TermsInput(due="2026-07-15"), on=date(2026, 7, 5))
    assert (row.next_due_date, bills()) == (date(2026, 7, 15), [("void", 15000, DUE)])


def test_due_date_of_a_service_at_no_cost_begins_where_it_is_now_once_it_has_a_price() -> None:
    row = factories.service(recurring_cents=0, next_due_date=date(2026, 1, 1))
    change(row, TermsInput(price="10.00", first_day=TODAY))
    assert (row.next_due_date, bills()) == (DUE, [])


def test_service_that_is_given_becomes_free_of_renewals() -> None:
    row = factories.service()
    issue_next_renewal(row)
    change(row, TermsInput(price="0", first_day=TODAY))
    bill_day(DUE, AT, 14)
    assert (bills(), str(row.recurring)) == ([("void", 15000, DUE)], "0.00")


def test_planned_terms_are_replaced_by_later_ones_and_withdrawn_by_the_present_ones() -> None:
    row = factories.service()
    first, second = change(row), change(row, TermsInput(price="160.00"))
    assert (first.status, second.status) == (TermsStatus.REPLACED, TermsStatus.PLANNED)
    third = change(row, TermsInput(price="150.00"))
    assert (second.status, third.status, row.next_terms) == (TermsStatus.REPLACED, TermsStatus.IN_FORCE, None)
    assert issue_next_renewal(row).subtotal_cents == 15000


@pytest.mark.parametrize(("first_day", "cents"), [("due", 18_971), ("2026-07-02", 17_246)])
def test_price_preview_compares_with_the_next_renewal_on_planned_terms(first_day: str, cents: int) -> None:
    row = factories.service()
    change(row, TermsInput(price="165.00", first_day=first_day))
    quote = factories.price(row)
    assert quote.renewal_before == Money(cents)
    assert quote.subtotal == Money(3_750)  # what is in force today is 150.00


def test_change_of_plan_by_the_client_replaces_planned_terms() -> None:
    row = factories.service()
    done = change(row, TermsInput(price="165.00", first_day="2026-09-01"))
    order = factories.confirm(row, "b")
    pending_payments.pay_with(factories.invoice_for(order), FakeProvider())
    record_panel_result(order.id, DONE, AT)
    assert (done.status, row.next_terms, row.recurring_cents) == (TermsStatus.REPLACED, None, 22_500)


def test_renewal_of_a_scheduled_change_does_not_put_planned_terms_in_force() -> None:
    row = factories.service()
    done = change(row, TermsInput(plan="b", price="200.00"))
    order = factories.confirm(row, "base", when=When.RENEWAL)
    pay_in_full(issue_next_renewal(row))
    assert (row.plan.code, done.status, open_tasks()) == ("a", TermsStatus.PLANNED, [])
    start_due_order(order.id, DUE, AT)
    record_panel_result(order.id, DONE, AT)
    assert (row.plan.code, row.recurring_cents, done.status) == ("base", 9500, TermsStatus.REPLACED)


@pytest.mark.parametrize(
    ("typed", "is_lifted"),
    [
        (TermsInput(due="2026-08-10"), True),
        (TermsInput(price="0", first_day=DUE.isoformat()), True),
        (TermsInput(price="120.00", first_day=DUE.isoformat()), False),
    ],
)
def test_suspension_for_a_late_renewal_is_lifted_once_nothing_is_owed(typed: TermsInput, is_lifted: bool) -> None:
    row = factories.service()
    issue_next_renewal(row)
    row.status = ServiceStatus.SUSPENDED
    db.session.commit()
    today = DUE + timedelta(days=20)
    effect = preview_terms(row.client_id, row.id, typed, today).effect
    db.session.rollback()
    change(row, typed, on=today)
    assert effect.lifts_suspension is is_lifted
    assert row.suspension is (SuspensionStep.LIFTING if is_lifted else None)


def test_suspension_that_no_payment_lifts_stays() -> None:
    row = factories.service()
    issue_next_renewal(row)
    row.status, row.lifts_when_paid = ServiceStatus.SUSPENDED, False
    db.session.commit()
    change(row, TermsInput(due="2026-08-10"), on=DUE + timedelta(days=20))
    assert row.suspension is None


def test_task_about_the_unpaid_renewal_is_closed_with_it() -> None:
    row = factories.service()
    ask_staff_about(issue_next_renewal(row).id, AT)
    change(row, TermsInput(due="2026-08-10"), on=DUE + timedelta(days=20))
    assert open_tasks() == []


def test_end_of_the_service_replaces_planned_terms() -> None:
    row = factories.service()
    done = change(row)
    end_service_as_staff(row.external_id, "fin", STAFF, ON, AT)
    assert done.status is TermsStatus.REPLACED


def test_act_is_audited_and_the_client_written_to_once() -> None:
    row = factories.service()
    done = change(row)
    acts = [(each.act, each.actor, each.subject, each.subject_id) for each in rows(AuditRow)]
    assert acts == [("terms_changed", STAFF, "terms_change", done.id)]
    emails = [message.ids for message in rows(Message) if message.kind == "email"]
    assert emails == [{"email": "terms_changed", "terms": done.id}]


def test_preview_names_what_the_change_then_does_and_writes_nothing() -> None:
    row = factories.service()
    issue_next_renewal(row)
    with nothing_written():
        effect = preview_terms(row.client_id, row.id, DEARER, ON).effect
        db.session.rollback()
    done = change_terms(row.id, DEARER, "Nouveau tarif", STAFF, ON, AT, effect.digest)
    assert (done.since, done.renewal, done.voided_renewal) == (effect.since, effect.renewal, effect.voided)
    assert rows(Invoice)[-1].total == effect.renewal


def test_second_of_two_people_is_refused() -> None:
    row = factories.service()
    digest = preview_terms(row.client_id, row.id, DEARER, ON).effect.digest
    change_terms(row.id, DEARER, "Nouveau tarif", STAFF, ON, AT, digest)
    assert refusal(row, digest=digest) == StaffRefusal.CHANGED_SINCE


def test_renewal_issued_since_the_preview_is_noticed() -> None:
    row = factories.service()
    digest = preview_terms(row.client_id, row.id, DEARER, ON).effect.digest
    issue_next_renewal(row)
    assert refusal(row, digest=digest) == StaffRefusal.CHANGED_SINCE


def test_open_order_is_named() -> None:
    row = factories.service()
    order = factories.confirm(row, "base", when=When.RENEWAL)
    with pytest.raises(BusinessError) as caught:
        change(row)
    assert (caught.value.code, caught.value.details) == (Refusal.CHANGE_UNDER_WAY, {"reference": order.reference})


def test_service_that_its_client_ends_is_refused() -> None:
    row = factories.service()
    when = CancellationWhen.PERIOD_END
    request_cancellation(row.client_id, row.id, when, reason="", key="k" * 16, locale="fr", on=ON, at=AT)
    assert refusal(row) == Refusal.CANCELLATION_REQUESTED


def test_ended_service_is_refused() -> None:
    assert refusal(factories.service(status=ServiceStatus.TERMINATED)) == StaffRefusal.SERVICE_ENDED


def test_renewal_paid_in_part_is_refused_until_its_period_is_over() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    record_transfer(invoice.id, 5000, "T1")
    assert refusal(row) == StaffRefusal.PARTLY_PAID
    assert change(row, TermsInput(price="165.00", first_day=AUGUST.isoformat())).since == AUGUST


def test_renewal_that_is_being_paid_is_refused() -> None:
    row = factories.service()
    pending_payments.pay_with(issue_next_renewal(row), FakeProvider(ProviderResult(AttemptStatus.UNKNOWN)))
    assert refusal(row) == Refusal.PAYMENT_PENDING


def test_due_date_within_a_paid_period_is_refused() -> None:
    row = factories.service()
    pay_in_full(issue_next_renewal(row))
    assert refusal(row, TermsInput(due="2026-07-20")) == StaffRefusal.DAYS_PAID


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (TermsInput(), Refusal.SAME_TERMS),
        (TermsInput(plan="domain"), Refusal.UNKNOWN_PLAN),
        (TermsInput(price="-1"), StaffRefusal.NOT_AN_AMOUNT),
        (TermsInput(price="1,5"), StaffRefusal.NOT_AN_AMOUNT),
        (TermsInput(price="10000000.00"), StaffRefusal.TOO_LARGE),
        (TermsInput(price="10", quantity="9999", due="2036-06-01"), StaffRefusal.TOO_LARGE),
        (TermsInput(quantity="0"), StaffRefusal.NOT_A_QUANTITY),
        (TermsInput(quantity="10000"), StaffRefusal.NOT_A_QUANTITY),
        (TermsInput(quantity="٣"), StaffRefusal.NOT_A_QUANTITY),
        (TermsInput(due="2026-02-30"), StaffRefusal.NOT_A_DAY),
        (TermsInput(price="165.00", first_day="tomorrow"), StaffRefusal.NOT_A_DAY),
        (TermsInput(price="165.00", first_day="2026-06-15"), StaffRefusal.PAST_DAY),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(typed: TermsInput, code: str) -> None:
    assert refusal(factories.service(), typed) == code


def test_reason_is_required() -> None:
    assert refusal(factories.service(), reason=" ") == StaffRefusal.NO_REASON


def test_plan_without_a_price_for_the_cycle_needs_one() -> None:
    row = factories.service(cycle=BillingCycle.SEMIANNUALLY)
    assert refusal(row, TermsInput(plan="b")) == StaffRefusal.NO_PRICE
    change(row, TermsInput(plan="b", price="80.00", first_day=TODAY))
    assert (row.plan.code, row.recurring_cents, row.cycle) == ("b", 8000, BillingCycle.SEMIANNUALLY)


def test_unknown_service_is_not_found() -> None:
    with pytest.raises(LookupError):
        change_terms(999_999, DEARER, "x", STAFF, ON, AT)


def test_terms_of_staff_are_not_overwritten_by_the_file_of_the_host() -> None:
    row = factories.service()
    change(row, TermsInput(price="165.00", first_day=TODAY))
    assert services_with_history([row.id]) == {row.id}


@pytest.mark.slow
def test_one_of_twenty_people_changes_the_terms_once(app: Flask) -> None:
    row = factories.service()
    service_id = row.id
    issue_next_renewal(row)
    digest = preview_terms(row.client_id, service_id, DEARER, ON).effect.digest

    def act(number: int) -> str:
        change_terms(service_id, DEARER, "Nouveau tarif", f"staff:{number}", ON, AT, digest)
        return "changed"

    assert run_in_threads(app, act) == {"changed": 1, "changed_since": 19}
    assert len(rows(TermsChange)) == 1
    assert [status for status, _, _ in bills()] == ["void", "open"]
