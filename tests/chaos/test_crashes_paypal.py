"""A process may be killed around the calls to PayPal: the money is captured once, and the change is completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from multiprocessing.context import ForkServerContext
from pathlib import Path
from signal import SIGKILL
from typing import Any

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
from kajoom.operations.payments import attempts, claims, pay, saved_methods
from tests import factories
from tests.chaos import actions
from tests.chaos.actions import Action, Scenario, catch_up
from tests.chaos.external_state import ExternalState, read_demo_state
from tests.chaos.invariants import violations
from tests.chaos.kill_points import KillPoint, Moment, run
from tests.database import Database
from tests.factories import AT
from tests.operations.ledger_checks import rows
from tests.paypal.server import FakePayPal

BEFORE, COMMIT, AFTER = Moment.BEFORE, Moment.BEFORE_COMMIT, Moment.AFTER
RETURN_URL = "https://clients.example.com/back"
KILLED_FOR = timedelta(minutes=3)


def go_to_paypal(gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """The client chooses PayPal and asks to save the account."""
    _pay(gateways, PaymentChoice("paypal", save_method=True), at)


def approve(_gateways: Gateways, _scenario: Scenario, _at: datetime) -> None:
    """The client approves the payment at PayPal, if they were sent there."""
    attempt = last_attempt_of(_invoice().id)
    if attempt is not None and attempt.approve_url:
        httpx2.post(attempt.approve_url, data={"do": "approve"}, follow_redirects=False)


def come_back(gateways: Gateways, _scenario: Scenario, at: datetime) -> None:
    """The client comes back, and the page looks the payment up."""
    pay.verify(_invoice().id, gateways.payments, at)


def pay_with_saved_account(gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client pays with an account that was saved before."""
    [method] = [method for method in rows(SavedMethod) if method.client_id == scenario.client_id][:1]
    _pay(gateways, PaymentChoice("paypal", saved=method.id), at)


def remove_saved_account(_gateways: Gateways, scenario: Scenario, at: datetime) -> None:
    """The client removes the saved account."""
    for method in rows(SavedMethod):
        saved_methods.remove(scenario.client_id, method.id, at)


def _invoice() -> Invoice:
    [order] = rows(Order)
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    return invoice


def _pay(gateways: Gateways, choice: PaymentChoice, at: datetime) -> None:
    invoice = _invoice()
    if invoice.balance:
        pay.pay(invoice.id, gateways.payments, choice, at, RETURN_URL)


COURSES: dict[str, Sequence[Action]] = {
    "approved": (actions.confirm, go_to_paypal, approve, come_back, actions.work),
    "saved": (actions.confirm, pay_with_saved_account, actions.work),
    "removed": (actions.confirm, pay_with_saved_account, remove_saved_account, actions.work),
}
POINTS: tuple[tuple[str, str, Action, Callable[..., Any], Moment], ...] = (
    ("attempt committed", "approved", go_to_paypal, attempts.start_attempt, AFTER),
    ("order created at PayPal", "approved", go_to_paypal, PayPalProvider.charge, AFTER),
    ("PayPal's id before its commit", "approved", go_to_paypal, attempts.record_result, COMMIT),
    ("PayPal's id committed, client not redirected", "approved", go_to_paypal, attempts.record_result, AFTER),
    ("approval read", "approved", come_back, PayPalProvider.look_up, AFTER),
    ("claim before its commit", "approved", come_back, claims.claim_capture, COMMIT),
    ("claimed", "approved", come_back, claims.claim_capture, AFTER),
    ("before the capture", "approved", come_back, PayPalProvider.capture, BEFORE),
    ("captured", "approved", come_back, PayPalProvider.capture, AFTER),
    ("capture before its commit", "approved", come_back, attempts.record_result, COMMIT),
    ("capture committed", "approved", come_back, attempts.record_result, AFTER),
    ("saved: attempt committed", "saved", pay_with_saved_account, attempts.start_attempt, AFTER),
    ("saved: order created", "saved", pay_with_saved_account, PayPalProvider.charge, AFTER),
    ("saved: claim before its commit", "saved", pay_with_saved_account, claims.claim_capture, COMMIT),
    ("saved: claimed", "saved", pay_with_saved_account, claims.claim_capture, AFTER),
    ("saved: captured", "saved", pay_with_saved_account, PayPalProvider.capture, AFTER),
    ("saved: capture before its commit", "saved", pay_with_saved_account, attempts.record_result, COMMIT),
    ("saved: capture committed", "saved", pay_with_saved_account, attempts.record_result, AFTER),
    ("removal before its commit", "removed", remove_saved_account, saved_methods.remove, COMMIT),
    ("deleted at PayPal, not recorded", "removed", actions.work, PayPalProvider.delete_saved_account, AFTER),
)  # fmt: skip
"""Name, course, the action that is killed, and the function and moment at which it is killed."""


@pytest.fixture
def fake() -> Iterator[FakePayPal]:
    """PayPal, which is not killed."""
    with FakePayPal() as started:
        yield started


def settings_for(fake: FakePayPal) -> dict[str, object]:
    """The settings of an account at the fake PayPal."""
    account = {"paypal_client_id": "client", "paypal_secret": "secret"}
    return {"paypal_base_url": fake.address, "paypal_can_save": True, **account}


def external_state(fake: FakePayPal, folder: Path) -> ExternalState:
    """What PayPal captured, and each account's package."""
    captured = {
        f"paypal:{name}": int(Decimal(each["amount"]["value"]) * 100) for name, each in fake.ledger.captures.items()
    }
    return replace(read_demo_state(folder / "demonstration.sqlite"), captured=captured)


@pytest.mark.parametrize(
    ("name", "action", "function", "moment"), [point[1:] for point in POINTS], ids=[point[0] for point in POINTS]
)
def test_money_approved_at_paypal_is_captured_once_when_a_process_is_killed(
    app: Flask, catalog_database: Database, processes: ForkServerContext, folder: Path, fake: FakePayPal,
    name: str, action: Action, function: Callable[..., Any], moment: Moment,
) -> None:  # fmt: skip
    provider = PayPalProvider(PayPalClient(fake.address, "client", "secret"), can_save=True)
    gateways: Gateways = replace(app.extensions["kajoom"], payments={"paypal": provider})
    course, row = COURSES[name], factories.service(payment_method="paypal")
    if name != "approved":
        fake.ledger.tokens["token-0"] = {"id": "token-0"}
        db.session.add(SavedMethod(client_id=row.client_id, provider="paypal", token="token-0", label="x", saved_at=AT))
        db.session.commit()
    scenario, at, killed = Scenario(row.client_id, row.id, "b"), AT, course.index(action)
    db.session.rollback()
    for each in course[:killed]:
        each(gateways, scenario, at)
        db.session.rollback()

    args = (catalog_database.url, folder, KillPoint(function, moment), action, (scenario, at), settings_for(fake))
    process = processes.Process(target=run, args=args)
    process.start()
    process.join(30)
    assert process.exitcode == -SIGKILL

    at += KILLED_FOR
    for each in course[killed:]:  # the client or the worker tries again
        each(gateways, scenario, at)
        db.session.rollback()
    at = catch_up(gateways, at + KILLED_FOR)

    assert violations(external_state(fake, folder), at, ("paypal",)) == []
    assert [order.status for order in rows(Order)] == [OrderStatus.COMPLETED]
    assert len(fake.ledger.captures) == 1
    assert len(fake.ledger.tokens) == len([method for method in rows(SavedMethod) if method.ended_at is None])
    assert [bool(method.token) for method in rows(SavedMethod)] == [name != "removed"]
