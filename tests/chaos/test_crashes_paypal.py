"""A process may be killed on the way to PayPal or back: the money is taken once, and the change goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from multiprocessing.context import ForkServerContext
from pathlib import Path
from signal import SIGKILL

import httpx2
import pytest
from flask import Flask

from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import PaymentChoice
from kajoom.gateways import Gateways
from kajoom.gateways.paypal.client import PayPalClient
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.payment import last_attempt_of
from kajoom.models.saved_method import SavedMethod
from kajoom.operations.payments import pay, saved_methods
from tests import factories
from tests.chaos import actions
from tests.chaos.actions import Act, Story, catch_up
from tests.chaos.driver import Moment, Point, run
from tests.chaos.environment import World, world_of
from tests.chaos.invariants import broken
from tests.database import Database
from tests.factories import AT
from tests.operations.ledger_checks import rows
from tests.paypal.server import FakePayPal

BEFORE, COMMIT, AFTER = Moment.BEFORE, Moment.BEFORE_COMMIT, Moment.AFTER
PAYMENT, SAVED, PAYPAL = (
    "kajoom.operations.payments.pay:",
    "kajoom.operations.payments.saved_methods:",
    "kajoom.gateways.paypal.provider:PayPalProvider.",
)
BACK = "https://clients.example.com/back"


def lead_away(doors: Gateways, _story: Story, at: datetime) -> None:
    """The client presses « pay », and asks that their account be saved."""
    _pay(doors, PaymentChoice("paypal", save_method=True), at)


def approve(_doors: Gateways, _story: Story, _at: datetime) -> None:
    """The client approves at PayPal what they were led to, if they were."""
    attempt = last_attempt_of(_invoice().id)
    if attempt is not None and attempt.approve_url:
        httpx2.post(attempt.approve_url, data={"do": "approve"}, follow_redirects=False)


def come_back(doors: Gateways, _story: Story, at: datetime) -> None:
    """The client comes back, and their page asks what became of it."""
    pay.verify(_invoice().id, doors.payments, at)


def pay_saved(doors: Gateways, story: Story, at: datetime) -> None:
    """The client pays with the account they saved another time."""
    [method] = [each for each in rows(SavedMethod) if each.client_id == story.client_id][:1]
    _pay(doors, PaymentChoice("paypal", saved=method.id), at)


def remove(_doors: Gateways, story: Story, at: datetime) -> None:
    """The client removes that account."""
    for method in rows(SavedMethod):
        saved_methods.remove(story.client_id, method.id, at)


def _invoice() -> Invoice:
    [order] = rows(Order)
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    return invoice


def _pay(doors: Gateways, payment_choice: PaymentChoice, at: datetime) -> None:
    invoice = _invoice()
    if invoice.balance:
        pay.pay(invoice.id, doors.payments, payment_choice, at, BACK)


STORIES: dict[str, Sequence[Act]] = {
    "approved": (actions.confirm, lead_away, approve, come_back, actions.work),
    "saved": (actions.confirm, pay_saved, actions.work),
    "removed": (actions.confirm, pay_saved, remove, actions.work),
}
POINTS: tuple[tuple[str, str, Act, str, Moment], ...] = (
    ("attempt committed", "approved", lead_away, PAYMENT + "begin", AFTER),
    ("order created at PayPal", "approved", lead_away, PAYPAL + "charge", AFTER),
    ("order's name before its commit", "approved", lead_away, PAYMENT + "record", COMMIT),
    ("order's name committed, client not led away", "approved", lead_away, PAYMENT + "record", AFTER),
    ("approval seen", "approved", come_back, PAYPAL + "look_up", AFTER),
    ("claim before its commit", "approved", come_back, PAYMENT + "claim", COMMIT),
    ("claimed", "approved", come_back, PAYMENT + "claim", AFTER),
    ("before the capture", "approved", come_back, PAYPAL + "capture", BEFORE),
    ("captured", "approved", come_back, PAYPAL + "capture", AFTER),
    ("capture before its commit", "approved", come_back, PAYMENT + "record", COMMIT),
    ("capture committed", "approved", come_back, PAYMENT + "record", AFTER),
    ("saved: attempt committed", "saved", pay_saved, PAYMENT + "begin", AFTER),
    ("saved: order created", "saved", pay_saved, PAYPAL + "charge", AFTER),
    ("saved: claim before its commit", "saved", pay_saved, PAYMENT + "claim", COMMIT),
    ("saved: claimed", "saved", pay_saved, PAYMENT + "claim", AFTER),
    ("saved: captured", "saved", pay_saved, PAYPAL + "capture", AFTER),
    ("saved: capture before its commit", "saved", pay_saved, PAYMENT + "record", COMMIT),
    ("saved: capture committed", "saved", pay_saved, PAYMENT + "record", AFTER),
    ("removal before its commit", "removed", remove, SAVED + "remove", COMMIT),
    ("deleted at PayPal, not recorded", "removed", actions.work, PAYPAL + "delete_saved_account", AFTER),
)  # fmt: skip


@pytest.fixture
def fake() -> Iterator[FakePayPal]:
    """PayPal, which outlives whoever asks it."""
    with FakePayPal() as started:
        yield started


def account_of(fake: FakePayPal) -> dict[str, object]:
    """What a house is told of its account there."""
    secrets = {"paypal_client_id": "client", "paypal_secret": "secret"}
    return {"paypal_base_url": fake.address, "paypal_can_save": True, **secrets}


def world(fake: FakePayPal, folder: Path) -> World:
    """What PayPal took, and where the panel has each account."""
    took = {
        f"paypal:{name}": int(Decimal(each["amount"]["value"]) * 100) for name, each in fake.ledger.captures.items()
    }
    return replace(world_of(folder / "demonstration.sqlite"), took=took)


@pytest.mark.parametrize(
    ("name", "act", "target", "moment"), [point[1:] for point in POINTS], ids=[p[0] for p in POINTS]
)
def test_money_approved_at_paypal_is_taken_once_when_a_process_dies(
    app: Flask, catalog_database: Database, processes: ForkServerContext, folder: Path, fake: FakePayPal,
    name: str, act: Act, target: str, moment: Moment,
) -> None:  # fmt: skip
    doors: Gateways = replace(app.extensions["kajoom"], payments={"paypal": paypal_of(fake)})
    acts, row = STORIES[name], factories.service(payment_method="paypal")
    if name != "approved":
        fake.ledger.tokens["token-0"] = {"id": "token-0"}
        db.session.add(SavedMethod(client_id=row.client_id, provider="paypal", token="token-0", label="x", saved_at=AT))
        db.session.commit()
    story, at = Story(row.client_id, row.id, "b"), AT
    db.session.rollback()
    for each in acts[: acts.index(act)]:
        each(doors, story, at)
        db.session.rollback()

    given = (catalog_database.url, folder, Point(target, moment), act, (story, at), account_of(fake))
    victim = processes.Process(target=run, args=given)
    victim.start()
    victim.join(30)
    assert victim.exitcode == -SIGKILL

    at += timedelta(minutes=3)
    for each in acts[acts.index(act) :]:  # whoever was cut off presses again
        each(doors, story, at)
        db.session.rollback()
    at = catch_up(doors, at + timedelta(minutes=3))

    assert broken(world(fake, folder), at, ("paypal",)) == []
    assert [order.status for order in rows(Order)] == [OrderStatus.COMPLETED]
    assert len(fake.ledger.captures) == 1
    assert len(fake.ledger.tokens) == len([each for each in rows(SavedMethod) if each.ended_at is None])
    assert [bool(each.token) for each in rows(SavedMethod)] == [name != "removed"]


def paypal_of(fake: FakePayPal) -> PayPalProvider:
    """The provider as the survivors have it."""
    return PayPalProvider(PayPalClient(fake.address, "client", "secret"), can_save=True)
