"""Staff write in the books by commands that say what they did, and fail with the reason when they may not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
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

TODAY = "2026-06-16"


class Careless(FakeProvider):
    """A provider that took money of which nobody here ever heard."""

    def captures(self, day: date) -> list[Capture]:
        return [Capture("LOST-1", "", "2026-0042", Money(41_72), self.at)] if day == ON else []


@pytest.fixture
def till(app: Flask) -> FakeProvider:
    factories.catalogue()
    provider = FakeProvider(at=factories.AT)
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer(), {"null": provider})
    return provider


def said(app: Flask, *words: str) -> Result:
    """What a command answers; the words after ``staff``."""
    db.session.rollback()
    return app.test_cli_runner().invoke(staff, words)


def owed(method: str = "interac") -> Invoice:
    return factories.invoice_for(factories.confirm(factories.service(payment_method=method)))  # 43.12


def record_payment(app: Flask, number: str, amount: str, reference: str = "CA1", on: str = TODAY) -> Result:
    return said(app, "received", number, "--amount", amount, "--on", on, "--reference", reference)


@pytest.mark.usefixtures("till")
def test_received_tells_what_was_paid_what_is_left_and_what_was_too_much(app: Flask) -> None:
    number = owed().number
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


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize(
    ("amount", "on", "reason"),
    [
        ("41,72", TODAY, "'41,72' is not an amount like 41.72."),
        ("41.72", "2999-01-01", "2999-01-01 is yet to come."),
    ],
)
def test_received_fails_with_the_reason(app: Flask, amount: str, on: str, reason: str) -> None:
    answer = record_payment(app, owed().number, amount, on=on)
    assert (answer.exit_code, reason in answer.output) == (1, True)


@pytest.mark.usefixtures("till")
def test_received_asks_for_the_method_it_cannot_guess(app: Flask) -> None:
    answer = record_payment(app, owed("paypal").number, "43.12")
    assert (answer.exit_code, "--method: one of bank_transfer, cheque, interac" in answer.output) == (1, True)


@pytest.mark.usefixtures("till")
def test_received_names_the_invoice_that_has_the_reference(app: Flask) -> None:
    first, second = owed().number, owed().number
    record_payment(app, first, "43.12")
    answer = record_payment(app, second, "43.12")
    assert (answer.exit_code, f"CA1 is already recorded: 43.12 for invoice {first}" in answer.output) == (1, True)


@pytest.mark.usefixtures("till")
def test_received_does_not_know_every_invoice(app: Flask) -> None:
    assert "There is no invoice 1999-0001." in record_payment(app, "1999-0001", "1").output


@pytest.mark.usefixtures("till")
def test_credit_is_granted_and_never_taken_below_nothing(app: Flask) -> None:
    email = factories.client().email
    granted = said(app, "credit", email, "--amount", "20.00", "--reason", "Panne")
    assert granted.output == f"{email} now has 20.00 CAD of account credit.\n"
    taken = said(app, "credit", email, "--amount", "-20.01", "--reason", "Erreur")
    assert (taken.exit_code, "has 20.00 of account credit" in taken.output) == (1, True)


def test_refund_sends_back_what_bought_nothing(app: Flask, till: FakeProvider) -> None:
    order = factories.confirm(factories.service())
    invoice = factories.invoice_for(order)
    number, reference = invoice.number, order.reference
    early = said(app, "refund", number)
    assert (early.exit_code, "Nothing of invoice" in early.output) == (1, True)

    pay(invoice.id, {"null": till}, PaymentChoice("null"), factories.AT)
    mark_refused(reference, "no room", "staff:lea", ON, factories.AT)

    assert said(app, "refund", number).output == "43.12 CAD sent back by null.\n"
    assert said(app, "refund", number).exit_code == 1


@pytest.mark.usefixtures("till")
def test_refund_says_plainly_that_offline_money_goes_back_by_hand(app: Flask) -> None:
    invoice = owed()
    number, reference = invoice.number, invoice.order.reference  # type: ignore[union-attr]
    record_payment(app, number, "43.12")
    db.session.rollback()
    mark_refused(reference, "no room", "staff:lea", ON, factories.AT)
    answer = said(app, "refund", number)
    assert (answer.exit_code, "send the money back yourself" in answer.output) == (1, True)


def test_reconcile_agrees_when_all_agrees(app: Flask, till: FakeProvider) -> None:
    pay(owed().id, {"null": till}, PaymentChoice("null"), factories.AT)
    answer = said(app, "reconcile", "--on", TODAY)
    assert (answer.exit_code, answer.output) == (0, f"{TODAY}: the providers and the books agree.\n")


@pytest.mark.usefixtures("till")
def test_reconcile_prints_differences_and_fails_until_they_are_explained(app: Flask) -> None:
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer(), {"null": Careless(at=factories.AT)})
    answer = said(app, "reconcile", "--on", TODAY)
    assert answer.exit_code == 1
    assert answer.output == (
        "2026-06-16 null LOST-1, invoice 2026-0042: the provider took 41.72, the books say nothing (CAD)\n"
    )

    assert said(app, "explain", "LOST-1", "--note", "the old site").output == "1 difference explained.\n"

    assert said(app, "reconcile", "--on", TODAY).exit_code == 0
    assert said(app, "explain", "LOST-1", "--note", "again").exit_code == 1


@pytest.mark.usefixtures("till")
def test_reconcile_looks_at_yesterday_unless_told_otherwise(app: Flask) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    assert said(app, "reconcile").output == f"{yesterday}: the providers and the books agree.\n"
