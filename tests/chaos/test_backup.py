"""A copy of the database made while changes are under way: every row is in it, and an application goes on from it.

An upgrade, too, is an application that starts on a database in which changes are under way.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from shutil import copyfile

from flask import Flask

from app import create_app
from deploy.backup import back_up
from deploy.rows import rows_of
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import PaymentChoice
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.provisioning import mark_operational
from kajoom.operations.payments.pay import pay
from kajoom.operations.upkeep.audit import seal_new_acts
from tests import factories
from tests.chaos.actions import catch_up
from tests.chaos.external_state import read_demo_state
from tests.chaos.invariants import violations
from tests.chaos.kill_points import chaos_config
from tests.database import Database, DatabaseFactory, SqliteDatabase
from tests.factories import AT, ON
from tests.worker_runs import drain

SECRET = "a secret for tests"
CHOICE = PaymentChoice("demonstration")


def changes_under_way(app: Flask) -> dict[str, int]:
    """One change that is paid and not provisioned, one that waits for a person, and one that waits for its payment."""
    gateways = app.extensions["kajoom"]
    person = factories.confirm(factories.service(), "c")
    pay(factories.invoice_for(person).id, gateways.payments, CHOICE, AT)
    drain(gateways, AT)
    paid = factories.confirm(factories.service(), "b")
    pay(factories.invoice_for(paid).id, gateways.payments, CHOICE, AT)
    awaiting = factories.confirm(factories.service(), "b")
    issue_renewal(factories.service(next_due_date=ON).id, ON, AT)
    seal_new_acts([SECRET], AT)
    statuses = [person.status, paid.status, awaiting.status]
    assert statuses == [*[OrderStatus.AWAITING_PROVISIONING] * 2, OrderStatus.AWAITING_PAYMENT]
    return {"person": person.id, "paid": paid.id, "awaiting": awaiting.id}


def restore(copy: Path, target: Database) -> None:
    """Restore as docs/operate.md does."""
    if isinstance(target, SqliteDatabase):
        copyfile(copy, target.path)
        return
    address = target.url.replace("postgresql+psycopg://", "postgresql://")
    subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={address}", copy], check=True)


def finish(app: Flask, orders: dict[str, int]) -> None:
    """Pay what is to be paid, do what a person does, and let the worker do the rest."""
    gateways = app.extensions["kajoom"]
    pay(factories.invoice_for(db.session.get_one(Order, orders["awaiting"])).id, gateways.payments, CHOICE, AT)
    mark_operational(db.session.get_one(Order, orders["person"]).reference, "staff@example.com", ON, AT)
    catch_up(gateways, AT)


def test_restored_copy_has_every_row_and_its_changes_go_on(
    app: Flask, catalog_database: Database, create_database: DatabaseFactory, folder: Path, tmp_path: Path
) -> None:
    orders = changes_under_way(app)
    db.session.rollback()
    copy, counted = back_up(catalog_database.url, tmp_path)
    assert counted == rows_of(catalog_database.url)
    assert counted[Order.__tablename__] == 3
    assert copy.with_suffix(".rows").read_text() == "".join(f"{name} {counted[name]}\n" for name in sorted(counted))

    restored = create_database("restored")
    restore(copy, restored)
    assert rows_of(restored.url) == counted
    other = create_app(chaos_config(restored.url, folder))
    with other.app_context():
        assert other.test_client().get("/login").status_code == 200
        verified = other.test_cli_runner().invoke(args=["audit", "verify"])
        assert verified.exit_code == 0, verified.output
        finish(other, orders)
        assert {order.status for order in db.session.query(Order)} == {OrderStatus.COMPLETED}
        plans = sorted(db.session.get_one(Service, order.service_id).plan.code for order in db.session.query(Order))
        assert plans == ["b", "b", "c"]
        assert violations(read_demo_state(folder / "demonstration.sqlite"), AT + timedelta(days=1)) == []
        db.session.remove()
        db.engine.dispose()
