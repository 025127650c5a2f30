"""A webhook about a closed payment attempt: the worker looks the charge up until its outcome is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.operations import outbox
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments import pay
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.operations.ledger_checks import rows
from tests.operations.pending_payments import last_attempt
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.slow]

CAPTURED, PENDING, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN
LATER = AT + timedelta(days=1)


class FixedLookUpProvider(FakeProvider):
    """A provider that returns ``look_up_result``, if set, for every look-up."""

    look_up_result: ProviderResult | None = None

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        return self.look_up_result or super().look_up(charge)


@pytest.fixture
def provider() -> FixedLookUpProvider:
    return FixedLookUpProvider()


@transactional
def queue_settle(key: str) -> None:
    """Queue the message that a webhook about a closed attempt leaves."""
    outbox.enqueue("settle", f"settle-{key}-WH-1", AT, attempt=key, again=True)


def abandon_attempt(gateways: Gateways, provider: FixedLookUpProvider) -> tuple[int, str]:
    """Cancel an order while its payment awaits approval; the id of the client and the key of the attempt."""
    provider.results.append(ProviderResult(PENDING, "ref", approve_url="https://paypal.example/approve"))
    order = factories.confirm(factories.service(), "b")
    invoice = pay_order(order, gateways)
    pay.give_up(invoice.id, gateways.payments, AT)
    cancel_order(order.client_id, order.reference, ON, AT)
    return order.client_id, last_attempt(invoice).key


def message() -> Message:
    db.session.rollback()
    return db.session.query(Message).filter(Message.key.endswith("WH-1")).one()


def test_capture_of_an_abandoned_attempt_becomes_credit(gateways: Gateways, provider: FixedLookUpProvider) -> None:
    client_id, key = abandon_attempt(gateways, provider)
    provider.look_up_result = ProviderResult(CAPTURED, "ref", "taken")
    queue_settle(key)

    drain(gateways, AT)

    assert balance_of(client_id, "CAD") == Money(4312)
    assert message().done_at == AT


def test_abandoned_attempt_never_captured_is_not_credited(gateways: Gateways, provider: FixedLookUpProvider) -> None:
    client_id, key = abandon_attempt(gateways, provider)
    provider.approved.add(key)
    queue_settle(key)

    drain(gateways, AT)

    assert balance_of(client_id, "CAD") == Money(0)
    assert message().done_at == AT
    assert [result.status for _, result in provider.ledger.values()] == [PENDING]


@pytest.mark.parametrize("status", [UNKNOWN, PENDING])
def test_unknown_outcome_is_looked_up_again(
    gateways: Gateways, provider: FixedLookUpProvider, status: AttemptStatus
) -> None:
    client_id, key = abandon_attempt(gateways, provider)
    provider.look_up_result = ProviderResult(status)
    queue_settle(key)
    drain(gateways, AT)
    assert message().done_at is None

    provider.look_up_result = ProviderResult(CAPTURED, "ref", "taken")
    drain(gateways, LATER)
    assert balance_of(client_id, "CAD") == Money(4312)


def pending_capture(gateways: Gateways, provider: FixedLookUpProvider) -> Message:
    """An order whose captured money its provider holds for review, and the message that looks it up."""
    provider.results.append(ProviderResult(PENDING, "ref"))
    provider.look_up_result = ProviderResult(PENDING, "ref")
    invoice = pay_order(factories.confirm(factories.service(), "b"), gateways)
    return settle_message(last_attempt(invoice).key)


def settle_message(key: str) -> Message:
    db.session.rollback()
    return db.session.query(Message).filter_by(key=f"settle-{key}").one()


def work_until(gateways: Gateways, waiting: Message, end: datetime) -> list[datetime]:
    """Let the worker act whenever the message is due, until ``end``; the instants at which it did."""
    key, instants = waiting.ids["attempt"], []
    while waiting.done_at is None and waiting.dead_at is None and waiting.run_at <= end:
        instants.append(waiting.run_at)
        drain(gateways, instants[-1])
        waiting = settle_message(key)
    return instants


def test_capture_held_for_review_is_looked_up_at_least_daily_for_a_month(
    gateways: Gateways, provider: FixedLookUpProvider
) -> None:
    waiting = pending_capture(gateways, provider)
    instants = work_until(gateways, waiting, AT + timedelta(days=30))
    assert max(after - before for before, after in pairwise(instants)) <= timedelta(days=1)
    assert instants[-1] >= AT + timedelta(days=29)
    assert len(instants) < 60
    last = settle_message(waiting.ids["attempt"])
    assert (last.dead_at, last.done_at) == (None, None)


def test_capture_completed_on_the_fifth_day_is_found_within_a_day(
    gateways: Gateways, provider: FixedLookUpProvider
) -> None:
    waiting = pending_capture(gateways, provider)
    work_until(gateways, waiting, AT + timedelta(days=5))
    provider.look_up_result = None
    work_until(gateways, settle_message(waiting.ids["attempt"]), AT + timedelta(days=6))
    done = settle_message(waiting.ids["attempt"])
    assert done.done_at is not None
    assert done.done_at <= AT + timedelta(days=6)
    [order] = rows(Order)
    assert order.status is OrderStatus.COMPLETED


def test_attempt_of_a_provider_without_settings_is_looked_up_until_it_has_some(
    gateways: Gateways, provider: FixedLookUpProvider
) -> None:
    waiting = pending_capture(gateways, provider)
    work_until(replace(gateways, payments={}), waiting, AT + timedelta(days=10))
    provider.look_up_result = None
    work_until(gateways, settle_message(waiting.ids["attempt"]), AT + timedelta(days=11))
    assert settle_message(waiting.ids["attempt"]).done_at is not None
