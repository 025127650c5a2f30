"""Cancellation and expiry of orders: the invoice is voided and the account credit returned once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.db import db
from kajoom.operations.orders.close import cancel_order, expire_order
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import movements_of, nothing_written, queued_emails


def test_cancelling_voids_the_invoice_and_returns_credit_once() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    order = factories.confirm(row, "b")

    cancelled = cancel_order(row.client_id, order.reference, ON, AT)
    with nothing_written():
        cancel_order(row.client_id, order.reference, ON, AT)

    assert cancelled.status is OrderStatus.CANCELLED
    assert (factories.invoice_for(order).status, factories.invoice_for(order).balance) == (InvoiceStatus.VOID, Money(0))
    assert [entry.cents for entry in movements_of(row.client_id)] == [1_000, -1_000, 1_000]
    assert "cancelled" in queued_emails()


def test_another_change_can_be_ordered_after_a_cancellation() -> None:
    row = factories.service()
    factories.credit(row.client, 1_000)
    cancel_order(row.client_id, factories.confirm(row, "b").reference, ON, AT)

    order = factories.confirm(row, "base")

    assert order.status is OrderStatus.SCHEDULED


def test_cancelling_a_scheduled_change_leaves_service_and_credit_unchanged() -> None:
    row = factories.service()
    order = factories.confirm(row, "base")

    cancel_order(row.client_id, order.reference, ON, AT)

    assert (row.plan.code, row.version) == ("a", 1)
    assert movements_of(row.client_id) == []


def test_order_of_another_client_is_not_found() -> None:
    order = factories.confirm(factories.service(), "b")
    stranger = factories.client()

    with nothing_written(), pytest.raises(LookupError):
        cancel_order(stranger.id, order.reference, ON, AT)


@pytest.mark.parametrize("status", OrderStatus)
def test_only_allowed_statuses_can_be_cancelled(status: OrderStatus) -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    order.status = status
    db.session.commit()
    cancellable = {OrderStatus.AWAITING_PAYMENT, OrderStatus.SCHEDULED}

    if status in cancellable:
        assert cancel_order(row.client_id, order.reference, ON, AT).status is OrderStatus.CANCELLED
    elif status is OrderStatus.CANCELLED:
        with nothing_written():
            cancel_order(row.client_id, order.reference, ON, AT)
    else:
        with nothing_written(), pytest.raises(BusinessError) as error:
            cancel_order(row.client_id, order.reference, ON, AT)
        assert error.value.code is Refusal.TOO_LATE


@pytest.mark.parametrize("status", OrderStatus)
def test_order_expires_only_while_it_awaits_payment(status: OrderStatus) -> None:
    order = factories.confirm(factories.service(), "b")
    order.status = status
    db.session.commit()

    if status is OrderStatus.AWAITING_PAYMENT:
        expire_order(order.id, ON, AT)
        assert order.status is OrderStatus.CANCELLED
        assert factories.invoice_for(order).status is InvoiceStatus.VOID
        assert "expired" in queued_emails()
    else:
        with nothing_written():
            expire_order(order.id, ON, AT)


def test_history_records_actor_and_time_of_each_event() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    cancel_order(row.client_id, order.reference, ON, AT + timedelta(hours=1))

    assert [(step.event, step.status, step.actor, step.at) for step in order.history] == [
        (OrderEvent.PLACED, OrderStatus.AWAITING_PAYMENT, "client", AT),
        (OrderEvent.CANCELLED, OrderStatus.CANCELLED, "client", AT + timedelta(hours=1)),
    ]
