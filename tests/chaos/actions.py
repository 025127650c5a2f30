"""What clients, staff and workers do in a story that may be cut short: each finds by itself how far the story went."""

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
from kajoom.operations import daily
from kajoom.operations.orders import close, place, provisioning
from kajoom.operations.orders.place import Confirmation
from kajoom.operations.orders.quotes import Choice
from kajoom.operations.payments import refunds
from kajoom.operations.payments.pay import pay as pay_invoice
from tests.factories import DUE, MONTHLY, ON, price
from tests.operations.ledger_checks import rows
from tests.worker_runs import drain

KEY = "the form of the story"
STAFF = "staff@example.com"


@dataclass(frozen=True)
class Story:
    """Whose service it is, and the plan the client wants; ``digest`` names the figures seen, if they were."""

    client_id: int
    service_id: int
    plan: str
    digest: str = ""


Act = Callable[[Gateways, Story, datetime], None]


def confirm(_doors: Gateways, story: Story, at: datetime) -> None:
    """The client confirms what the review showed, or presses again."""
    digest, placed = story.digest, order_by_key(KEY)
    if not digest:
        service = db.session.get_one(Service, story.service_id)
        digest = placed.digest if placed is not None else price(service, story.plan).digest
    choice, seen = Choice(story.plan, MONTHLY), Confirmation(digest, KEY)
    place.place_order(story.client_id, story.service_id, choice, seen, locale="fr", on=ON, at=at, days_to_pay=7)


def pay(doors: Gateways, story: Story, at: datetime) -> None:
    """The client presses « Payer » on the change's invoice."""
    _pay(doors, invoice_of_order(_order().id), at)


def pay_unheard(doors: Gateways, story: Story, at: datetime) -> None:
    """The same; the money is taken, and the provider's answer is lost."""
    assert doors.demo_store is not None
    if _order().status is OrderStatus.AWAITING_PAYMENT:
        doors.demo_store.set_behaviour(DemoSystem.PAYMENT, Behaviour.LOSE_AFTER, once=True)
        pay(doors, story, at)


def pay_renewal(doors: Gateways, story: Story, at: datetime) -> None:
    """The client pays the oldest renewal of the service."""
    _pay(doors, next(iter(unpaid_renewals_of(story.service_id)), None), at)


def work(doors: Gateways, _story: Story, at: datetime) -> None:
    """A worker does what is due, settling included."""
    drain(doors, at + timedelta(seconds=6))


def mark_operational(_doors: Gateways, _story: Story, at: datetime) -> None:
    """Staff say that the change is operational."""
    with suppress(BusinessError):  # it is already
        provisioning.mark_operational(_order().reference, STAFF, ON, at)


def mark_refused(_doors: Gateways, _story: Story, at: datetime) -> None:
    """Staff say that the change cannot be made."""
    with suppress(BusinessError):
        provisioning.mark_refused(_order().reference, "full", STAFF, ON, at)


def refund_invoice(doors: Gateways, _story: Story, at: datetime) -> None:
    """Staff send the money of the change back, unless that was done."""
    invoice = invoice_of_order(_order().id)
    assert invoice is not None
    if not refunds_of(invoice.id):
        refunds.refund_invoice(invoice.number, doors.payments, STAFF, at)


def cancel(_doors: Gateways, story: Story, at: datetime) -> None:
    """The client cancels the change."""
    close.cancel_order(story.client_id, _order().reference, ON, at)


def bill(_doors: Gateways, _story: Story, at: datetime) -> None:
    """The day on which the service falls due."""
    daily.bill_day(DUE, at, 14)


def _order() -> Order:
    placed = order_by_key(KEY)
    assert placed is not None
    return placed


def _pay(doors: Gateways, invoice: Invoice | None, at: datetime) -> None:
    if invoice is not None and invoice.balance:
        pay_invoice(invoice.id, doors.payments, PaymentChoice("demonstration"), at)


def catch_up(doors: Gateways, at: datetime, meanwhile: Callable[[], object] = int) -> datetime:
    """Workers go on, later and later, until nothing waits any more; the instant it took them to.

    ``meanwhile`` is what the world does before each turn of theirs.
    """
    for _ in range(60):
        meanwhile()
        drain(doors, at)
        waiting = [message for message in rows(Message) if message.done_at is None and message.dead_at is None]
        db.session.rollback()
        if not waiting:
            return at
        at = max(max(message.run_at, message.lease_until or at) for message in waiting) + timedelta(seconds=1)
    raise AssertionError(f"still waiting at {at}: {[(message.key, message.last_error) for message in waiting]}")
