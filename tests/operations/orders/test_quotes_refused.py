"""What blocks every change of a service: one reason is reported, the first in order of precedence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.quote import Decision
from kajoom.domain.refusal import Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.quotes import Quotes
from tests import factories
from tests.factories import AT, DUE, MONTHLY, ON
from tests.operations.orders.order_setup import insert_cancellation
from tests.operations.renewal_setup import record_transfer


def suspend(row: Service) -> None:
    row.status = ServiceStatus.SUSPENDED
    db.session.commit()


def request_end(row: Service) -> None:
    when, key = CancellationWhen.PERIOD_END, f"end-{row.id}"
    request_cancellation(row.client_id, row.id, when, reason="", key=key, locale="fr", on=ON, at=AT)


def order_change(row: Service) -> None:
    factories.confirm(row, "b")


def make_overdue(row: Service) -> None:
    row.next_due_date = ON - timedelta(days=1)
    db.session.commit()


def issue_renewal_partly_paid(row: Service) -> None:
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is not None
    record_transfer(invoice.id, 1, f"part-{row.id}")


BLOCKING_STATES: list[tuple[Callable[[Service], None], Refusal]] = [
    (make_overdue, Refusal.OVERDUE),
    (issue_renewal_partly_paid, Refusal.UNPAID_INVOICE),
    (order_change, Refusal.CHANGE_UNDER_WAY),
    (request_end, Refusal.CANCELLATION_REQUESTED),
    (suspend, Refusal.NOT_ACTIVE),
]
"""What blocks a change, and its reason; the last has precedence over those before it."""


@pytest.mark.parametrize(("block", "reason"), BLOCKING_STATES, ids=[reason.value for _, reason in BLOCKING_STATES])
def test_blocking_state_refuses_every_change_with_its_reason(block: Callable[[Service], None], reason: Refusal) -> None:
    row = factories.service()
    block(row)

    assert factories.refusal(row, "b") is reason
    assert Quotes(factories.snapshot(row)).blocked_reason is reason
    assert {offer.refusal for offer in Quotes(factories.snapshot(row)).offers(MONTHLY)} == {reason}


def test_first_reason_in_order_of_precedence_is_reported() -> None:
    row = factories.service()
    order = factories.confirm(row, "base")
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is not None
    record_transfer(invoice.id, 1, "part")
    request = insert_cancellation(row)
    row.status, row.next_due_date = ServiceStatus.SUSPENDED, ON - timedelta(days=1)
    db.session.commit()

    reasons = [factories.refusal(row, "b")]
    row.status = ServiceStatus.ACTIVE
    db.session.commit()
    reasons.append(factories.refusal(row, "b"))
    request.status = CancellationStatus.WITHDRAWN
    db.session.commit()
    reasons.append(factories.refusal(row, "b"))
    order.status = OrderStatus.CANCELLED
    db.session.commit()
    reasons.append(factories.refusal(row, "b"))
    invoice.status = InvoiceStatus.VOID
    db.session.commit()
    reasons.append(factories.refusal(row, "b"))
    row.next_due_date = DUE
    db.session.commit()

    assert reasons == [reason for _, reason in reversed(BLOCKING_STATES)]
    assert factories.price(row, "b").decision is Decision.NOW


@pytest.mark.parametrize("status", [status for status in ServiceStatus if status is not ServiceStatus.ACTIVE])
def test_only_an_active_service_can_change(status: ServiceStatus) -> None:
    assert factories.refusal(factories.service(status=status), "b") is Refusal.NOT_ACTIVE
