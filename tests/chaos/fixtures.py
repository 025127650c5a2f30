"""Whose services a storm passes over, what staff do meanwhile, and what is left of it all afterwards."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_security import hash_password

from kajoom import clock
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import begin_mode, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.chaos.actions import STAFF, catch_up
from tests.chaos.clients import PASSWORD
from tests.chaos.environment import World
from tests.chaos.invariants import broken
from tests.operations.ledger_checks import rows

_METHODS = ("demonstration", "paypal")
_SELLER = {**factories.SELLER, "email": "facturation@example.com"}


class Estate:
    """The tables of a house; each client has a few services, so that each is changed again and again."""

    def __init__(self, house: Flask, holders: int, changes: int) -> None:
        self._app_context = house
        self._doors: Gateways = house.extensions["kajoom"]
        self._services = max(3, changes // holders // 2)
        with self.inside():
            db.create_all()
            forget_catalog()
            factories.catalogue()
            db.session.query(CatalogVersion).one().seller = _SELLER
            password = hash_password(PASSWORD)
            self.holders = [self._holder(number, password) for number in range(holders)]

    def staff(self, dice: random.Random) -> None:
        """One change that waits for a person is done by hand, or declared impossible."""
        with self.inside(), begin_mode(read_only=True):
            waiting = OrderStatus.AWAITING_PROVISIONING
            order = db.session.query(Order).filter_by(status=waiting, needs_person=True).first()
            if order is not None:
                reference, username, package = order.reference, order.service.username, order.to_plan.package
                db.session.rollback()
                today, at = clock.today(), clock.now()
                if dice.random() < 0.5:
                    mark_refused(reference, "storm", STAFF, today, at)
                else:
                    self._set_by_hand(username, package)
                    mark_operational(reference, STAFF, today, at)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """At work in the house; no connection is left open behind."""
        with self._app_context.app_context():
            yield
            db.session.remove()
            db.engine.dispose()

    def settled(self, world: Callable[[], World], approve: Callable[[], None]) -> list[str]:
        """Workers catch up, and clients ``approve`` what they were led to; then what is not as it must be."""
        at = catch_up(self._doors, clock.now() + timedelta(minutes=5), approve)
        return broken(world(), at, _METHODS)

    def figures(self) -> dict[str, int]:
        """How much of everything there is."""
        orders, payments = rows(Order), rows(Payment)
        return {
            "changes": len(orders),
            "completed": sum(order.status is OrderStatus.COMPLETED for order in orders),
            "invoices": len(rows(Invoice)),
            "payments": len(payments),
            "by saved accounts": sum(_is_by_saved(attempt) for attempt in rows(Attempt)),
            "cents": sum(payment.cents for payment in payments),
            "messages": len(rows(Message)),
            "retried": sum(message.attempts > 1 for message in rows(Message)),
        }

    def _holder(self, number: int, password: str) -> tuple[str, list[int], str]:
        method, due = _METHODS[number % len(_METHODS)], clock.today() + timedelta(days=20)
        holder = factories.client(password=password, active=True)
        services = [
            factories.service(holder, next_due_date=due, anchor_day=due.day, payment_method=method).id
            for _ in range(self._services)
        ]
        return holder.email, services, method

    def _set_by_hand(self, username: str, package: str) -> None:
        with closing(
            sqlite3.connect(Path(self._app_context.instance_path) / "demonstration.sqlite", timeout=15)
        ) as panel:
            panel.execute("REPLACE INTO account VALUES (?, ?)", (username, package))
            panel.commit()


def _is_by_saved(attempt: Attempt) -> bool:
    return attempt.status is AttemptStatus.CAPTURED and attempt.saved_method_id is not None and not attempt.save_method
