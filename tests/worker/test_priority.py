"""What a client waits for is handled before what is written to thousands, and every kind of message has its class."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from kajoom.domain.order import OrderStatus
from kajoom.domain.priority import KINDS, Priority
from kajoom.gateways import Gateways
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.worker.consumer import _HANDLERS
from kajoom.worker.email_kinds import EMAILS
from tests import factories
from tests.factories import AT
from tests.fake_gateways import FakeMailer
from tests.operations.renewal_setup import issue_next_renewal
from tests.worker.paid_orders import pay_order
from tests.worker_runs import run_once

pytestmark = pytest.mark.usefixtures("app")

_MANY = 10_000


def queue_many_renewal_emails() -> None:
    """Queue so many e-mails about one renewal, all due an hour ago."""
    invoice = issue_next_renewal(factories.service())
    row = {"kind": "email", "ids": {"email": "renewal_invoice", "invoice": invoice.id}, "run_at": AT}
    early = {**row, "run_at": AT - timedelta(minutes=59)}
    db.session.execute(insert(Message), [{**early, "key": f"renewal_invoice-{number}"} for number in range(_MANY)])
    db.session.commit()


def test_paid_change_is_provisioned_before_queued_renewal_emails(gateways: Gateways, mailer: FakeMailer) -> None:
    queue_many_renewal_emails()
    order = factories.confirm(factories.service())
    pay_order(order, gateways)
    order_id = order.id
    handled = 0
    while not mailer.sent:
        assert run_once(gateways, AT)
        handled += 1
    assert handled <= 3
    db.session.rollback()
    assert db.session.get_one(Order, order_id).status is OrderStatus.COMPLETED
    assert "operational" in str(mailer.sent[0]["Message-ID"])


def test_every_kind_of_message_has_a_class() -> None:
    """A new kind is added to ``domain/priority``: what it costs to let others go first is for people to say."""
    known = frozenset.union(*KINDS.values())
    assert known == {*_HANDLERS, *EMAILS} - {"email"}
    assert set(KINDS[Priority.MONEY_AND_HOSTING]) == set(_HANDLERS) - {"email"}
