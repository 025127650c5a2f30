"""Money that a provider took and that is not recorded here: recorded for an invoice once, or refused by name."""

from __future__ import annotations

from enum import StrEnum

import pytest
from flask import Flask

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import ProviderResult
from kajoom.models.audit import AuditRow
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.payment import Payment
from kajoom.models.reconciliation import Difference, open_differences
from kajoom.operations.payments.reconciliation import explain, reconcile, record_missing_payment
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.parallel import THREADS, run_in_threads
from tests.operations.pending_payments import LATER, last_attempt, pay_with, unpaid_order


def missing(provider: FakeProvider) -> Difference:
    """The difference of a payment of 43.12 whose answer was lost and that the provider reports."""
    reconcile({"fake": provider}, ON, LATER)
    [difference] = open_differences()
    return difference


def refusal_of(reference: str, number: str) -> StrEnum:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        record_missing_payment(reference, number, "staff:7", LATER)
    return raised.value.code


def lost_payment() -> FakeProvider:
    return FakeProvider(ProviderResult(AttemptStatus.UNKNOWN), at=AT)


def test_missing_payment_pays_its_invoice_and_closes_the_difference() -> None:
    provider, (order, invoice) = lost_payment(), unpaid_order()
    pay_with(invoice, provider)
    reference = missing(provider).reference

    assert record_missing_payment(reference, invoice.number, "staff:7", LATER) == Money(43_12)

    assert (invoice.status, order.status) == (InvoiceStatus.PAID, OrderStatus.AWAITING_PROVISIONING)
    [payment] = rows(Payment)
    assert (payment.reference, payment.actor, payment.received_at.date()) == (f"fake:{reference}", "staff:7", ON)
    [difference] = rows(Difference)
    assert (difference.resolved_at, difference.note) == (LATER, f"staff:7: invoice {invoice.number}")
    acts = [(row.act, row.actor) for row in rows(AuditRow) if row.actor == "staff:7"]
    assert acts == [("difference_recorded", "staff:7"), ("payment_recorded", "staff:7")]
    reconcile({"fake": provider}, ON, LATER)
    assert open_differences() == []
    assert refusal_of(reference, invoice.number) is StaffRefusal.NO_DIFFERENCE


def test_payment_of_another_invoice_leaves_an_excess_as_credit() -> None:
    provider, (_, invoice) = lost_payment(), unpaid_order()
    pay_with(invoice, provider)
    reference = missing(provider).reference
    invoice.paid_cents = 40_00
    db.session.commit()
    record_missing_payment(reference, invoice.number, "staff:7", LATER)
    assert balance_of(invoice.client_id, "CAD") == Money(40_00)


def test_what_cannot_be_recorded_is_refused_by_name() -> None:
    provider, (_, invoice) = lost_payment(), unpaid_order()
    pay_with(invoice, provider)
    difference = missing(provider)
    reference, number = difference.reference, invoice.number
    assert refusal_of(reference, "2000-0001") is StaffRefusal.NO_INVOICE
    assert refusal_of("nothing", number) is StaffRefusal.NO_DIFFERENCE
    difference.currency = "USD"
    db.session.commit()
    assert refusal_of(reference, number) is StaffRefusal.OTHER_CURRENCY
    difference.recorded_cents, difference.currency = 43_11, "CAD"
    db.session.commit()
    assert refusal_of(reference, number) is StaffRefusal.NOT_MISSING_HERE


def test_payment_that_was_recorded_since_is_not_recorded_for_another_invoice() -> None:
    provider, (_, invoice) = lost_payment(), unpaid_order()
    pay_with(invoice, provider)
    reference = missing(provider).reference
    payment = {"provider": "fake", "cents": 1, "currency": "CAD", "received_at": AT, "actor": "fake"}
    db.session.add(Payment(reference=f"fake:{reference}", invoice_id=invoice.id, **payment))
    db.session.commit()
    assert refusal_of(reference, invoice.number) is StaffRefusal.NOT_MISSING_HERE


@pytest.mark.slow
def test_one_of_twenty_people_records_or_explains_a_difference(app: Flask) -> None:
    provider, (_, invoice) = lost_payment(), unpaid_order()
    pay_with(invoice, provider)
    reference, number = missing(provider).reference, invoice.number
    assert last_attempt(invoice).status is AttemptStatus.UNKNOWN

    def act(person: int) -> str:
        if person % 2:
            explain(reference, "a test", f"staff:{person}", LATER)
        else:
            record_missing_payment(reference, number, f"staff:{person}", LATER)
        return "acted"

    assert run_in_threads(app, act) == {"acted": 1, "no_difference": THREADS - 1}
    resolved = ["difference_recorded", "difference_explained"]
    assert db.session.query(AuditRow).filter(AuditRow.act.in_(resolved)).count() == 1
