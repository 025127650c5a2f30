"""Renewals: the next period is billed once, at the service's recurring amount; payment moves the due date."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.models.credit import balance_of
from kajoom.models.invoice import Invoice
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.cancellation import request_cancellation, withdraw_cancellation
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.provisioning import record_panel_result
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON
from tests.operations.ledger_checks import nothing_written, queued_emails, rows
from tests.operations.renewal_setup import DONE, issue_next_renewal, pay_in_full, record_transfer


def test_renewal_bills_the_recurring_amount_of_the_service() -> None:
    row = factories.service(recurring_cents=12_345)

    invoice = issue_next_renewal(row)

    assert (invoice.subtotal_cents, invoice.total) == (12_345, Money(14_193))  # GST 6.17, QST 12.31
    assert [tax["cents"] for tax in invoice.taxes] == [617, 1_231]
    assert (invoice.due_on, invoice.period_start, invoice.period_end) == (DUE, DUE, date(2026, 8, 1))
    assert invoice.order_id is None
    assert queued_emails() == {"renewal_invoice"}


def test_period_is_billed_once() -> None:
    row = factories.service()
    service_id = row.id
    issue_next_renewal(row)

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None


def renew_and_pay(row: Service, times: int) -> list[date | None]:
    """Issue and pay so many renewals; the due date after each."""
    due_dates = []
    for _ in range(times):
        pay_in_full(issue_next_renewal(row))
        due_dates.append(row.next_due_date)
    return due_dates


@pytest.mark.parametrize(
    ("cycle", "due", "after"),
    [
        (BillingCycle.MONTHLY, "2027-01-31", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        (BillingCycle.MONTHLY, "2028-01-31", ["2028-02-29", "2028-03-31", "2028-04-30"]),
        (BillingCycle.MONTHLY, "2026-12-29", ["2027-01-29", "2027-02-28", "2027-03-29"]),
        (BillingCycle.QUARTERLY, "2026-11-30", ["2027-02-28", "2027-05-30", "2027-08-30"]),
        (BillingCycle.SEMIANNUALLY, "2026-08-31", ["2027-02-28", "2027-08-31", "2028-02-29"]),
        (BillingCycle.ANNUALLY, "2028-02-29", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        (BillingCycle.BIENNIALLY, "2028-02-29", ["2030-02-28", "2032-02-29"]),
        (BillingCycle.TRIENNIALLY, "2028-02-29", ["2031-02-28", "2034-02-28", "2037-02-28", "2040-02-29"]),
    ],
)
def test_paid_renewal_moves_the_due_date_one_cycle_by_the_anchor_day(
    cycle: BillingCycle, due: str, after: list[str]
) -> None:
    first = date.fromisoformat(due)
    row = factories.service(cycle=cycle, next_due_date=first, anchor_day=first.day)

    assert renew_and_pay(row, len(after)) == [date.fromisoformat(day) for day in after]
    assert all(one.period_end == following.period_start for one, following in pairwise(rows(Invoice)))


def test_twelve_months_are_billed_without_gap_or_overlap() -> None:
    row = factories.service(next_due_date=date(2027, 1, 31), anchor_day=31)

    renew_and_pay(row, 12)

    invoices = rows(Invoice)
    assert (invoices[0].period_start, invoices[-1].period_end) == (date(2027, 1, 31), date(2028, 1, 31))
    assert {invoice.total_cents for invoice in invoices} == {17_246}  # 150.00, GST 7.50, QST 14.96
    assert [int(invoice.number[5:]) for invoice in invoices] == list(range(1, 13))


def test_due_date_moves_once_the_renewal_is_paid_in_full() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)

    record_transfer(invoice.id, 17_245, "first")
    assert (row.next_due_date, invoice.balance) == (DUE, Money(1))
    record_transfer(invoice.id, 1, "second")

    assert (row.next_due_date, invoice.status) == (date(2026, 8, 1), InvoiceStatus.PAID)


@pytest.mark.parametrize("credit", [0, 1, 17_245, 17_246, 17_247])
def test_account_credit_is_used_first_up_to_the_total(credit: int) -> None:
    row = factories.service()
    factories.credit(row.client, credit)

    invoice = issue_next_renewal(row)

    used = min(credit, 17_246)
    assert (invoice.credit_cents, invoice.balance) == (used, Money(17_246 - used))
    assert balance_of(row.client_id, "CAD") == Money(credit - used)
    assert row.next_due_date == (date(2026, 8, 1) if credit >= 17_246 else DUE)


def test_credit_in_another_currency_is_not_used() -> None:
    row = factories.service()
    factories.credit(row.client, 100_000, "USD")

    assert issue_next_renewal(row).credit_cents == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"recurring_cents": 0},
        {"cycle": BillingCycle.FREE, "recurring_cents": 0, "next_due_date": None},
        {"cycle": BillingCycle.ONE_TIME, "next_due_date": None},
        {"status": ServiceStatus.CANCELLED},
        {"status": ServiceStatus.TERMINATED},
        {"status": ServiceStatus.PENDING},
    ],
)
def test_service_without_a_renewal_is_not_billed(columns: dict[str, Any]) -> None:
    service_id = factories.service(**columns).id

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None


def test_free_period_moves_the_due_date_without_an_invoice_the_day_after() -> None:
    row = factories.service(recurring_cents=0, next_due_date=date(2027, 1, 31), anchor_day=31)

    assert issue_renewal(row.id, date(2027, 1, 30), AT) is None
    assert row.next_due_date == date(2027, 1, 31)
    issue_renewal(row.id, date(2027, 1, 31), AT)
    assert row.next_due_date == date(2027, 1, 31)  # a change ordered on that day goes with the renewal
    issue_renewal(row.id, date(2027, 2, 1), AT)
    assert row.next_due_date == date(2027, 2, 28)
    issue_renewal(row.id, date(2027, 5, 15), AT)  # after two months without a daily run

    assert (row.next_due_date, rows(Invoice)) == (date(2027, 5, 31), [])


def test_suspended_service_is_billed() -> None:
    assert issue_next_renewal(factories.service(status=ServiceStatus.SUSPENDED)).status is InvoiceStatus.OPEN


@pytest.mark.parametrize(
    ("due", "on", "percent"),
    [
        (date(2025, 3, 31), date(2025, 3, 20), "15"),
        (date(2025, 4, 1), date(2025, 3, 20), "14"),  # the first day of the new rate
        (date(2025, 3, 31), date(2025, 4, 2), "14"),  # issued late: the tax becomes payable on that day
        (date(2010, 6, 30), date(2026, 6, 16), "14"),  # before any known rate
    ],
)
def test_renewal_is_taxed_at_the_rate_of_the_day_it_is_payable(due: date, on: date, percent: str) -> None:
    row = factories.service(factories.client(province="NS"), next_due_date=due, anchor_day=due.day)

    invoice = issue_renewal(row.id, on, AT)

    assert invoice is not None
    assert [(tax["name"], tax["percent"]) for tax in invoice.taxes] == [("HST", percent)]


def test_renewal_has_only_the_taxes_that_the_seller_is_registered_for() -> None:
    factories.set_seller(qst_number="")
    invoice = issue_next_renewal(factories.service())

    assert [(tax["name"], tax["cents"]) for tax in invoice.taxes] == [("GST", 750)]
    assert (invoice.subtotal_cents, invoice.total_cents) == (15_000, 15_750)


def test_renewal_of_an_exempt_client_has_no_tax_and_keeps_the_reason() -> None:
    invoice = issue_next_renewal(factories.service(factories.client(tax_exempt="Conseil de bande, carte 1234")))

    assert (invoice.taxes, invoice.total_cents) == ([], 15_000)
    assert invoice.buyer["tax_exempt"] == "Conseil de bande, carte 1234"


def test_renewal_issued_late_is_due_the_same_day() -> None:
    invoice = issue_next_renewal(factories.service(next_due_date=date(2026, 6, 1)))

    assert (invoice.due_on, invoice.period_start) == (ON, date(2026, 6, 1))


def test_renewal_after_a_change_has_one_line_at_the_new_amount() -> None:
    row = factories.service()
    factories.credit(row.client, 4_312)
    record_panel_result(factories.confirm(row, "b").id, DONE, AT)

    [line] = issue_next_renewal(row).lines

    assert (line["code"], line["cents"]) == ("renewal", 22_500)
    assert (row.cycle, row.recurring_cents) == (MONTHLY, 22_500)


def test_renewal_is_not_issued_while_a_change_awaits_payment() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    service_id, client_id, reference = row.id, row.client_id, order.reference

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None
    cancel_order(client_id, reference, ON, AT)

    assert issue_next_renewal(row).subtotal_cents == 15_000


def test_unpaid_change_expires_before_the_due_date() -> None:
    assert factories.confirm(factories.service(next_due_date=date(2026, 6, 20), anchor_day=20), "b").expires_on == date(
        2026, 6, 19
    )
    assert factories.confirm(factories.service(), "b").expires_on == date(2026, 6, 23)


def test_renewal_waits_until_a_paid_change_is_done() -> None:
    row = factories.service()
    factories.credit(row.client, 4_312)
    order = factories.confirm(row, "b")
    order_id, service_id = order.id, row.id
    assert order.status is OrderStatus.AWAITING_PROVISIONING

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None
    record_panel_result(order_id, DONE, AT)

    assert issue_next_renewal(row).subtotal_cents == 22_500


def test_paid_longer_cycle_is_provisioned_before_it_is_renewed() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000_000)
    order = factories.confirm(row, "b", ANNUALLY)
    service_id, order_id = row.id, order.id

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None
    record_panel_result(order_id, DONE, AT)

    assert issue_next_renewal(row).period_start == date(2027, 6, 16)


@pytest.mark.parametrize("plan", ["a", "base"])
def test_change_is_refused_while_a_renewal_is_partly_paid(plan: str) -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    record_transfer(invoice.id, 1, "part")
    choice = (plan, ANNUALLY)

    assert factories.refusal(row, *choice) is Refusal.UNPAID_INVOICE
    with pytest.raises(BusinessError):
        factories.confirm(row, *choice, digest="0-" + "0" * 32)
    pay_in_full(invoice)

    assert factories.price(row, *choice).current.recurring == Money(15_000)


def request_end(row: Service, when: CancellationWhen) -> str:
    request = request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)
    return request.reference


def test_service_with_an_open_cancellation_is_not_billed_until_it_is_withdrawn() -> None:
    row = factories.service()
    service_id, client_id, reference = row.id, row.client_id, request_end(row, CancellationWhen.PERIOD_END)

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None
    withdraw_cancellation(client_id, reference, AT)

    assert issue_next_renewal(row).due_on == DUE


@pytest.mark.parametrize("when", CancellationWhen)
def test_cancellation_request_voids_the_unpaid_renewal_of_a_later_period(when: CancellationWhen) -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    invoice = issue_next_renewal(row)
    record_transfer(invoice.id, 500, "part")

    request_end(row, when)

    assert (invoice.status, balance_of(row.client_id, "CAD")) == (InvoiceStatus.VOID, Money(1_500))


def test_cancellation_request_keeps_the_unpaid_renewal_of_a_used_period() -> None:
    row = factories.service(next_due_date=date(2026, 6, 1))
    invoice = issue_next_renewal(row)

    request_end(row, CancellationWhen.NOW)

    assert invoice.status is InvoiceStatus.OPEN


def test_cancellation_request_keeps_a_paid_renewal() -> None:
    row = factories.service()
    invoice = issue_next_renewal(row)
    pay_in_full(invoice)

    request_end(row, CancellationWhen.PERIOD_END)

    assert (invoice.status, row.next_due_date) == (InvoiceStatus.PAID, date(2026, 8, 1))
