"""Money announced for a try that is over is asked about until it is known, and found it is never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.gateways import Gateways
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.payment import last_attempt_of
from kajoom.operations import outbox
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.payments import pay
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT, ON
from tests.fake_gateways import FakeProvider
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")

CAPTURED, PENDING, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN
LATER = AT + timedelta(days=1)


class Vague(FakeProvider):
    """A provider that, asked about a charge, ``says`` what it is told to."""

    says: ProviderResult | None = None

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        return self.says or super().look_up(charge)


@pytest.fixture
def provider() -> Vague:
    return Vague()


@transactional
def announced(key: str) -> None:
    outbox.enqueue("settle", f"settle-{key}-WH-1", AT, attempt=key, again=True)


def given_up(doors: Gateways, provider: Vague) -> tuple[int, str]:
    """A client who cancelled while the approval was open, and the key of their try."""
    provider.results.append(ProviderResult(PENDING, "ref", approve_url="https://paypal.example/approve"))
    order = factories.confirm(factories.service(), "b")
    invoice = factories.invoice_for(order)
    pay.pay(invoice.id, doors.payments, PaymentChoice("null"), AT)
    pay.give_up(invoice.id, doors.payments, AT)
    cancel_order(order.client_id, order.reference, ON, AT)
    attempt = last_attempt_of(invoice.id)
    assert attempt is not None
    return order.client_id, attempt.key


def message() -> Message:
    db.session.rollback()
    return db.session.query(Message).filter(Message.key.endswith("WH-1")).one()


def test_money_that_came_for_what_was_given_up_is_credited(doors: Gateways, provider: Vague) -> None:
    client_id, key = given_up(doors, provider)
    provider.says = ProviderResult(CAPTURED, "ref", "taken")
    announced(key)

    drain(doors, AT)

    assert balance_of(client_id, "CAD") == Money(4312)
    assert message().done_at == AT


def test_what_was_given_up_and_never_taken_is_left_alone(doors: Gateways, provider: Vague) -> None:
    client_id, key = given_up(doors, provider)
    provider.approved.add(key)
    announced(key)

    drain(doors, AT)

    assert balance_of(client_id, "CAD") == Money(0)
    assert message().done_at == AT
    assert [result.status for _, result in provider.ledger.values()] == [PENDING]


@pytest.mark.parametrize("status", [UNKNOWN, PENDING])
def test_an_answer_that_does_not_say_is_asked_for_again(
    doors: Gateways, provider: Vague, status: AttemptStatus
) -> None:
    client_id, key = given_up(doors, provider)
    provider.says = ProviderResult(status)
    announced(key)
    drain(doors, AT)
    assert message().done_at is None

    provider.says = ProviderResult(CAPTURED, "ref", "taken")
    drain(doors, LATER)
    assert balance_of(client_id, "CAD") == Money(4312)
