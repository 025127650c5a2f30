"""Several members of the staff press the same button at the same moment: one of them acts, the others read so."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Barrier, Thread

import pytest
from flask import Flask

from kajoom.domain.reconciliation import DifferenceKind
from kajoom.models.audit import AuditRow
from kajoom.models.client import client_by_email
from kajoom.models.credit import newest_movement_of
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Payment
from kajoom.models.reconciliation import Difference
from kajoom.models.refund import RefundAttempt
from kajoom.models.webhook_event import WebhookEvent
from kajoom.operations.orders.provisioning import mark_refused
from tests.conftest import Browser, SignIn
from tests.web.conftest import NOON
from tests.web.demo_rows import TODAY, number_of, order_status, reference_of

pytestmark = pytest.mark.slow

PEOPLE = 4


@pytest.fixture
def staff(signed_in: SignIn) -> list[Browser]:
    """Browsers of people who are signed in."""
    return [signed_in("staff@example.com") for _ in range(PEOPLE)]


def press_together(app: Flask, staff: list[Browser], path: str, fields: Mapping[str, str]) -> list[int]:
    """Have everyone post the same form at the same moment; the statuses of the answers, the lowest first."""
    forms = [{"csrf_token": browser.token("/account"), **fields} for browser in staff]
    db.session.remove()
    barrier, statuses = Barrier(PEOPLE), []

    def press(browser: Browser, form: Mapping[str, str]) -> None:
        with app.app_context():
            barrier.wait()
            statuses.append(browser.post(path, data=form).status_code)

    threads = [Thread(target=press, args=each) for each in zip(staff, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def acts(name: str) -> int:
    """How many acts of this name are in the audit."""
    return db.session.query(AuditRow).filter_by(act=name).count()


def client_id() -> int:
    client = client_by_email("fr@example.com")
    assert client is not None
    return client.id


def test_done_is_pressed_together_and_done_once(app: Flask, staff: list[Browser]) -> None:
    reference = reference_of("waiting-person")
    version = db.session.query(Order.version).filter_by(reference=reference).scalar()
    answers = press_together(app, staff, f"/staff/orders/{reference}/done", {"version": str(version)})
    assert answers == [303, 409, 409, 409]
    assert (order_status(reference), acts("change_done")) == ("completed", 1)
    assert db.session.query(Message).filter_by(key=f"operational-{reference}").count() == 1


def test_credit_is_given_together_and_given_once(app: Flask, staff: list[Browser]) -> None:
    fields = {"seen": str(newest_movement_of(client_id())), "amount": "20", "reason": "Panne"}
    assert press_together(app, staff, f"/staff/clients/{client_id()}/credit", fields) == [303, 409, 409, 409]
    assert acts("credit_changed") == 1


def test_refund_is_pressed_together_and_sent_once(app: Flask, staff: list[Browser]) -> None:
    with app.extensions["kajoom"].demo_store.transaction() as file:
        file.execute("DELETE FROM refund")  # those of other tests, which the database has forgotten
    number = number_of("waiting-person")
    mark_refused(reference_of("waiting-person"), "Full.", "staff:lea", TODAY, NOON)
    fields = {"seen": str(newest_movement_of(client_id()))}
    assert press_together(app, staff, f"/staff/invoices/{number}/refund", fields) == [303, 409, 409, 409]
    assert (db.session.query(RefundAttempt).count(), acts("refund_started")) == (1, 1)


def test_payment_is_recorded_together_and_recorded_once(app: Flask, staff: list[Browser]) -> None:
    fields = {"amount": "10.00", "on": TODAY.isoformat(), "method": "interac", "reference": "CA5"}
    answers = press_together(app, staff, f"/staff/payments/{number_of('unpaid-renewal')}", fields)
    assert answers == [303] * PEOPLE  # the same money again adds nothing, and the next page says so
    assert db.session.query(Payment).filter_by(reference="interac:CA5").count() == 1


def test_difference_and_notice_are_closed_together_and_closed_once(app: Flask, staff: list[Browser]) -> None:
    number, kind = number_of("unpaid-renewal"), DifferenceKind.NOT_IN_LEDGER
    taken = {"day": TODAY, "currency": "CAD", "found_at": NOON, "invoice": number, "taken_cents": 100}
    difference = Difference(provider="paypal", reference="PP-1", kind=kind, **taken)
    event = {"provider": "paypal", "attempt_key": "", "provider_ref": "PP-D-1", "received_at": NOON}
    db.session.add_all([difference, WebhookEvent(id="WH-1", kind="CUSTOMER.DISPUTE.CREATED", **event)])
    db.session.commit()
    path = f"/staff/differences/{difference.id}/record"
    assert press_together(app, staff, path, {"number": number}) == [303, 409, 409, 409]
    assert press_together(app, staff, "/staff/notices/WH-1/close", {"note": "done"}) == [303, 409, 409, 409]
    assert db.session.query(Payment).filter_by(reference="paypal:PP-1").count() == 1
    assert (acts("difference_recorded"), acts("notice_closed")) == (1, 1)
