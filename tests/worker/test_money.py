"""What the worker does of money: refunds are settled, days are reconciled, and letters say how to pay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.domain.refund import RefundStatus
from kajoom.gateways import Gateways
from kajoom.gateways.ports import ProviderResult
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.outbox import message_by_key
from kajoom.models.reconciliation import open_differences
from kajoom.models.refund import refunds_of
from kajoom.operations.daily import enqueue_day
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.pay import pay
from kajoom.operations.payments.refunds import refund_invoice
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.factories import AT, ON
from tests.fake_gateways import FakeMailer, FakeProvider
from tests.worker.test_emails import opened, text_of
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
LATER = AT + timedelta(minutes=2)


def offered(**methods: dict[str, dict[str, str]]) -> None:
    """The host's offline methods."""
    db.session.query(CatalogVersion).one().offline = methods
    factories.reload_catalogue()
    forget_catalog()


def test_a_refund_whose_answer_was_lost_is_settled_and_told(
    doors: Gateways, provider: FakeProvider, mailer: FakeMailer
) -> None:
    order = factories.confirm(factories.service())
    invoice = factories.invoice_for(order)
    pay(invoice.id, doors.payments, PaymentChoice("null"), AT)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    refund_invoice(invoice.number, doors.payments, "staff:lea", AT)

    drain(doors, LATER)

    (refund,) = refunds_of(invoice.id)
    assert refund.status is RefundStatus.DONE
    assert any(email["Subject"].startswith("Votre paiement vous a été remboursé") for email in map(opened, mailer.sent))


def test_each_day_the_day_before_is_reconciled(doors: Gateways, provider: FakeProvider) -> None:
    invoice = factories.invoice_for(factories.confirm(factories.service()))
    provider.at = AT
    pay(invoice.id, doors.payments, PaymentChoice("null"), AT)
    charge, result = provider.ledger.popitem()[1]
    provider.ledger["another"] = charge, ProviderResult(result.status, reference="another")

    enqueue_day(ON + timedelta(days=1), AT + timedelta(days=1))
    drain(doors, AT + timedelta(days=1))

    assert {each.kind for each in open_differences()} == {"not_in_ledger", "not_at_provider"}
    message = message_by_key("reconcile-2026-06-17")
    assert message is not None
    assert message.done_at is not None


def test_the_letter_says_how_to_pay_offline_with_amount_and_reference(doors: Gateways, mailer: FakeMailer) -> None:
    offered(interac={"label": {}, "instructions": {"fr": "À paiements@example.com.", "en": "To payments@example.com."}})
    number = factories.invoice_for(factories.confirm(factories.service(payment_method="interac"))).number

    drain(doors, AT)

    text = text_of(opened(mailer.sent[0]))
    for said in ("Virement Interac", "À paiements@example.com.", "43,12\xa0$ CAD", f"Référence\xa0: {number}"):
        assert said in text


def test_the_letter_of_a_client_who_pays_online_says_nothing_of_it(doors: Gateways, mailer: FakeMailer) -> None:
    offered(interac={"label": {}, "instructions": {"fr": "À paiements@example.com.", "en": "To payments@example.com."}})
    factories.confirm(factories.service())
    drain(doors, AT)
    assert "paiements@example.com" not in text_of(opened(mailer.sent[0]))


def test_where_no_provider_is_offered_the_letter_tells_every_way(mailer: FakeMailer, doors: Gateways) -> None:
    offered(wire={"label": {"fr": "Télévirement", "en": "Wire"}, "instructions": {"fr": "Au compte 1.", "en": "To 1."}})
    factories.confirm(factories.service())
    doors.payments.clear()  # type: ignore[attr-defined]
    drain(doors, AT)
    assert "Comment payer\xa0: Télévirement" in text_of(opened(mailer.sent[0]))
