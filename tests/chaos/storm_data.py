"""The clients and services of a storm, what staff do during it, and the checks after it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from flask_security import hash_password

from kajoom import clock
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import INVOICE_CHANGED, OPEN, AttemptStatus
from kajoom.domain.service import ServiceStatus
from kajoom.gateways import Gateways
from kajoom.models.catalog import CatalogVersion, Plan
from kajoom.models.db import begin_mode, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.models.service import Service
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from tests.chaos.actions import STAFF, catch_up
from tests.chaos.claim_checks import watch_claims
from tests.chaos.external_state import ExternalState
from tests.chaos.faulty_systems import FaultySystems
from tests.chaos.invariants import violations
from tests.chaos.reviewed_change import create_catalogue
from tests.conftest import PASSWORD
from tests.factories import client, service
from tests.operations.ledger_checks import rows
from tests.whm.server import Account

_METHODS = ("demonstration", "paypal")
_DAYS_TO_DUE_DATE = 20
_RECEIPT_RATE, _END_RATE = 0.2, 0.01


class StormClient(NamedTuple):
    """A client, their services by id, and the provider they pay with."""

    email: str
    services: list[int]
    method: str


class StormData:
    """The database of a storm. Each client has few services, so that each service changes again and again.

    Every second service is on the demonstration's panel, the others on WHM.
    """

    def __init__(self, app: Flask, clients: int, changes: int, systems: FaultySystems) -> None:
        self._app, self._whm = app, systems.whm
        self._gateways: Gateways = app.extensions["kajoom"]
        self._numbers = count(1)
        self.receipts = self.ends = 0
        services = max(3, changes // clients // 2)
        with self.app_context():
            db.create_all()
            create_catalogue()
            self._add_servers(systems.servers)
            password = hash_password(PASSWORD)
            self.clients = [_create_client(number, password, services) for number in range(clients)]
            self._add_accounts()

    def act_as_staff(self, chance: random.Random) -> None:
        """Decide a change that waits for a person, and at times record money or end a service."""
        with self.app_context(), begin_mode(read_only=True):
            self._decide_change(chance)
            if chance.random() < _RECEIPT_RATE:
                self._record_money(chance)
            if chance.random() < _END_RATE:
                self._end_service(chance)

    def _decide_change(self, chance: random.Random) -> None:
        """Carry out a change that waits for a person, or refuse it."""
        waiting = OrderStatus.AWAITING_PROVISIONING
        order = db.session.query(Order).filter_by(status=waiting, needs_person=True).first()
        if order is not None:
            reference, username, package = order.reference, order.service.username, order.to_plan.package
            db.session.rollback()
            today, at = clock.today(), clock.now()
            if chance.random() < 0.5:
                mark_refused(reference, "storm", STAFF, today, at)
            else:
                self._set_package(username, package)
                mark_operational(reference, STAFF, today, at)

    def _record_money(self, chance: random.Random) -> None:
        """Record a part, the whole or more of an invoice whose payment at a provider is not settled."""
        query = db.session.query(Attempt).filter(Attempt.status.in_(sorted(OPEN))).order_by(Attempt.id.desc())
        invoices = [(each.invoice.number, each.invoice.balance.cents) for each in query.limit(20)]
        db.session.rollback()
        if not invoices:
            return
        number, cents = chance.choice(invoices)
        received = chance.choice((cents // 2, cents, cents + 500))
        if received:
            today, at, reference = clock.today(), clock.now(), f"storm-{next(self._numbers)}"
            amount = f"{received // 100}.{received % 100:02d}"
            offline_payment = OfflinePayment(amount, today, at, reference, "interac")
            record_offline_payment(number, offline_payment, today, STAFF, at)
            self.receipts += 1

    def _end_service(self, chance: random.Random) -> None:
        """End a service, perhaps one whose change or renewal is being paid."""
        query = db.session.query(Service.external_id).filter(Service.status == ServiceStatus.ACTIVE)
        names = [name for (name,) in query.limit(50)]
        db.session.rollback()
        if names:
            end_service_as_staff(chance.choice(names), "storm", STAFF, clock.today(), clock.now())
            self.ends += 1

    @contextmanager
    def app_context(self) -> Iterator[None]:
        """The application's context; its connections are closed at the end."""
        with self._app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()

    def settle(self, state: Callable[[], ExternalState], approve: Callable[[], None]) -> list[str]:
        """Let workers finish while clients ``approve`` their payments; return the rules that are then violated."""
        found: list[str] = []
        with watch_claims(found.append):
            at = catch_up(self._gateways, clock.now() + timedelta(minutes=5), approve)
        return found + violations(state(), at, _METHODS)

    def figures(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        orders, payments = rows(Order), rows(Payment)
        return {
            "changes": len(orders),
            "completed": sum(order.status is OrderStatus.COMPLETED for order in orders),
            "invoices": len(rows(Invoice)),
            "payments": len(payments),
            "by saved accounts": sum(_paid_with_saved_account(attempt) for attempt in rows(Attempt)),
            "cents": sum(payment.cents for payment in payments),
            "set aside": sum(attempt.reason == INVOICE_CHANGED for attempt in rows(Attempt)),
            "recorded by staff": self.receipts,
            "services ended": self.ends,
            "requests to WHM": len(self._whm.requests),
            "messages": len(rows(Message)),
            "retried": sum(message.attempts > 1 for message in rows(Message)),
        }

    def _add_servers(self, servers: dict[str, dict[str, Any]]) -> None:
        current = db.session.query(CatalogVersion).one()
        current.servers, current.version = servers, current.version + 1
        db.session.commit()

    def _add_accounts(self) -> None:
        """Give the services on WHM their accounts there."""
        self._whm.packages = {plan.package for plan in rows(Plan)}
        on_whm = db.session.query(Service).filter_by(server="s2")
        self._whm.accounts = {each.username: Account(each.plan.package) for each in on_whm}
        db.session.rollback()

    def _set_package(self, username: str, package: str) -> None:
        if username in self._whm.accounts:
            with self._whm.lock:
                self._whm.accounts[username].plan = package
            return
        panel = Path(self._app.instance_path) / "demonstration.sqlite"
        with closing(sqlite3.connect(panel, timeout=15)) as file:
            file.execute("REPLACE INTO account VALUES (?, ?)", (username, package))
            file.commit()


def _create_client(number: int, password: str, services: int) -> StormClient:
    method, due = _METHODS[number % len(_METHODS)], clock.today() + timedelta(days=_DAYS_TO_DUE_DATE)
    holder = client(password=password, active=True)
    terms: dict[str, Any] = {"next_due_date": due, "anchor_day": due.day, "payment_method": method}
    ids = [service(holder, server=("", "s2")[index % 2], **terms).id for index in range(services)]
    return StormClient(holder.email, ids, method)


def _paid_with_saved_account(attempt: Attempt) -> bool:
    return attempt.status is AttemptStatus.CAPTURED and attempt.saved_method_id is not None and not attempt.save_method
