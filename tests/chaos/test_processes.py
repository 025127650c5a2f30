"""Twenty processes that confirm and pay the same change at the same moment make one order and one charge."""

from __future__ import annotations

from datetime import timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from pathlib import Path

from flask import Flask
from passlib.hash import argon2

from app import create_app
from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.payment import Attempt, Payment
from tests import factories
from tests.chaos import actions
from tests.chaos.actions import Story, catch_up
from tests.chaos.driver import config_of
from tests.chaos.environment import world_of
from tests.chaos.invariants import broken
from tests.database import Database
from tests.factories import AT
from tests.operations.ledger_checks import rows

TWENTY = 20


def press(url: str, folder: Path, together: Barrier, story: Story) -> None:
    """One browser's worth: confirm, then pay; being told that another is at it is an answer too."""
    house = create_app(config_of(url, folder))
    with house.app_context():
        together.wait()
        actions.confirm(house.extensions["kajoom"], story, AT)
        try:
            actions.pay(house.extensions["kajoom"], story, AT)
        except BusinessError:
            db.session.rollback()


def test_twenty_processes_at_once_make_one_order_and_one_charge(
    app: Flask, catalog_database: Database, processes: ForkServerContext, folder: Path
) -> None:
    row = factories.service()
    story = Story(row.client_id, row.id, "b", factories.price(row, "b").digest)
    db.session.rollback()
    together = processes.Barrier(TWENTY)
    buyers = [
        processes.Process(target=press, args=(catalog_database.url, folder, together, story)) for _ in range(TWENTY)
    ]

    for each in buyers:
        each.start()
    for each in buyers:
        each.join(60)

    assert [each.exitcode for each in buyers] == [0] * TWENTY
    at = catch_up(app.extensions["kajoom"], AT + timedelta(minutes=3))
    assert [order.status for order in rows(Order)] == [OrderStatus.COMPLETED]
    assert len(rows(Invoice)) == len(rows(Attempt)) == len(rows(Payment)) == 1
    assert broken(world_of(folder / "demonstration.sqlite"), at) == []


def start(url: str, folder: Path) -> None:
    """Start serving, and end with 0 if passwords can be checked before anybody asked for it."""
    create_app(config_of(url, folder))
    raise SystemExit(any(base.__name__ == "_NoBackend" for base in argon2.__mro__))


def test_a_new_process_can_check_two_passwords_at_once(processes: ForkServerContext, tmp_path: Path) -> None:
    """A storm found it: of two first sign-ins in two threads, one found the hash half-loaded."""
    process = processes.Process(target=start, args=(f"sqlite:///{tmp_path / 'kajoom.sqlite'}", tmp_path))
    process.start()
    process.join(30)

    assert process.exitcode == 0
