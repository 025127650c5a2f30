"""Twenty processes that confirm and pay one change at the same moment place one order and charge once."""

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
from tests.chaos.actions import Scenario, catch_up
from tests.chaos.external_state import read_demo_state
from tests.chaos.invariants import violations
from tests.chaos.kill_points import chaos_config
from tests.database import Database
from tests.factories import AT
from tests.operations.ledger_checks import rows

PROCESSES = 20


def confirm_and_pay(url: str, folder: Path, barrier: Barrier, scenario: Scenario) -> None:
    """Confirm, then pay; that the payment is already in progress is a valid answer."""
    app = create_app(chaos_config(url, folder))
    with app.app_context():
        barrier.wait()
        actions.confirm(app.extensions["kajoom"], scenario, AT)
        try:
            actions.pay(app.extensions["kajoom"], scenario, AT)
        except BusinessError:
            db.session.rollback()


def test_twenty_processes_at_once_place_one_order_and_charge_once(
    app: Flask, catalog_database: Database, processes: ForkServerContext, folder: Path
) -> None:
    row = factories.service()
    scenario = Scenario(row.client_id, row.id, "b", factories.price(row, "b").digest)
    db.session.rollback()
    barrier = processes.Barrier(PROCESSES)
    clients = [
        processes.Process(target=confirm_and_pay, args=(catalog_database.url, folder, barrier, scenario))
        for _ in range(PROCESSES)
    ]

    for each in clients:
        each.start()
    for each in clients:
        each.join(60)

    assert [each.exitcode for each in clients] == [0] * PROCESSES
    at = catch_up(app.extensions["kajoom"], AT + timedelta(minutes=3))
    assert [order.status for order in rows(Order)] == [OrderStatus.COMPLETED]
    assert len(rows(Invoice)) == len(rows(Attempt)) == len(rows(Payment)) == 1
    assert violations(read_demo_state(folder / "demonstration.sqlite"), at) == []


def check_hash_backend(url: str, folder: Path) -> None:
    """Exit with 0 if argon2 is loaded once the application is created, before any password is checked."""
    create_app(chaos_config(url, folder))
    raise SystemExit(any(base.__name__ == "_NoBackend" for base in argon2.__mro__))


def test_new_process_can_check_two_passwords_at_once(processes: ForkServerContext, tmp_path: Path) -> None:
    """Of two first sign-ins in two threads, one failed when passlib loaded argon2 on first use."""
    process = processes.Process(target=check_hash_backend, args=(f"sqlite:///{tmp_path / 'kajoom.sqlite'}", tmp_path))
    process.start()
    process.join(30)

    assert process.exitcode == 0
