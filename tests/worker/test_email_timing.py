"""When the e-mails about a change are sent, and which are dropped because a later one makes them untrue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.gateways.ports import ProviderResult
from kajoom.models.db import db
from kajoom.models.health import queue_health
from kajoom.models.order import Order
from kajoom.models.outbox import Message, message_by_key
from tests import factories
from tests.factories import AT
from tests.fake_gateways import FakeMailer, FakeProvider
from tests.operations.renewal_setup import issue_next_renewal, pay_in_full, record_transfer
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")

TEN_MINUTES = timedelta(minutes=10)
TWO_MINUTES = timedelta(minutes=2)
A_DAY = timedelta(days=1)


def kinds(mailer: FakeMailer) -> list[str]:
    """The kinds of the e-mails sent, read from the start of their Message-ID."""
    return [str(email["Message-ID"]).strip("<").split("-CH-")[0].split("-2026-")[0] for email in mailer.sent]


def text_of_last(mailer: FakeMailer) -> str:
    body = mailer.sent[-1].get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_client_who_pays_at_once_gets_one_email(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service(), method="paypal")
    invoice = pay_order(order, gateways)
    for later in (timedelta(), TWO_MINUTES, TEN_MINUTES, A_DAY):
        drain(gateways, AT + later)

    assert kinds(mailer) == ["operational"]
    assert invoice.number in text_of_last(mailer)
    assert "Nous avons reçu votre paiement" in text_of_last(mailer)


def test_client_who_has_not_paid_gets_the_email_ten_minutes_later(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service(), method="paypal")

    drain(gateways, AT + TEN_MINUTES - timedelta(seconds=1))
    assert kinds(mailer) == []
    drain(gateways, AT + TEN_MINUTES)
    assert kinds(mailer) == ["change-requested"]


@pytest.mark.parametrize("method", ["cheque", "interac", ""])
def test_change_to_be_paid_offline_is_emailed_at_once(gateways: Gateways, mailer: FakeMailer, method: str) -> None:
    factories.confirm(factories.service(), method=method)
    drain(gateways, AT)

    assert kinds(mailer) == ["change-requested"]


def test_request_paid_before_a_late_worker_reads_it_is_dropped(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service())
    pay_order(order, gateways)
    drain(gateways, AT + A_DAY)

    assert "change-requested" not in kinds(mailer)
    message = message_by_key(f"change_requested-{order.reference}")
    assert message is not None
    assert message.done_at is not None


def test_payment_is_confirmed_after_two_minutes_while_the_panel_works(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service(), method="paypal")
    invoice = pay_order(order, gateways)
    message = message_by_key(f"provision-{order.reference}")
    assert message is not None
    message.run_at = AT + A_DAY  # the panel is slow
    db.session.commit()

    drain(gateways, AT + TWO_MINUTES - timedelta(seconds=1))
    assert kinds(mailer) == []
    drain(gateways, AT + TWO_MINUTES)
    assert len(mailer.sent) == 1
    assert message_by_key(f"payment_received-{invoice.number}").done_at is not None  # type: ignore[union-attr]


def test_person_on_it_is_sent_at_once_and_says_what_was_paid(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service(), "c", method="paypal")
    assert order.status is OrderStatus.AWAITING_PAYMENT
    invoice = pay_order(order, gateways)
    drain(gateways, AT)

    to_client = [kind for kind in kinds(mailer) if not kind.startswith("staff")]
    assert to_client == ["person-on-it"]
    email = next(email for email in mailer.sent if str(email["Message-ID"]).startswith("<person"))
    assert invoice.number in str(email.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    drain(gateways, AT + A_DAY)
    assert "payment-received" not in "".join(kinds(mailer))


def test_change_with_nothing_due_begins_with_its_outcome(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service(recurring_cents=35_000), "b")
    drain(gateways, AT)
    drain(gateways, AT + A_DAY)

    assert "change-requested" not in kinds(mailer)


def test_email_held_back_is_not_late(gateways: Gateways) -> None:
    order: Order = factories.confirm(factories.service(), method="paypal")
    held_back = message_by_key(f"change_requested-{order.reference}")
    assert held_back is not None

    assert queue_health(AT + TEN_MINUTES + timedelta(minutes=9)).late == []
    assert queue_health(AT + 2 * TEN_MINUTES).late == [held_back.id]


@pytest.mark.parametrize(
    ("takes_money", "expected"), [(True, ["operational"]), (False, ["change-requested"])], ids=["taken", "not taken"]
)
def test_client_is_not_asked_to_pay_what_may_be_paid_already(
    gateways: Gateways, provider: FakeProvider, mailer: FakeMailer, takes_money: bool, expected: list[str]
) -> None:
    provider.takes_money = takes_money
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    order = factories.confirm(factories.service(), method="paypal")
    pay_order(order, gateways)
    settle = db.session.query(Message).filter(Message.kind == "settle").one()
    settle.run_at = AT + A_DAY  # the provider cannot be asked before
    db.session.commit()

    drain(gateways, AT + TEN_MINUTES)
    assert kinds(mailer) == []
    message = message_by_key(f"change_requested-{order.reference}")
    assert message is not None
    assert message.failing_since is None  # it waits, and does not fail

    for later in (A_DAY, A_DAY + TEN_MINUTES, 2 * A_DAY):
        drain(gateways, AT + later)
    assert kinds(mailer) == expected


def test_client_who_left_the_page_of_the_provider_is_asked_to_pay(
    gateways: Gateways, provider: FakeProvider, mailer: FakeMailer
) -> None:
    provider.results.append(
        ProviderResult(AttemptStatus.PENDING, "ref", approve_url="https://provider.example/approve")
    )
    pay_order(factories.confirm(factories.service(), method="paypal"), gateways)
    drain(gateways, AT + TEN_MINUTES)
    assert kinds(mailer) == ["change-requested"]


@pytest.mark.parametrize("kind", ["renewal_invoice", "payment_partial"])
def test_paid_renewal_is_not_asked_for_by_a_late_worker(gateways: Gateways, mailer: FakeMailer, kind: str) -> None:
    invoice = issue_next_renewal(factories.service())
    if kind == "payment_partial":
        record_transfer(invoice.id, 246, "part")
    pay_in_full(invoice)
    drain(gateways, AT + A_DAY)
    assert [str(email["Message-ID"])[:18] for email in mailer.sent] == ["<payment-received-"]
