"""The clients and services of a storm, what staff do during it, and the checks after it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from flask_security import hash_password

from kajoom import clock
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.models.db import begin_mode, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from tests.chaos.actions import STAFF, catch_up
from tests.chaos.external_state import ExternalState
from tests.chaos.invariants import violations
from tests.chaos.reviewed_change import create_catalogue
from tests.conftest import PASSWORD
from tests.factories import client, service
from tests.operations.ledger_checks import rows

_METHODS = ("demonstration", "paypal")
_DAYS_TO_DUE_DATE = 20


class StormClient(NamedTuple):
    """A client, their services by id, and the provider they pay with."""

    email: str
    services: list[int]
    method: str


class StormData:
    """The database of a storm. Each client has few services, so that each service changes again and again."""

    def __init__(self, app: Flask, clients: int, changes: int) -> None:
        self._app = app
        self._gateways: Gateways = app.extensions["kajoom"]
        services = max(3, changes // clients // 2)
        with self.app_context():
            db.create_all()
            create_catalogue()
            password = hash_password(PASSWORD)
            self.clients = [_create_client(number, password, services) for number in range(clients)]

    def act_as_staff(self, chance: random.Random) -> None:
        """Carry out one change that waits for a person, or refuse it."""
        with self.app_context(), begin_mode(read_only=True):
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

    @contextmanager
    def app_context(self) -> Iterator[None]:
        """The application's context; its connections are closed at the end."""
        with self._app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()

    def settle(self, state: Callable[[], ExternalState], approve: Callable[[], None]) -> list[str]:
        """Let workers finish while clients ``approve`` their payments; return the rules that are then violated."""
        at = catch_up(self._gateways, clock.now() + timedelta(minutes=5), approve)
        return violations(state(), at, _METHODS)

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
            "messages": len(rows(Message)),
            "retried": sum(message.attempts > 1 for message in rows(Message)),
        }

    def _set_package(self, username: str, package: str) -> None:
        panel = Path(self._app.instance_path) / "demonstration.sqlite"
        with closing(sqlite3.connect(panel, timeout=15)) as file:
            file.execute("REPLACE INTO account VALUES (?, ?)", (username, package))
            file.commit()


def _create_client(number: int, password: str, services: int) -> StormClient:
    method, due = _METHODS[number % len(_METHODS)], clock.today() + timedelta(days=_DAYS_TO_DUE_DATE)
    holder = client(password=password, active=True)
    ids = [service(holder, next_due_date=due, anchor_day=due.day, payment_method=method).id for _ in range(services)]
    return StormClient(holder.email, ids, method)


def _paid_with_saved_account(attempt: Attempt) -> bool:
    return attempt.status is AttemptStatus.CAPTURED and attempt.saved_method_id is not None and not attempt.save_method
