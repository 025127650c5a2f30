"""Whoever waits to write goes before the renewals that a long run of billing has still to issue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread, current_thread

import pytest
from flask import Flask
from sqlalchemy import event, text

from kajoom.domain.cycle import BillingCycle
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.operations.daily import issue_renewal_batch
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import rows
from tests.operations.renewal_setup import copy_service
from tests.wait import until
from tests.write_turns import is_turn_taken

pytestmark = pytest.mark.slow

_RENEWALS = 60
_FEW = 20


def test_confirmation_waits_for_few_renewals(app: Flask) -> None:
    """The place of its invoice says how many renewals were committed before it."""
    copy_service(factories.service(), _RENEWALS - 1)
    changed = factories.service(next_due_date=None, cycle=BillingCycle.MONTHLY, recurring_cents=0, plan="base")
    client_id, service_id = changed.client_id, changed.id
    confirmation = Confirmation(factories.price(changed).digest, "key", acknowledged=True)
    choice, billing = Choice("b", BillingCycle.MONTHLY, None), Thread(target=in_context(app, bill))

    def confirm() -> None:
        place_order(client_id, service_id, choice, confirmation, locale="fr", on=ON, at=AT, days_to_pay=7)

    confirming = Thread(target=in_context(app, confirm))
    db.session.remove()
    with first_commit_waits_for_another(app, billing, confirming):
        billing.start()
        billing.join()
        confirming.join()
    invoices = rows(Invoice)
    assert len(invoices) == _RENEWALS + 1
    [before] = [place for place, invoice in enumerate(invoices) if invoice.client_id == client_id]
    assert 0 < before <= _FEW


def bill() -> None:
    issue_renewal_batch(ON, AT, 15)


def in_context(app: Flask, operation: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        with app.app_context():
            operation()

    return run


@contextmanager
def first_commit_waits_for_another(app: Flask, long: Thread, other: Thread) -> Iterator[None]:
    """Before the first commit of the thread ``long``, start ``other`` and go on once that waits for ``long``."""
    is_started = Event()

    def wait(_session: object) -> None:
        if current_thread() is long and not is_started.is_set():
            is_started.set()
            other.start()
            until(is_somebody_waiting, "nobody waits")

    event.listen(db.session, "before_commit", wait)
    try:
        yield
    finally:
        event.remove(db.session, "before_commit", wait)


def is_somebody_waiting() -> bool:
    """Whether a transaction waits for another one."""
    if db.engine.dialect.name == "sqlite":
        return is_turn_taken(str(Path(db.engine.url.database or "").parent))
    with db.engine.connect() as connection:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(connection.scalar(waiting))
