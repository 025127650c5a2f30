"""Several managers decide about the same credit at the same moment: it is given, or sent back, once."""

from __future__ import annotations

import pytest
from flask import Flask

from kajoom.domain.money import Money
from kajoom.models.audit import AuditRow
from kajoom.models.credit import balance_of, newest_movement_of
from kajoom.models.db import db
from kajoom.models.refund import refunds_of
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.refunds import refund_invoice
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.parallel import THREADS, run_in_threads
from tests.operations.pending_payments import pay_with, unpaid_order

pytestmark = pytest.mark.slow


def test_one_of_twenty_people_who_saw_the_same_balance_gives_credit(app: Flask) -> None:
    client = factories.client()
    email, client_id = client.email, client.id

    def give(number: int) -> str:
        return str(grant_credit(email, "20.00", "Panne", AT, actor=f"staff:{number}", seen=0))

    assert run_in_threads(app, give) == {"20.00": 1, "changed_since": THREADS - 1}
    assert balance_of(client_id, "CAD") == Money(20_00)
    assert db.session.query(AuditRow).filter_by(act="credit_changed").count() == 1


def test_one_of_twenty_people_sends_a_payment_back(app: Flask) -> None:
    provider = FakeProvider()
    order, invoice = unpaid_order()
    pay_with(invoice, provider)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    number, client_id, invoice_id = invoice.number, invoice.client_id, invoice.id
    seen = newest_movement_of(client_id)

    def refund(person: int) -> str:
        [result] = refund_invoice(number, {"fake": provider}, f"staff:{person}", AT, seen)
        return result.status.value

    results = run_in_threads(app, refund)
    assert results["done"] == 1
    assert results["refund_under_way"] + results["nothing_to_refund"] == THREADS - 1
    assert len(provider.refunds) == len(refunds_of(invoice_id)) == 1
    assert balance_of(client_id, "CAD") == Money(0)
