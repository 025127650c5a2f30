"""Where a change cannot be made, one reason is told by its name: the gravest, until it is lifted."""

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
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.quotes import offers
from tests import factories
from tests.factories import AT, DUE, MONTHLY, ON


def suspended(row: Service) -> None:
    row.status = ServiceStatus.SUSPENDED
    db.session.commit()


def ending(row: Service) -> None:
    when, key = CancellationWhen.PERIOD_END, f"end-{row.id}"
    request_cancellation(row.client_id, row.id, when, reason="", key=key, locale="fr", on=ON, at=AT)


def changing(row: Service) -> None:
    factories.confirm(row, "b")


def overdue(row: Service) -> None:
    row.next_due_date = ON - timedelta(days=1)
    db.session.commit()


def unpaid(row: Service) -> None:
    issue_renewal(row.id, ON, AT)


HINDRANCES: list[tuple[Callable[[Service], None], Refusal]] = [
    (unpaid, Refusal.UNPAID_INVOICE),
    (overdue, Refusal.OVERDUE),
    (changing, Refusal.CHANGE_UNDER_WAY),
    (ending, Refusal.CANCELLATION_REQUESTED),
    (suspended, Refusal.NOT_ACTIVE),
]


@pytest.mark.parametrize(("hinder", "reason"), HINDRANCES, ids=[reason.value for _, reason in HINDRANCES])
def test_what_hinders_every_change_is_told_by_its_own_name(hinder: Callable[[Service], None], reason: Refusal) -> None:
    row = factories.service()
    hinder(row)

    assert factories.refusal(row, "b") is reason
    assert factories.snapshot(row).blocked_reason(ON) is reason
    assert {offer.refusal for offer in offers(factories.snapshot(row), MONTHLY, ON)} == {reason}


def test_the_gravest_hindrance_is_told_until_it_is_lifted() -> None:
    row = factories.service()
    order = factories.confirm(row, "base")
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is not None
    request = Cancellation(
        reference="RS-1",
        key="k",
        client_id=row.client_id,
        service_id=row.id,
        status=CancellationStatus.OPEN,
        when=CancellationWhen.PERIOD_END,
        effective_on=DUE,
        locale="fr",
        requested_at=AT,
    )
    db.session.add(request)
    row.status, row.next_due_date = ServiceStatus.SUSPENDED, ON - timedelta(days=1)
    db.session.commit()

    told = [factories.refusal(row, "b")]
    row.status = ServiceStatus.ACTIVE
    db.session.commit()
    told.append(factories.refusal(row, "b"))
    request.status = CancellationStatus.WITHDRAWN
    db.session.commit()
    told.append(factories.refusal(row, "b"))
    order.status = OrderStatus.CANCELLED
    db.session.commit()
    told.append(factories.refusal(row, "b"))
    row.next_due_date = DUE
    db.session.commit()
    told.append(factories.refusal(row, "b"))
    invoice.status = InvoiceStatus.VOID
    db.session.commit()

    assert told == [reason for _, reason in reversed(HINDRANCES)]
    assert factories.price(row, "b").decision is Decision.NOW


@pytest.mark.parametrize("status", [status for status in ServiceStatus if status is not ServiceStatus.ACTIVE])
def test_only_an_active_service_changes(status: ServiceStatus) -> None:
    assert factories.refusal(factories.service(status=status), "b") is Refusal.NOT_ACTIVE
