"""A request to end a service takes effect by being sent, once, and can be taken back until its day."""

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
EVE = DUE - timedelta(days=1)


def request(row: Service, when: CancellationWhen = PERIOD_END, key: str = "form", **more: Any) -> Cancellation:
    given = {"reason": "too dear", "locale": "fr", "on": ON, "at": AT, **more}
    return request_cancellation(row.client_id, row.id, when, key=key, **given)


def told(email: str, sent: Cancellation) -> bool:
    return message_by_key(f"{email}-{sent.reference}") is not None


def test_now_ends_the_service_by_being_sent() -> None:
    row = factories.service()

    sent = request(row, NOW)

    assert (sent.reference, sent.status, sent.effective_on, sent.closed_at) == (
        "RS-2026-000001",
        CancellationStatus.DONE,
        ON,
        AT,
    )
    assert (row.status, sent.reason, sent.requested_at) == (ServiceStatus.CANCELLED, "too dear", AT)
    assert told("cancellation_received", sent)


def test_the_end_of_what_is_paid_is_waited_for() -> None:
    row = factories.service()
    sent = request(row)
    sent_id = sent.id

    assert (sent.status, sent.effective_on, row.status) == (CancellationStatus.OPEN, DUE, ServiceStatus.ACTIVE)
    with nothing_written():
        carry_out_cancellation(sent_id, EVE, AT)
    carry_out_cancellation(sent_id, DUE, AT)
    with nothing_written():
        carry_out_cancellation(sent_id, DUE, AT)

    assert (sent.status, row.status) == (CancellationStatus.DONE, ServiceStatus.CANCELLED)


@pytest.mark.parametrize("due", [None, ON, date(2026, 6, 1)])
def test_where_nothing_more_is_paid_the_end_of_the_period_is_today(due: date | None) -> None:
    row = factories.service(next_due_date=due)

    assert request(row).effective_on == ON
    assert row.status is ServiceStatus.CANCELLED


def test_a_request_is_taken_back_until_its_day_and_the_service_goes_on() -> None:
    row = factories.service()
    sent = request(row)
    reference, client_id = sent.reference, row.client_id

    withdraw_cancellation(client_id, reference, AT)
    with nothing_written():
        withdraw_cancellation(client_id, reference, AT)
    carry_out_cancellation(sent.id, DUE, AT)

    assert (sent.status, row.status) == (CancellationStatus.WITHDRAWN, ServiceStatus.ACTIVE)
    assert told("cancellation_withdrawn", sent)
    assert factories.price(row, "b").due_today.cents > 0


def test_after_a_withdrawal_a_service_can_be_cancelled_anew() -> None:
    row = factories.service()
    withdraw_cancellation(row.client_id, request(row).reference, AT)

    assert request(row, key="another").reference == "RS-2026-000002"


def test_a_service_that_ended_is_not_brought_back() -> None:
    row = factories.service()
    sent = request(row, NOW)
    client_id, reference = row.client_id, sent.reference

    with nothing_written(), pytest.raises(BusinessError) as error:
        withdraw_cancellation(client_id, reference, AT)

    assert error.value.code is Refusal.TOO_LATE


def test_a_change_under_way_must_be_cancelled_first() -> None:
    row = factories.service()
    order = factories.confirm(row, "b")
    client_id, reference = row.client_id, order.reference

    with nothing_written(), pytest.raises(BusinessError) as error:
        request(row)
    cancel_order(client_id, reference, ON, AT)

    assert error.value.code is Refusal.CHANGE_UNDER_WAY
    assert request(row).status is CancellationStatus.OPEN


def test_a_form_sent_twice_is_one_request() -> None:
    row = factories.service()

    first = request(row).reference
    with nothing_written():
        second = request(row).reference
        db.session.rollback()

    assert first == second
    assert len(rows(Cancellation)) == 1


def test_a_key_is_for_one_request() -> None:
    row = factories.service()
    sibling = factories.service(row.client)
    request(row)

    for service, when in ((row, NOW), (sibling, PERIOD_END)):
        with nothing_written(), pytest.raises(BusinessError) as error:
            request(service, when)
        assert error.value.code is Refusal.KEY_REUSED


def test_one_request_at_a_time() -> None:
    row = factories.service()
    request(row)

    with nothing_written(), pytest.raises(BusinessError) as error:
        request(row, NOW, key="another")

    assert error.value.code is Refusal.CANCELLATION_REQUESTED


@pytest.mark.parametrize("status", ServiceStatus)
def test_only_a_service_that_has_ended_cannot_be_cancelled(status: ServiceStatus) -> None:
    row = factories.service(status=status)

    if status in {ServiceStatus.TERMINATED, ServiceStatus.CANCELLED}:
        with nothing_written(), pytest.raises(BusinessError) as error:
            request(row)
        assert error.value.code is Refusal.NOT_ACTIVE
    else:
        assert request(row).status is CancellationStatus.OPEN


def test_a_strangers_service_and_request_are_not_found() -> None:
    row = factories.service()
    stranger = factories.client().id
    reference = request(row).reference
    service_id = row.id

    with nothing_written(), pytest.raises(LookupError):
        request_cancellation(stranger, service_id, NOW, reason="", key="k", locale="fr", on=ON, at=AT)
    with nothing_written(), pytest.raises(LookupError):
        withdraw_cancellation(stranger, reference, AT)
