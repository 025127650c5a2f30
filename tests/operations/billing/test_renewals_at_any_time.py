"""An open renewal does not block a change: the confirmation voids it, and it is issued anew when the change ends.

A month costs 172.46 on "a" and 258.69 on "b" with taxes; the difference for the 15 days from ``ON`` to ``DUE`` 43.12.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from kajoom.domain.decision import Decision, When
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.domain.refusal import Refusal
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.gateways.panel_port import PanelResult, PanelStatus
from kajoom.gateways.ports import ProviderResult
from kajoom.models.credit import balance_of
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import message_by_key
from kajoom.models.payment import Attempt, Payment
from kajoom.models.service import Service
from kajoom.models.task import open_tasks
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.daily import bill_day
from kajoom.operations.orders.close import cancel_order, expire_order
from kajoom.operations.orders.provisioning import mark_operational, mark_refused, record_panel_result
from kajoom.operations.payments.pay import pay, verify
from tests import factories
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import queued_emails, rows
from tests.operations.renewal_setup import AUGUST, DONE, issue_next_renewal, pay_in_full, record_transfer

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
TO_APPROVE = ProviderResult(AttemptStatus.PENDING, "ref", approve_url="https://paypal.example/approve")


def open_renewals(row: Service) -> list[tuple[int, date, date]]:
    """Of each unpaid renewal of a service: its amount before tax, the first day of its period, and its due date."""
    return [
        (each.subtotal_cents, each.period_start or date.min, each.due_on)
        for each in rows(Invoice)
        if (each.service_id, each.kind, each.status) == (row.id, InvoiceKind.RENEWAL, InvoiceStatus.OPEN)
    ]


def confirmed_over_renewal(when: When = When.NOW, plan: str = "b") -> tuple[Service, Order, Invoice]:
    """A change confirmed on ``ON`` while the renewal due on ``DUE`` is open."""
    row = factories.service()
    renewal = issue_next_renewal(row)
    return row, factories.confirm(row, plan, when=when), renewal


def test_open_renewal_does_not_change_the_price() -> None:
    row = factories.service()
    before = factories.price(row).digest
    issue_next_renewal(row)

    assert factories.price(row).digest == before


def test_confirmation_voids_the_open_renewal() -> None:
    row, order, renewal = confirmed_over_renewal()

    assert (renewal.status, order.voided_renewal) == (InvoiceStatus.VOID, renewal.number)
    assert (order.status, order.due_today, open_renewals(row)) == (OrderStatus.AWAITING_PAYMENT, Money(4_312), [])


def test_change_without_an_open_renewal_voids_none() -> None:
    assert factories.confirm(factories.service()).voided_renewal == ""


def receive_part(invoice: Invoice) -> None:
    record_transfer(invoice.id, 1, "part")


def start_payment(*results: ProviderResult) -> Callable[[Invoice], None]:
    """Begin a payment of an invoice; the provider answers as given."""

    def start(invoice: Invoice) -> None:
        pay(invoice.id, {"fake": FakeProvider(*results)}, PaymentChoice("fake"), AT)

    return start


@pytest.mark.parametrize(
    "hold",
    [
        receive_part,
        start_payment(ProviderResult(AttemptStatus.UNKNOWN)),
        start_payment(ProviderResult(AttemptStatus.PENDING, "ref")),
    ],
    ids=["part paid", "outcome unknown", "under review at the provider"],
)
def test_renewal_on_which_money_is_coming_blocks(hold: Callable[[Invoice], None]) -> None:
    row = factories.service()
    hold(issue_next_renewal(row))

    assert factories.refusal(row) is Refusal.UNPAID_INVOICE


def test_credit_applied_to_the_renewal_is_used_for_the_change() -> None:
    """10.00 of 43.12 was applied to the renewal as it was issued: the price is what it was before."""
    row = factories.service()
    factories.credit(row.client, 1_000)
    before = factories.price(row)
    issue_next_renewal(row)

    quote = factories.price(row)
    order = factories.confirm(row)

    assert (quote.digest, quote.credit_used, order.due_today) == (before.digest, Money(1_000), Money(3_312))
    assert balance_of(row.client_id, "CAD") == Money(0)


def test_credit_applied_to_the_renewal_stays_on_it_when_the_change_is_scheduled() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    issue_next_renewal(row)

    factories.confirm(row, "base")

    assert (rows(Invoice)[-1].credit_cents, balance_of(row.client_id, "CAD")) == (1_000, Money(0))


def test_renewal_whose_payment_was_not_approved_does_not_block() -> None:
    row = factories.service()
    start_payment(TO_APPROVE)(issue_next_renewal(row))

    assert factories.confirm(row).status is OrderStatus.AWAITING_PAYMENT


def test_late_renewal_blocks_from_the_day_after_its_due_date() -> None:
    row = factories.service()
    renewal = issue_next_renewal(row)

    assert factories.price(row, on=DUE).decision is Decision.WITH_RENEWAL
    assert factories.refusal(row, on=DUE + DAY) in {Refusal.UNPAID_INVOICE, Refusal.OVERDUE}
    assert renewal.status is InvoiceStatus.OPEN


def test_change_on_the_due_date_replaces_the_renewal_at_once() -> None:
    row = factories.service()
    renewal = issue_next_renewal(row)

    order = factories.confirm(row, on=DUE)

    assert (order.status, order.voided_renewal) == (OrderStatus.SCHEDULED, renewal.number)
    assert open_renewals(row) == [(22_500, DUE, DUE)]


def test_scheduled_change_replaces_the_renewal_at_once() -> None:
    row, _, renewal = confirmed_over_renewal(When.RENEWAL, "base")

    assert renewal.status is InvoiceStatus.VOID
    assert open_renewals(row) == [(9_500, DUE, DUE)]


def test_scheduled_change_without_an_open_renewal_is_billed_by_the_daily_run() -> None:
    row = factories.service()
    factories.confirm(row, "base")

    assert open_renewals(row) == []


def end_done_by_panel(order: Order, on: date) -> None:
    pay_in_full(factories.invoice_for(order))
    record_panel_result(order.id, DONE, AT + (on - ON))


def end_done_by_staff(order: Order, on: date) -> None:
    pay_in_full(factories.invoice_for(order))
    mark_operational(order.reference, "anne", on, AT)


def end_refused(order: Order, on: date) -> None:
    pay_in_full(factories.invoice_for(order))
    mark_refused(order.reference, "no server", "anne", on, AT)


def end_cancelled(order: Order, on: date) -> None:
    cancel_order(order.client_id, order.reference, on, AT)


def end_expired(order: Order, on: date) -> None:
    expire_order(order.id, on, AT)


ENDS = [
    (end_done_by_panel, 22_500),
    (end_done_by_staff, 22_500),
    (end_refused, 15_000),
    (end_cancelled, 15_000),
    (end_expired, 15_000),
]
every_end = pytest.mark.parametrize(("end", "cents"), ENDS, ids=[end.__name__ for end, _ in ENDS])


@every_end
def test_renewal_is_issued_anew_on_the_terms_in_force_when_the_change_ends(
    end: Callable[[Order, date], None], cents: int
) -> None:
    row, order, _ = confirmed_over_renewal()

    end(order, ON + DAY)

    assert [each[0] for each in open_renewals(row)] in ([cents], [])  # none where the credit of a refusal pays it
    renewal = rows(Invoice)[-1]
    assert (renewal.subtotal_cents, renewal.period_start, renewal.due_on) == (cents, DUE, DUE)


@every_end
def test_renewal_issued_anew_after_the_due_date_is_due_that_day(end: Callable[[Order, date], None], cents: int) -> None:
    row, order, _ = confirmed_over_renewal()
    late = DUE + 5 * DAY

    end(order, late)

    renewal = rows(Invoice)[-1]
    assert (renewal.subtotal_cents, renewal.period_start, renewal.due_on) == (cents, DUE, late)
    unpaid = factories.snapshot(row).unpaid_renewal
    assert unpaid is not None
    assert (unpaid.is_late(late), unpaid.is_late(late + DAY)) == (False, True)


@every_end
def test_renewal_that_fell_due_meanwhile_is_issued_when_the_change_ends(
    end: Callable[[Order, date], None], cents: int
) -> None:
    """None had been issued when the change was confirmed."""
    row = factories.service()
    order = factories.confirm(row)

    end(order, DUE)

    assert rows(Invoice)[-1].subtotal_cents == cents
    assert rows(Invoice)[-1].period_start == DUE


def test_nobody_issues_a_renewal_while_a_change_is_under_way() -> None:
    row, order, _ = confirmed_over_renewal(plan="c")
    bill_day(ON + DAY, AT, 30)
    assert open_renewals(row) == []
    pay_in_full(factories.invoice_for(order))

    for day in (ON + DAY, DUE, DUE + 10 * DAY):
        bill_day(day, AT, 30)
        assert issue_renewal(row.id, day, AT) is None
    assert (order.status, open_renewals(row)) == (OrderStatus.AWAITING_PROVISIONING, [])
    assert factories.refusal(row, on=DUE + 10 * DAY) is Refusal.CHANGE_UNDER_WAY

    mark_operational(order.reference, "anne", DUE + 10 * DAY, AT)
    assert open_renewals(row) == [(35_000, DUE, DUE + 10 * DAY)]


def test_change_refused_by_the_panel_issues_no_renewal_until_a_person_decides() -> None:
    row, order, _ = confirmed_over_renewal()
    pay_in_full(factories.invoice_for(order))

    record_panel_result(order.id, PanelResult(PanelStatus.REFUSED, "quota"), AT)

    assert open_renewals(row) == []


def test_longer_cycle_pays_for_the_period_of_the_voided_renewal() -> None:
    row = factories.service()
    renewal = issue_next_renewal(row)
    order = factories.confirm(row, "b", ANNUALLY)

    end_done_by_panel(order, ON)

    assert (renewal.status, row.next_due_date, open_renewals(row)) == (InvoiceStatus.VOID, date(2027, 6, 16), [])


def test_scheduled_change_to_a_free_plan_has_no_renewal_until_it_is_cancelled() -> None:
    next(price for price in factories.plan_row("base").prices if price.cycle is MONTHLY).cents = 0
    factories.reload_catalogue()
    row, order, _ = confirmed_over_renewal(When.RENEWAL, "base")
    assert open_renewals(row) == []

    cancel_order(row.client_id, order.reference, ON, AT)

    assert open_renewals(row) == [(15_000, DUE, DUE)]


def test_choosing_another_plan_again_voids_the_renewal_issued_anew() -> None:
    row, order, first = confirmed_over_renewal()
    end_cancelled(order, ON)

    second = factories.confirm(row, "c")

    assert second.voided_renewal not in {"", first.number}
    assert open_renewals(row) == []


def test_paid_renewal_of_a_refused_change_is_the_credit_of_its_charge() -> None:
    """43.12 was paid for the change: 129.34 of 172.46 is left to pay."""
    row, order, _ = confirmed_over_renewal()

    end_refused(order, ON)

    assert (rows(Invoice)[-1].balance, open_renewals(row)) == (Money(12_934), [(15_000, DUE, DUE)])


def test_overdue_service_is_billed_period_by_period_as_it_pays() -> None:
    """Due on April 1, paid on June 16: May and June are issued one after the other, without the daily run."""
    row = factories.service(next_due_date=date(2026, 4, 1))
    issue_next_renewal(row)
    for start in (date(2026, 5, 1), date(2026, 6, 1)):
        pay_in_full(rows(Invoice)[-1])
        assert open_renewals(row) == [(15_000, start, ON)]

    pay_in_full(rows(Invoice)[-1])

    assert (row.next_due_date, open_renewals(row)) == (DUE, [])
    assert factories.price(row).decision is Decision.NOW


def test_account_credit_pays_every_period_that_is_due_in_one_commit() -> None:
    """Three months of 172.46 are due, and the credit pays two of them."""
    row = factories.service(next_due_date=date(2026, 4, 1))
    factories.credit(row.client, 2 * 17_246)

    issue_next_renewal(row)

    assert [each.status for each in rows(Invoice)] == [InvoiceStatus.PAID, InvoiceStatus.PAID, InvoiceStatus.OPEN]
    assert open_renewals(row) == [(15_000, date(2026, 6, 1), ON)]


@pytest.mark.slow
def test_account_credit_ends_with_the_periods_that_are_due() -> None:
    row = factories.service(next_due_date=date(1960, 7, 1))
    factories.credit(row.client, 1_000 * 17_246)

    issue_next_renewal(row)

    assert (row.next_due_date, len(rows(Invoice))) == (DUE, 66 * 12)


def test_paid_renewal_that_is_not_late_issues_no_further_one() -> None:
    row = factories.service()
    pay_in_full(issue_next_renewal(row))

    assert (row.next_due_date, open_renewals(row)) == (AUGUST, [])


def test_client_hears_of_the_new_renewal_only() -> None:
    row, order, _ = confirmed_over_renewal()
    end_cancelled(order, ON)

    assert {"change_requested", "cancelled", "renewal_invoice"} <= queued_emails()
    assert len(open_renewals(row)) == 1


def overdue_and_suspended() -> Service:
    """A suspended service whose renewals of April, May and June are due."""
    return factories.service(next_due_date=date(2026, 4, 1), status=ServiceStatus.SUSPENDED)


def is_lifting(row: Service) -> bool:
    """Whether the panel is asked to lift the suspension of a service."""
    return row.suspension is SuspensionStep.LIFTING and message_by_key(f"suspension-{row.id}") is not None


def test_payment_of_an_overdue_renewal_asks_once_to_lift_the_suspension() -> None:
    row = overdue_and_suspended()
    issue_next_renewal(row)
    assert not is_lifting(row)

    for _ in range(3):
        pay_in_full(rows(Invoice)[-1])

    assert is_lifting(row)
    assert row.suspension_no == 1
    assert row.status is ServiceStatus.SUSPENDED


def test_account_credit_that_pays_an_overdue_renewal_asks_to_lift_the_suspension() -> None:
    row = overdue_and_suspended()
    factories.credit(row.client, 17_246)

    issue_next_renewal(row)

    assert is_lifting(row)


def test_renewal_paid_ahead_lifts_no_suspension() -> None:
    row = factories.service(status=ServiceStatus.SUSPENDED)
    pay_in_full(issue_next_renewal(row))

    assert not is_lifting(row)


def test_payment_for_an_active_service_asks_nothing_of_staff() -> None:
    row = factories.service(next_due_date=date(2026, 6, 1))
    pay_in_full(issue_next_renewal(row))

    assert row.suspension is None
    assert open_tasks() == []


def test_payment_approved_after_its_renewal_was_voided_is_not_captured() -> None:
    row = factories.service()
    renewal, provider = issue_next_renewal(row), FakeProvider(TO_APPROVE)
    pay(renewal.id, {"fake": provider}, PaymentChoice("fake"), AT)
    factories.confirm(row)

    provider.approved.update(provider.ledger)
    verify(renewal.id, {"fake": provider}, AT)

    assert rows(Payment) == []
    assert [each.status for each in rows(Attempt)] == [AttemptStatus.REFUSED]
    assert balance_of(row.client_id, "CAD") == Money(0)
