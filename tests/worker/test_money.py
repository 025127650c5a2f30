"""Payments in the worker: refunds are settled, days are reconciled, and e-mails have payment instructions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refund import RefundStatus
from kajoom.gateways import Gateways
from kajoom.gateways.ports import ProviderResult
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.outbox import message_by_key
from kajoom.models.reconciliation import open_differences
from kajoom.models.refund import refunds_of
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.daily import enqueue_day
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.refunds import refund_invoice
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.factories import AT, ON
from tests.fake_gateways import FakeMailer, FakeProvider
from tests.worker.email_parts import parse, text_of
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
LATER = AT + timedelta(minutes=2)
INTERAC = {"label": {}, "instructions": {"fr": "À paiements@example.com.", "en": "To payments@example.com."}}


def set_offline_methods(**methods: dict[str, dict[str, str]]) -> None:
    """Replace the offline payment methods of the catalogue."""
    db.session.query(CatalogVersion).one().offline = methods
    factories.reload_catalogue()
    forget_catalog()


def test_refund_with_a_lost_result_is_settled_and_notified(
    gateways: Gateways, provider: FakeProvider, mailer: FakeMailer
) -> None:
    order = factories.confirm(factories.service())
    invoice = pay_order(order, gateways)
    mark_refused(order.reference, "no room", "staff:lea", ON, AT)
    provider.results.append(ProviderResult(AttemptStatus.UNKNOWN))
    refund_invoice(invoice.number, gateways.payments, "staff:lea", AT)

    drain(gateways, LATER)

    (refund,) = refunds_of(invoice.id)
    assert refund.status is RefundStatus.DONE
    assert any("remboursement de" in email["Subject"] for email in map(parse, mailer.sent))


@pytest.mark.parametrize(
    ("locale", "amount", "expected"),
    [
        ("fr", "20.00", "Nous avons ajouté 20,00 $ à votre crédit au compte"),
        ("en", "-5.00", "We took $5.00 from your account credit"),
    ],
)
def test_client_is_told_of_credit_given_or_taken_back_with_the_balance_then(
    gateways: Gateways, mailer: FakeMailer, locale: str, amount: str, expected: str
) -> None:
    client = factories.client(locale=locale)
    client.active = False  # an access that is deactivated ends no e-mail about money
    factories.credit(client, 1_000)
    db.session.commit()
    balance = grant_credit(client.email, amount, "Outage of June 3", AT)
    grant_credit(client.email, "100.00", "Later", LATER)

    drain(gateways, LATER)

    [first, _] = sorted(map(parse, mailer.sent), key=lambda email: "100" in email["Subject"])
    assert first["Subject"].replace("\u00a0", " ") == expected
    assert "Outage of June 3" in text_of(first)
    assert str(balance).replace(".", "," if locale == "fr" else ".") in text_of(first)


def test_daily_run_reconciles_the_day_before(gateways: Gateways, provider: FakeProvider) -> None:
    provider.at = AT
    pay_order(factories.confirm(factories.service()), gateways)
    charge, result = provider.ledger.popitem()[1]
    provider.ledger["another"] = charge, ProviderResult(result.status, reference="another")

    enqueue_day(ON + timedelta(days=1), AT + timedelta(days=1))
    drain(gateways, AT + timedelta(days=1))

    assert {each.kind for each in open_differences()} == {"not_in_ledger", "not_at_provider"}
    message = message_by_key("reconcile-2026-06-17")
    assert message is not None
    assert message.done_at is not None


def test_email_has_offline_instructions_with_amount_and_reference(gateways: Gateways, mailer: FakeMailer) -> None:
    set_offline_methods(interac=INTERAC)
    number = factories.invoice_for(factories.confirm(factories.service(payment_method="interac"))).number

    drain(gateways, AT)

    text = text_of(parse(mailer.sent[0]))
    for expected in ("Virement Interac", "À paiements@example.com.", "43,12\xa0$ CAD", f"Référence\xa0: {number}"):
        assert expected in text


def test_email_to_a_client_who_pays_online_has_no_offline_instructions(gateways: Gateways, mailer: FakeMailer) -> None:
    set_offline_methods(interac=INTERAC)
    factories.confirm(factories.service())
    drain(gateways, AT)
    assert "paiements@example.com" not in text_of(parse(mailer.sent[0]))


def test_email_lists_every_offline_method_without_a_provider(mailer: FakeMailer, gateways: Gateways) -> None:
    set_offline_methods(
        transfer={"label": {"fr": "Télévirement", "en": "Wire"}, "instructions": {"fr": "Au compte 1.", "en": "To 1."}}
    )
    factories.confirm(factories.service())
    gateways.payments.clear()  # type: ignore[attr-defined]
    drain(gateways, AT)
    assert "Comment payer\xa0: Télévirement" in text_of(parse(mailer.sent[0]))
