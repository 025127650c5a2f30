"""Commands of `flask staff` that change the ledger print their result, or fail with the reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from click.testing import Result
from flask import Flask

from kajoom import clock
from kajoom.cli.staff import staff
from kajoom.domain.money import Money
from kajoom.domain.payment import PaymentChoice
from kajoom.gateways import Gateways
from kajoom.gateways.ports import Capture
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Payment
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.pay import pay
from tests import factories
from tests.factories import ON
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.operations.ledger_checks import rows

TODAY = "2026-06-16"


class ProviderWithUnknownPayment(FakeProvider):
    """A provider that took money which is not in our ledger."""

    def captures(self, day: date) -> list[Capture]:
        return [Capture("LOST-1", "", "2026-0042", Money(41_72), self.at)] if day == ON else []


@pytest.fixture
def provider(app: Flask) -> FakeProvider:
    factories.catalogue()
    fake = FakeProvider(at=factories.AT)
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer(), {"fake": fake})
    return fake


def run(app: Flask, *arguments: str) -> Result:
    """Run ``flask staff`` with these arguments."""
    db.session.rollback()
    return app.test_cli_runner().invoke(staff, arguments)


def open_invoice(method: str = "interac") -> Invoice:
    return factories.invoice_for(factories.confirm(factories.service(payment_method=method)))  # 43.12


def record_payment(app: Flask, number: str, amount: str, reference: str = "CA1", on: str = TODAY) -> Result:
    return run(app, "received", number, "--amount", amount, "--on", on, "--reference", reference)


@pytest.mark.usefixtures("provider")
def test_received_prints_what_was_paid_what_is_left_and_what_was_too_much(app: Flask) -> None:
    number = open_invoice().number
    assert record_payment(app, number, "40").output == (
        f"40.00 CAD paid on invoice {number}.\n3.12 CAD still to be paid.\n"
    )
    assert "was already recorded" in record_payment(app, number, "40").output
    assert record_payment(app, number, "5.00", "CA2").output == (
        f"3.12 CAD paid on invoice {number}.\n1.88 CAD added to the client's account credit.\n"
    )
    first = db.session.query(Payment).order_by(Payment.id).first()
    assert first is not None
    assert clock.local(first.received_at).isoformat() == "2026-06-16T12:00:00-04:00"


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("amount", "on", "reason"),
    [
        ("41,72", TODAY, "'41,72' is not an amount like 41.72."),
        ("41.72", "2999-01-01", "2999-01-01 is in the future."),
    ],
)
def test_received_fails_with_the_reason(app: Flask, amount: str, on: str, reason: str) -> None:
    result = record_payment(app, open_invoice().number, amount, on=on)
    assert (result.exit_code, reason in result.output) == (1, True)


@pytest.mark.usefixtures("provider")
def test_received_asks_for_the_method_of_a_service_paid_online(app: Flask) -> None:
    result = record_payment(app, open_invoice("paypal").number, "43.12")
    assert (result.exit_code, "--method: one of bank_transfer, card, cheque," in result.output) == (1, True)


@pytest.mark.usefixtures("provider")
def test_received_records_a_payment_of_an_old_subscription_at_paypal(app: Flask) -> None:
    number = open_invoice("paypal").number
    arguments = ("--amount", "43.12", "--on", TODAY, "--reference", "8XY12345AB678901C", "--method", "paypal")
    assert run(app, "received", number, *arguments).output == f"43.12 CAD paid on invoice {number}.\n"
    assert [payment.reference for payment in rows(Payment)] == ["paypal:8XY12345AB678901C"]


@pytest.mark.usefixtures("provider")
def test_received_prints_the_invoice_that_has_the_reference(app: Flask) -> None:
    first, second = open_invoice().number, open_invoice().number
    record_payment(app, first, "43.12")
    result = record_payment(app, second, "43.12")
    assert (result.exit_code, f"CA1 is already recorded: 43.12 for invoice {first}" in result.output) == (1, True)


@pytest.mark.usefixtures("provider")
def test_received_fails_for_an_unknown_invoice(app: Flask) -> None:
    assert "There is no invoice 1999-0001." in record_payment(app, "1999-0001", "1").output


@pytest.mark.usefixtures("provider")
def test_credit_is_granted_and_never_taken_below_zero(app: Flask) -> None:
    email = factories.client().email
    granted = run(app, "credit", email, "--amount", "20.00", "--reason", "Panne")
    assert granted.output == f"{email} now has 20.00 CAD of account credit.\n"
    taken = run(app, "credit", email, "--amount", "-20.01", "--reason", "Erreur")
    assert (taken.exit_code, "has 20.00 of account credit" in taken.output) == (1, True)


def test_refund_sends_back_the_payment_of_a_refused_change(app: Flask, provider: FakeProvider) -> None:
    order = factories.confirm(factories.service())
    invoice = factories.invoice_for(order)
    number, reference = invoice.number, order.reference
    early = run(app, "refund", number)
    assert (early.exit_code, "Nothing is left to refund" in early.output) == (1, True)

    pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), factories.AT)
    mark_refused(reference, "no room", "staff:lea", ON, factories.AT)

    assert run(app, "refund", number).output == "43.12 CAD sent back by fake.\n"
    assert run(app, "refund", number).exit_code == 1


@pytest.mark.usefixtures("provider")
def test_refund_of_an_offline_payment_is_left_to_staff(app: Flask) -> None:
    invoice = open_invoice()
    number, reference = invoice.number, invoice.order.reference  # type: ignore[union-attr]
    record_payment(app, number, "43.12")
    db.session.rollback()
    mark_refused(reference, "no room", "staff:lea", ON, factories.AT)
    result = run(app, "refund", number)
    assert (result.exit_code, "send the money back yourself" in result.output) == (1, True)


def test_reconcile_succeeds_without_differences(app: Flask, provider: FakeProvider) -> None:
    pay(open_invoice().id, {"fake": provider}, PaymentChoice("fake"), factories.AT)
    result = run(app, "reconcile", "--on", TODAY)
    assert (result.exit_code, result.output) == (0, f"{TODAY}: the providers and the ledger agree.\n")


@pytest.mark.usefixtures("provider")
def test_reconcile_prints_differences_and_fails_until_they_are_explained(app: Flask) -> None:
    app.extensions["kajoom"] = Gateways(
        FakePanel(), FakeMailer(), {"fake": ProviderWithUnknownPayment(at=factories.AT)}
    )
    result = run(app, "reconcile", "--on", TODAY)
    assert result.exit_code == 1
    assert result.output == (
        "2026-06-16 fake LOST-1, invoice 2026-0042: the provider took 41.72, the ledger has nothing (CAD)\n"
    )

    assert run(app, "explain", "LOST-1", "--note", "the old site").output == "1 difference explained.\n"

    assert run(app, "reconcile", "--on", TODAY).exit_code == 0
    assert run(app, "explain", "LOST-1", "--note", "again").exit_code == 1


@pytest.mark.usefixtures("provider")
def test_missing_payment_is_recorded_for_its_invoice(app: Flask) -> None:
    app.extensions["kajoom"] = Gateways(
        FakePanel(), FakeMailer(), {"fake": ProviderWithUnknownPayment(at=factories.AT)}
    )
    number = open_invoice().number
    run(app, "reconcile", "--on", TODAY)
    assert "There is no invoice 1999-0001" in run(app, "record", "LOST-1", "--invoice", "1999-0001").output
    assert run(app, "record", "LOST-1", "--invoice", number).output == f"41.72 CAD recorded for invoice {number}.\n"
    assert run(app, "record", "LOST-1", "--invoice", number).exit_code == 1
    assert run(app, "reconcile", "--on", TODAY).exit_code == 0


@pytest.mark.usefixtures("provider")
def test_reconcile_refuses_a_day_to_come(app: Flask) -> None:
    result = run(app, "reconcile", "--on", "2999-01-01")
    assert (result.exit_code, result.output) == (1, "Error: 2999-01-01 is in the future.\n")


@pytest.mark.usefixtures("provider")
def test_reconcile_compares_yesterday_by_default(app: Flask) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    assert run(app, "reconcile").output == f"{yesterday}: the providers and the ledger agree.\n"


@pytest.mark.slow
def paid_invoice(provider: FakeProvider) -> Invoice:
    """The invoice of an upgrade of 37.50 before tax, paid."""
    invoice = open_invoice()
    pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), factories.AT)
    return invoice


def test_credit_note_prints_its_number_and_what_became_credit(app: Flask, provider: FakeProvider) -> None:
    number = paid_invoice(provider).number
    arguments = ("credit-note", number, "--amount", "10.00", "--reason", "Rabais oublié")
    assert run(app, *arguments).output == (
        f"Credit note NC-{clock.today().year}-0001: 10.00 before tax of invoice {number},\n"
        "11.50 CAD with taxes, added to the client's account credit.\n"
    )
    again = run(app, *arguments)
    assert (again.exit_code, "was already issued for this: nothing was added" in again.output) == (0, True)


def test_credit_note_above_what_is_left_fails_with_what_is_left(app: Flask, provider: FakeProvider) -> None:
    number = paid_invoice(provider).number
    result = run(app, "credit-note", number, "--amount", "37.51", "--reason", "x")
    assert (result.exit_code, f"Only 37.50 before tax is left to credit of invoice {number}." in result.output) == (
        1,
        True,
    )


@pytest.mark.usefixtures("provider")
def test_credit_note_of_an_unpaid_invoice_fails(app: Flask) -> None:
    result = run(app, "credit-note", open_invoice().number, "--amount", "1.00", "--reason", "x")
    assert (result.exit_code, "is not paid in full" in result.output) == (1, True)


def order_waiting_for_staff(provider: FakeProvider) -> str:
    order = factories.confirm(factories.service(), "c")
    reference = order.reference
    pay(factories.invoice_for(order).id, {"fake": provider}, PaymentChoice("fake"), factories.AT)
    return reference


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2999-01-01", "2999-01-01 is in the future."),
        ("9999-12-31", "9999-12-31 is in the future."),
        ("2026-06-15", "2026-06-15 is before the change CH-2026-000001 was ordered."),
    ],
)
def test_done_names_a_wrong_day(app: Flask, provider: FakeProvider, day: str, sentence: str) -> None:
    result = run(app, "done", order_waiting_for_staff(provider), "--on", day)
    assert (result.exit_code, sentence in result.output) == (1, True)


def test_done_of_an_unreadable_day_is_wrong_usage(app: Flask, provider: FakeProvider) -> None:
    result = run(app, "done", order_waiting_for_staff(provider), "--on", "yesterday")
    assert (result.exit_code, "yesterday" in result.output) == (2, True)


def test_done_prints_the_credit_note_of_the_days_not_served(app: Flask, provider: FakeProvider) -> None:
    """(350.00 - 150.00) x 15/30 is 100.00, x 5/30 is 33.33."""
    reference = order_waiting_for_staff(provider)
    with time_machine.travel(factories.AT + timedelta(days=10), tick=False):
        result = run(app, "done", reference, "--on", "2026-06-26")
    assert result.output == (
        f"{reference} is operational.\n"
        "Credit note NC-2026-0001: 76.65 CAD of invoice 2026-0001 is now account credit.\n"
    )


def test_refuse_prints_the_credit_note_of_the_invoice(app: Flask, provider: FakeProvider) -> None:
    reference = order_waiting_for_staff(provider)
    with time_machine.travel(factories.AT, tick=False):
        result = run(app, "refuse", reference, "--reason", "Plus de place.")
    assert result.output == (
        f"{reference} is refused.\nCredit note NC-2026-0001: 114.98 CAD of invoice 2026-0001 is now account credit.\n"
    )
