"""Renewals of one transaction: each service is billed as by itself, once, and a failed transaction leaves nothing."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.decision import When
from kajoom.domain.service import ServiceStatus
from kajoom.models.audit import AuditRow
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.renewal import RenewalCursor
from kajoom.models.service import Service
from kajoom.operations.billing.renewal_batch import issue_renewals
from kajoom.operations.orders.cancellation import request_cancellation
from tests import factories
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.parallel import THREADS, run_in_threads
from tests.operations.renewal_setup import issue_next_renewal

pytestmark = pytest.mark.slow

AUGUST = date(2026, 8, 1)


def renew(*services: Service) -> dict[int, Invoice]:
    """Renew services in one transaction; the last invoice of each, by the service's id."""
    issue_renewals([RenewalCursor(DUE, each.id) for each in services], ON, AT)
    return {invoice.service_id: invoice for invoice in rows(Invoice)}


def test_services_are_renewed_by_consecutive_numbers_with_act_and_email_each() -> None:
    services = [factories.service(), factories.service(recurring_cents=12_345)]
    invoices = renew(*services)
    first, second = (invoices[each.id] for each in services)
    assert (first.total_cents, second.total_cents) == (17_246, 14_193)
    assert (first.number, second.number) == ("2026-0001", "2026-0002")
    assert (second.period_start, second.period_end, second.due_on) == (DUE, AUGUST, DUE)
    emails = {(each.key, each.client_id, each.ids["invoice"]) for each in rows(Message)}
    assert emails == {(f"renewal_invoice-{each.number}", each.client_id, each.id) for each in (first, second)}
    acts = {(each.act, each.client_id, each.subject_id) for each in rows(AuditRow)}
    assert acts == {("invoice_issued", each.client_id, each.id) for each in (first, second)}


def test_service_with_a_change_is_renewed_on_its_terms() -> None:
    plain, changed = factories.service(), factories.service()
    order = factories.confirm(changed, "base", when=When.RENEWAL)
    invoices = renew(plain, changed)
    assert (invoices[changed.id].order_id, invoices[changed.id].total_cents) == (order.id, 10_923)
    assert invoices[plain.id].order_id is None


def test_two_services_share_their_clients_credit() -> None:
    first = factories.service()
    second = factories.service(first.client)
    factories.credit(first.client, 20_000)
    invoices = renew(first, second)
    assert [invoices[each.id].credit_cents for each in (first, second)] == [17_246, 2_754]
    assert balance_of(first.client_id, "CAD").cents == 0
    assert (first.next_due_date, second.next_due_date) == (AUGUST, DUE)


def test_service_that_ends_or_is_invoiced_or_has_ended_or_moved_on_is_not_renewed() -> None:
    ending, invoiced = factories.service(), factories.service()
    ended, later = factories.service(status=ServiceStatus.TERMINATED), factories.service(next_due_date=AUGUST)
    end, words = CancellationWhen.PERIOD_END, {"reason": "", "key": "k", "locale": "fr"}
    request_cancellation(ending.client_id, ending.id, end, **words, on=ON, at=AT)
    issue_next_renewal(invoiced)
    services = [ending, invoiced, ended, later]
    with nothing_written():
        issue_renewals([RenewalCursor(DUE, each.id) for each in services], ON, AT)


def test_free_service_moves_on_without_invoice() -> None:
    free, plain = factories.service(recurring_cents=0, next_due_date=date(2026, 6, 1)), factories.service()
    issue_renewals([RenewalCursor(date(2026, 6, 1), free.id), RenewalCursor(DUE, plain.id)], ON, AT)
    db.session.rollback()
    assert [each.service_id for each in rows(Invoice)] == [plain.id]
    assert free.next_due_date == DUE


def test_nothing_of_a_transaction_is_written_when_one_renewal_fails() -> None:
    services = [factories.service(), factories.service(next_due_date=date(9999, 12, 1))]
    planned = [RenewalCursor(each.next_due_date or DUE, each.id) for each in services]
    with nothing_written(), pytest.raises(OverflowError):
        issue_renewals(planned, ON, AT)


def test_concurrent_transactions_renew_each_service_once(app: Flask) -> None:
    ids = [factories.service().id for _ in range(5)]

    def run(number: int) -> str:
        order = ids if number % 2 else reversed(ids)
        issue_renewals([RenewalCursor(DUE, each) for each in order], ON, AT)
        return "done"

    assert run_in_threads(app, run) == {"done": THREADS}
    assert sorted(each.service_id for each in rows(Invoice)) == ids
    assert sorted(each.number for each in rows(Invoice)) == [f"2026-000{number}" for number in range(1, 6)]
