"""Cancellation requests for services: accepted when sent, once, and withdrawable until they take effect."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.outbox import message_by_key
from kajoom.models.service import Service
from kajoom.operations.orders.cancellation import carry_out_cancellation, request_cancellation, withdraw_cancellation
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import AT, DUE, ON
from tests.operations.ledger_checks import nothing_written, rows

NOW, PERIOD_END = CancellationWhen.NOW, CancellationWhen.PERIOD_END
DAY_BEFORE_DUE = DUE - timedelta(days=1)


def request(row: Service, when: CancellationWhen = PERIOD_END, key: str = "form", **more: Any) -> Cancellation:
    arguments = {"reason": "too dear", "locale": "fr", "on": ON, "at": AT, **more}
    return request_cancellation(row.client_id, row.id, when, key=key, **arguments)


def email_is_queued(email: str, cancellation: Cancellation) -> bool:
    return message_by_key(f"{email}-{cancellation.reference}") is not None


def test_immediate_cancellation_ends_the_service() -> None:
    row = factories.service()

    cancellation = request(row, NOW)

    assert (cancellation.reference, cancellation.status, cancellation.effective_on, cancellation.closed_at) == (
        "RS-2026-000001",
        CancellationStatus.DONE,
        ON,
        AT,
    )
    assert (row.status, cancellation.reason, cancellation.requested_at) == (ServiceStatus.CANCELLED, "too dear", AT)
    assert message_by_key(f"service_ended-{row.id}") is not None
    assert not email_is_queued("cancellation_received", cancellation)


def test_cancellation_at_period_end_waits_for_the_due_date() -> None:
    row = factories.service()
    cancellation = request(row)
    cancellation_id = cancellation.id

    assert (cancellation.status, cancellation.effective_on) == (CancellationStatus.OPEN, DUE)
    assert (row.status, cancellation.closed_at) == (ServiceStatus.ACTIVE, None)
    with nothing_written():
        carry_out_cancellation(cancellation_id, DAY_BEFORE_DUE, AT)
    carry_out_cancellation(cancellation_id, DUE, AT)
    with nothing_written():
        carry_out_cancellation(cancellation_id, DUE, AT)

    assert email_is_queued("cancellation_received", cancellation)
    assert (cancellation.status, row.status) == (CancellationStatus.DONE, ServiceStatus.CANCELLED)


@pytest.mark.parametrize("due", [None, ON, date(2026, 6, 1)])
def test_period_end_is_today_if_no_future_day_is_paid(due: date | None) -> None:
    row = factories.service(next_due_date=due)

    assert request(row).effective_on == ON
    assert row.status is ServiceStatus.CANCELLED


def test_withdrawn_request_leaves_the_service_active() -> None:
    row = factories.service()
    cancellation = request(row)
    reference, client_id = cancellation.reference, row.client_id

    withdraw_cancellation(client_id, reference, AT)
    with nothing_written():
        withdraw_cancellation(client_id, reference, AT)
    carry_out_cancellation(cancellation.id, DUE, AT)

    assert (cancellation.status, row.status) == (CancellationStatus.WITHDRAWN, ServiceStatus.ACTIVE)
    assert email_is_queued("cancellation_withdrawn", cancellation)
    assert factories.price(row, "b").due_today.cents > 0


def test_service_can_be_cancelled_again_after_a_withdrawal() -> None:
    row = factories.service()
    withdraw_cancellation(row.client_id, request(row).reference, AT)

    assert request(row, key="another").reference == "RS-2026-000002"


def test_request_cannot_be_withdrawn_after_the_service_ended() -> None:
    row = factories.service()
    cancellation = request(row, NOW)
    client_id, reference = row.client_id, cancellation.reference

    with nothing_written(), pytest.raises(BusinessError) as error:
        withdraw_cancellation(client_id, reference, AT)

    assert error.value.code is Refusal.TOO_LATE


def test_request_is_refused_while_a_change_is_under_way() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    client_id, reference = row.client_id, order.reference

    with nothing_written(), pytest.raises(BusinessError) as error:
        request(row)
    cancel_order(client_id, reference, ON, AT)

    assert error.value.code is Refusal.CHANGE_UNDER_WAY
    assert request(row).status is CancellationStatus.OPEN


def test_form_sent_twice_makes_one_request() -> None:
    row = factories.service()

    first = request(row).reference
    with nothing_written():
        second = request(row).reference
        db.session.rollback()

    assert first == second
    assert len(rows(Cancellation)) == 1


def test_key_of_another_request_is_refused() -> None:
    row = factories.service()
    sibling = factories.service(row.client)
    request(row)

    for service, when in ((row, NOW), (sibling, PERIOD_END)):
        with nothing_written(), pytest.raises(BusinessError) as error:
            request(service, when)
        assert error.value.code is Refusal.KEY_REUSED


def test_second_request_is_refused_while_one_is_open() -> None:
    row = factories.service()
    request(row)

    with nothing_written(), pytest.raises(BusinessError) as error:
        request(row, NOW, key="another")

    assert error.value.code is Refusal.CANCELLATION_REQUESTED


@pytest.mark.parametrize("status", ServiceStatus)
def test_every_service_that_has_not_ended_can_be_cancelled(status: ServiceStatus) -> None:
    row = factories.service(status=status)

    if status in {ServiceStatus.TERMINATED, ServiceStatus.CANCELLED}:
        with nothing_written(), pytest.raises(BusinessError) as error:
            request(row)
        assert error.value.code is Refusal.NOT_ACTIVE
    else:
        assert request(row).status is CancellationStatus.OPEN


def test_service_and_request_of_another_client_are_not_found() -> None:
    row = factories.service()
    stranger = factories.client().id
    reference = request(row).reference
    service_id = row.id

    with nothing_written(), pytest.raises(LookupError):
        request_cancellation(stranger, service_id, NOW, reason="", key="k", locale="fr", on=ON, at=AT)
    with nothing_written(), pytest.raises(LookupError):
        withdraw_cancellation(stranger, reference, AT)
