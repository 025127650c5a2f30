"""Renewals in the worker: the daily run bills, sends e-mails with the invoice's amounts, and starts paid changes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask import Flask

from kajoom.cli.bill import bill
from kajoom.domain.order import OrderStatus
from kajoom.gateways import Gateways
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.operations import outbox
from kajoom.operations.daily import BATCH, enqueue_day
from kajoom.operations.orders.provisioning import mark_refused
from tests import factories
from tests.fake_gateways import FakeMailer
from tests.operations.ledger_checks import rows
from tests.operations.renewal_setup import (
    copy_service,
    issue_next_renewal,
    pay_in_full,
    record_transfer,
    scheduled_change,
)
from tests.worker.email_parts import dollars, french_amounts, parse, text_of
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)


def run_day(gateways: Gateways, on: date) -> datetime:
    """Queue and handle the daily run of ``on`` at eleven in the morning; that instant."""
    at = factories.AT + (on - factories.ON)
    enqueue_day(on, at)
    drain(gateways, at)
    db.session.rollback()
    return at


def last_email(mailer: FakeMailer) -> EmailMessage:
    return parse(mailer.sent[-1])


def amounts(text: str) -> set[str]:
    """The amounts written in French or English."""
    return french_amounts(text) | set(re.findall(r"\$(\d+\.\d\d)", text))


def test_change_paid_on_its_day_is_provisioned_at_once(gateways: Gateways, mailer: FakeMailer) -> None:
    row = factories.service()
    order = factories.confirm(row, "base")
    run_day(gateways, factories.DUE - 14 * DAY)
    [invoice] = rows(Invoice)
    at = run_day(gateways, factories.DUE)
    assert order.status is OrderStatus.SCHEDULED

    pay_in_full(invoice)
    drain(gateways, at)

    db.session.rollback()
    assert (order.status, row.plan.code) == (OrderStatus.COMPLETED, "base")
    assert row.next_due_date == date(2026, 8, 1)
    subjects = [str(email["Subject"]) for email in mailer.sent[-2:]]
    assert any(each.endswith("votre forfait est passé du Forfait A au Forfait BASE") for each in subjects)


def test_change_paid_early_waits_for_its_day(gateways: Gateways) -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    run_day(gateways, factories.DUE - DAY)
    status_before = order.status
    run_day(gateways, factories.DUE)
    assert (status_before, order.status) == (OrderStatus.SCHEDULED, OrderStatus.COMPLETED)


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("credit", [0, 1_000, 50_000])
def test_renewal_email_has_the_amounts_of_its_invoice(
    gateways: Gateways, mailer: FakeMailer, locale: str, credit: int
) -> None:
    row = factories.service(factories.client(locale=locale))
    factories.credit(row.client, credit)
    invoice = issue_next_renewal(row)
    drain(gateways, factories.AT)

    email = last_email(mailer)
    text = text_of(email)
    expected = [invoice.subtotal_cents, invoice.total_cents, *(tax["cents"] for tax in invoice.taxes)]
    if credit:
        left = invoice.total_cents - invoice.credit_cents
        expected += [invoice.credit_cents, *([left] if left else [])]
    assert amounts(text) == {dollars(cents) for cents in expected}
    assert invoice.number in text
    assert email["Content-Language"] == f"{locale}-CA"


def test_renewal_email_names_the_new_plan_and_the_replaced_invoice(gateways: Gateways, mailer: FakeMailer) -> None:
    order, _ = scheduled_change()
    drain(gateways, factories.AT)
    assert "du Forfait A au Forfait BASE" in text_of(last_email(mailer))
    order.service.usage = {"disk_mb": 99_999}
    db.session.commit()

    run_day(gateways, factories.DUE)

    texts = {str(email["Subject"]): text_of(parse(email)) for email in mailer.sent}
    [replaced] = [text for subject, text in texts.items() if "2026-0002" in subject]
    assert "Elle remplace la facture 2026-0001" in replaced
    assert "Forfait BASE" not in replaced


def test_reminder_and_overdue_emails_have_the_balance(gateways: Gateways, mailer: FakeMailer) -> None:
    invoice = issue_next_renewal(factories.service(factories.client(locale="en")))
    record_transfer(invoice.id, 246, "part")
    run_day(gateways, factories.DUE - 3 * DAY)
    assert "$170.00" in text_of(last_email(mailer))
    run_day(gateways, factories.DUE + DAY)
    assert str(last_email(mailer)["Subject"]).endswith(": invoice 2026-0001 is overdue")
    assert "$170.00" in text_of(last_email(mailer))


def test_reminder_of_a_change_has_its_last_day_to_pay(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    run_day(gateways, factories.ON + 5 * DAY)
    text = text_of(last_email(mailer))
    assert "23\N{NO-BREAK SPACE}juin 2026" in text
    assert "43.12" in french_amounts(text)


def test_reminder_is_not_sent_after_the_payment(gateways: Gateways, mailer: FakeMailer) -> None:
    invoice = issue_next_renewal(factories.service())
    drain(gateways, factories.AT)
    outbox.enqueue("email", "reminder-x", factories.AT, email="reminder", invoice=invoice.id)
    db.session.commit()
    pay_in_full(invoice)
    sent_before = len(mailer.sent)

    drain(gateways, factories.AT)

    assert [str(email["Message-ID"])[:18] for email in mailer.sent[sent_before:]] == ["<payment-received-"]


def test_payment_email_of_a_renewal_has_the_next_due_date(gateways: Gateways, mailer: FakeMailer) -> None:
    _, invoice = scheduled_change()
    pay_in_full(invoice)
    drain(gateways, factories.AT)
    text = text_of(next(email for email in map(parse, mailer.sent) if "paiement reçu" in email["Subject"]))
    assert "1er\N{NO-BREAK SPACE}août 2026" in text
    assert "109.23" in french_amounts(text)


def test_each_excess_payment_is_notified_to_client_and_staff_with_its_amount(
    gateways: Gateways, mailer: FakeMailer
) -> None:
    invoice = issue_next_renewal(factories.service())
    pay_in_full(invoice)
    drain(gateways, factories.AT)
    record_transfer(invoice.id, 1_111, "one")
    record_transfer(invoice.id, 2_222, "two")
    drain(gateways, factories.AT)

    received = [(str(email["To"]), french_amounts(text_of(email))) for email in map(parse, mailer.sent[-4:])]

    addresses = (str(mailer.sent[0]["To"]), "facturation@example.com")
    notified = {(to, "11.11" in found, "22.22" in found) for to, found in received}
    assert notified == {(to, is_first, not is_first) for to in addresses for is_first in (True, False)}


def test_staff_are_notified_of_a_change_that_needs_review(gateways: Gateways, mailer: FakeMailer) -> None:
    order, _ = scheduled_change()
    order.service.usage = {"disk_mb": 99_999}
    db.session.commit()
    run_day(gateways, factories.DUE)
    [notice] = [email for email in map(parse, mailer.sent) if "changement à effectuer" in email["Subject"]]
    assert notice["To"] == "facturation@example.com"
    assert "plus que le nouveau forfait ne permet" in text_of(notice)
    mark_refused(order.reference, "no", "anne", factories.DUE, factories.AT)


@pytest.mark.slow
def test_renewals_are_billed_in_consecutive_batches(gateways: Gateways, mailer: FakeMailer) -> None:
    copy_service(factories.service(status="suspended"), BATCH)

    run_day(gateways, factories.DUE)

    assert len(rows(Invoice)) == len(mailer.sent) == BATCH + 1
    batches = [message for message in rows(Message) if message.kind == "renewals"]
    assert [batch.ids.get("due") for batch in batches] == [None, "2026-07-01"]


def test_items_that_always_fail_become_dead_letters_alone(gateways: Gateways, mailer: FakeMailer) -> None:
    bad, _ = factories.service(next_due_date=date(9999, 12, 1)), factories.service(next_due_date=date(9999, 12, 1))
    on = date(9999, 12, 1)
    enqueue_day(on, factories.AT)
    at = factories.AT
    bad.anchor_day = 1
    db.session.commit()
    while drain(gateways, at):
        at += timedelta(hours=7)
    items = [message for message in rows(Message) if message.kind == "item"]
    assert len(items) == 2
    assert all(message.dead_at and "OverflowError" in message.last_error for message in items)
    assert next(message for message in rows(Message) if message.kind == "day").done_at


def test_bill_command_bills_the_given_days_ahead(app: Flask) -> None:
    app.config["RENEWAL_DAYS"] = 14
    factories.service()
    invoke = app.test_cli_runner().invoke

    def invoices_after(*arguments: str) -> int:
        with time_machine.travel(factories.AT, tick=False):
            result = invoke(bill, arguments)
        assert result.exit_code == 0, result.output
        return len(rows(Invoice))

    assert invoices_after() == 0
    assert invoices_after("--on", "2026-06-16") == 0
    assert invoices_after("--on", "2020-01-01") == 0
    assert invoices_after("--on", "2026-06-16", "--days", "15") == 1
    assert invoices_after("--on", "2026-06-30") == 1
    assert [invoke(bill, ["--on", day]).exit_code for day in ("2026-02-30", "0001-01-01", "9999-12-31")] == [2, 2, 2]
