"""What clients, staff and workers do in a scenario; each action can be repeated after the process was killed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import PaymentChoice
from kajoom.domain.refusal import BusinessError
from kajoom.gateways import Gateways
from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order, order_by_key
from kajoom.models.outbox import Message
from kajoom.models.refund import refunds_of
from kajoom.models.renewal import unpaid_renewals_of
from kajoom.models.service import Service
from kajoom.operations.daily import bill_day
from kajoom.operations.orders import close, place, provisioning
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice
from kajoom.operations.payments import pay as payments
from kajoom.operations.payments import refunds
from tests.factories import DUE, MONTHLY, ON, price
from tests.operations.ledger_checks import rows
from tests.worker_runs import drain

FORM_KEY = "the key of the review's form"
STAFF = "staff@example.com"
_RENEWAL_DAYS = 14
_SETTLE_DELAY = timedelta(seconds=6)
_MAX_ROUNDS = 60


@dataclass(frozen=True)
class Scenario:
    """A service of a client, and the plan to change to; ``digest`` names the figures that were reviewed, if any."""

    client_id: int
    service_id: int
    plan: str
    digest: str = ""


Action = Callable[[Gateways, Scenario, datetime], None]


def confirm(_gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client confirms the change, or presses again."""
    digest, placed = scenario.digest, order_by_key(FORM_KEY)
    if not digest:
        service = db.session.get_one(Service, scenario.service_id)
        digest = placed.digest if placed is not None else price(service, scenario.plan).digest
    choice, confirmation = Choice(scenario.plan, MONTHLY), Confirmation(digest, FORM_KEY)
    client_id, service_id = scenario.client_id, scenario.service_id
    place.place_order(client_id, service_id, choice, confirmation, locale="fr", on=ON, at=at, days_to_pay=7)


def pay(gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client pays the change's invoice."""
    _pay(gateways, invoice_of_order(_order().id), at)


def pay_with_lost_answer(gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client pays; the money is captured and the provider's answer is lost."""
    assert gateways.demo_store is not None
    if _order().status is OrderStatus.AWAITING_PAYMENT:
        gateways.demo_store.set_behaviour(DemoSystem.PAYMENT, Behaviour.LOSE_AFTER, once=True)
        pay(gateways, scenario, at)


def pay_renewal(gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client pays the oldest unpaid renewal of the service."""
    _pay(gateways, next(iter(unpaid_renewals_of(scenario.service_id)), None), at)


def work(gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """A worker acts on every message that is due, those that settle payments included."""
    drain(gateways, at + _SETTLE_DELAY)


def mark_operational(_gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """Staff record that the change is operational."""
    with suppress(BusinessError):  # already recorded
        provisioning.mark_operational(_order().reference, STAFF, ON, at)


def mark_refused(_gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """Staff record that the change cannot be made."""
    with suppress(BusinessError):
        provisioning.mark_refused(_order().reference, "full", STAFF, ON, at)


def refund_invoice(gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """Staff refund the change's invoice, unless that was done."""
    invoice = invoice_of_order(_order().id)
    assert invoice is not None
    if not refunds_of(invoice.id):
        refunds.refund_invoice(invoice.number, gateways.payments, STAFF, at)


def cancel(_gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client cancels the change."""
    close.cancel_order(scenario.client_id, _order().reference, ON, at)


def bill(_gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """The daily run of the service's due date."""
    bill_day(DUE, at, _RENEWAL_DAYS)


def _order() -> Order:
    order = order_by_key(FORM_KEY)
    assert order is not None
    return order


def _pay(gateways: Gateways, invoice: Invoice | None, at: datetime) -> None:
    if invoice is not None and invoice.balance:
        payments.pay(invoice.id, gateways.payments, PaymentChoice("demonstration"), at)


def catch_up(gateways: Gateways, at: datetime, before_each_round: Callable[[], object] = int) -> datetime:
    """Let workers act, later and later, until no message waits; return the instant that they reached."""
    for _ in range(_MAX_ROUNDS):
        before_each_round()
        drain(gateways, at)
        waiting = [message for message in rows(Message) if message.done_at is None and message.dead_at is None]
        db.session.rollback()
        if not waiting:
            return at
        at = max(max(message.run_at, message.lease_until or at) for message in waiting) + timedelta(seconds=1)
    raise AssertionError(f"still waiting at {at}: {[(message.key, message.last_error) for message in waiting]}")
