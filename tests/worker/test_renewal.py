"""The worker bills a day, writes of it with the invoice's own figures, and starts what is paid; so may an operator."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask import Flask

from kajoom.cli.bill import bill
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.gateways import Gateways
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.operations import outbox
from kajoom.operations.daily import BATCH, enqueue_day
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments.receipts import record_payment
from kajoom.operations.transaction import transactional
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
from tests.worker.test_emails import numbers_in, opened, text_of
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)


def worked(doors: Gateways, on: date) -> datetime:
    """The day ``on``, announced and worked off at eleven in the morning."""
    at = factories.AT + (on - factories.ON)
    enqueue_day(on, at)
    drain(doors, at)
    db.session.rollback()
    return at


def last_letter(mailer: FakeMailer) -> EmailMessage:
    return opened(mailer.sent[-1])


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def amounts(text: str) -> set[str]:
    return numbers_in(text) | set(re.findall(r"\$(\d+\.\d\d)", text))


def test_change_is_billed_ahead_paid_on_its_day_and_made_at_once(doors: Gateways, mailer: FakeMailer) -> None:
    row = factories.service()
    order = factories.confirm(row, "base")
    worked(doors, factories.DUE - 14 * DAY)
    [invoice] = rows(Invoice)
    at = worked(doors, factories.DUE)
    assert order.status is OrderStatus.SCHEDULED

    pay_in_full(invoice)
    drain(doors, at)

    db.session.rollback()
    assert (order.status, row.plan.code) == (OrderStatus.COMPLETED, "base")
    assert row.next_due_date == date(2026, 8, 1)
    assert last_letter(mailer)["Subject"] == "Votre forfait est pleinement opérationnel\N{NO-BREAK SPACE}: Forfait BASE"


def test_change_paid_ahead_waits_for_its_day(doors: Gateways) -> None:
    order, invoice = scheduled_change()
    pay_in_full(invoice)
    worked(doors, factories.DUE - DAY)
    status_before = order.status
    worked(doors, factories.DUE)
    assert (status_before, order.status) == (OrderStatus.SCHEDULED, OrderStatus.COMPLETED)


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("credit", [0, 1_000, 50_000])
def test_letter_of_a_renewal_has_its_invoices_figures(
    doors: Gateways, mailer: FakeMailer, locale: str, credit: int
) -> None:
    row = factories.service(factories.client(locale=locale))
    factories.credit(row.client, credit)
    invoice = issue_next_renewal(row)
    drain(doors, factories.AT)

    email = last_letter(mailer)
    text = text_of(email)
    said = [invoice.subtotal_cents, invoice.total_cents, *(tax["cents"] for tax in invoice.taxes)]
    if credit:
        said += [invoice.credit_cents, invoice.total_cents - invoice.credit_cents]
    assert amounts(text) == {dollars(cents) for cents in said}
    assert invoice.number in text
    assert email["Content-Language"] == f"{locale}-CA"


def test_letter_of_a_renewal_names_the_new_plan_and_the_invoice_it_replaces(
    doors: Gateways, mailer: FakeMailer
) -> None:
    order, _ = scheduled_change()
    drain(doors, factories.AT)
    assert "Forfait A → Forfait BASE" in text_of(last_letter(mailer))
    order.service.usage = {"disk_mb": 99_999}
    db.session.commit()

    worked(doors, factories.DUE)

    told = {str(email["Subject"]): text_of(opened(email)) for email in mailer.sent}
    [replaced] = [text for subject, text in told.items() if "2026-0002" in subject]
    assert "Elle remplace la facture 2026-0001" in replaced
    assert "Forfait BASE" not in replaced


def test_reminders_have_the_balance_of_what_they_remind_of(doors: Gateways, mailer: FakeMailer) -> None:
    invoice = issue_next_renewal(factories.service(factories.client(locale="en")))
    record_transfer(invoice.id, 246, "part")
    worked(doors, factories.DUE - 3 * DAY)
    assert "$170.00" in text_of(last_letter(mailer))
    worked(doors, factories.DUE + DAY)
    assert last_letter(mailer)["Subject"] == "Invoice 2026-0001 is overdue"
    assert "$170.00" in text_of(last_letter(mailer))


def test_reminder_of_a_change_says_until_when_it_may_be_paid(doors: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service())
    worked(doors, factories.ON + 5 * DAY)
    text = text_of(last_letter(mailer))
    assert "23\N{NO-BREAK SPACE}juin 2026" in text
    assert "43.12" in numbers_in(text)


def test_reminder_that_comes_after_the_payment_is_not_sent(doors: Gateways, mailer: FakeMailer) -> None:
    invoice = issue_next_renewal(factories.service())
    drain(doors, factories.AT)
    outbox.enqueue("email", "reminder-x", factories.AT, email="reminder", invoice=invoice.id)
    db.session.commit()
    pay_in_full(invoice)
    sent = len(mailer.sent)

    drain(doors, factories.AT)

    assert [str(email["Message-ID"])[:18] for email in mailer.sent[sent:]] == ["<payment-received-"]


def test_payment_of_a_renewal_says_the_next_due_date(doors: Gateways, mailer: FakeMailer) -> None:
    _, invoice = scheduled_change()
    pay_in_full(invoice)
    drain(doors, factories.AT)
    text = text_of(next(email for email in map(opened, mailer.sent) if "Paiement" in email["Subject"]))
    assert "1er\N{NO-BREAK SPACE}août 2026" in text
    assert "109.23" in numbers_in(text)


@transactional
def late(invoice_id: int, cents: int, reference: str) -> None:
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    record_payment(invoice, Money(cents), "transfer", reference, "staff", factories.AT)


def test_money_too_many_is_told_to_client_and_staff_each_time_by_its_own_amount(
    doors: Gateways, mailer: FakeMailer
) -> None:
    invoice = issue_next_renewal(factories.service())
    pay_in_full(invoice)
    drain(doors, factories.AT)
    late(invoice.id, 1_111, "one")
    late(invoice.id, 2_222, "two")
    drain(doors, factories.AT)

    told = [(str(email["To"]), numbers_in(text_of(email))) for email in map(opened, mailer.sent[-4:])]

    client = told[0][0]
    staff = "Hébergement Kajoom <facturation@example.com>"
    assert [who for who, _ in told] == [client, staff, client, staff]
    assert [("11.11" in said, "22.22" in said) for _, said in told] == [(True, False)] * 2 + [(False, True)] * 2


def test_staff_are_told_of_a_change_that_no_longer_fits(doors: Gateways, mailer: FakeMailer) -> None:
    order, _ = scheduled_change()
    order.service.usage = {"disk_mb": 99_999}
    db.session.commit()
    worked(doors, factories.DUE)
    [notice] = [email for email in map(opened, mailer.sent) if "attend une personne" in email["Subject"]][-1:]
    assert notice["To"] == notice["From"]
    assert "plus que le nouveau forfait ne permet" in text_of(notice)
    mark_refused(order.reference, "no", "anne", factories.DUE, factories.AT)


@pytest.mark.slow
def test_batches_follow_one_another_behind_what_waits(doors: Gateways, mailer: FakeMailer) -> None:
    copy_service(factories.service(status="suspended"), BATCH)

    worked(doors, factories.DUE)

    assert len(rows(Invoice)) == len(mailer.sent) == BATCH + 1
    batches = [message for message in rows(Message) if message.kind == "renewals"]
    assert [batch.ids.get("due") for batch in batches] == [None, "2026-07-01"]


def test_what_always_goes_wrong_dies_alone_where_staff_see_it(doors: Gateways, mailer: FakeMailer) -> None:
    bad, _ = factories.service(next_due_date=date(9999, 12, 1)), factories.service(next_due_date=date(9999, 12, 1))
    on = date(9999, 12, 1)
    enqueue_day(on, factories.AT)
    at = factories.AT
    bad.anchor_day = 1
    db.session.commit()
    while drain(doors, at):
        at += timedelta(hours=7)
    asides = [message for message in rows(Message) if message.kind == "item"]
    assert len(asides) == 2
    assert all(message.dead_at and "OverflowError" in message.last_error for message in asides)
    assert next(message for message in rows(Message) if message.kind == "day").done_at


def test_operator_bills_a_day_as_far_ahead_as_they_say(app: Flask) -> None:
    app.config["RENEWAL_DAYS"] = 14
    factories.service()
    run = app.test_cli_runner().invoke

    def billed(*arguments: str) -> int:
        with time_machine.travel(factories.AT, tick=False):
            ran = run(bill, arguments)
        assert ran.exit_code == 0, ran.output
        return len(rows(Invoice))

    assert billed() == 0
    assert billed("--on", "2026-06-16") == 0
    assert billed("--on", "2020-01-01") == 0
    assert billed("--on", "2026-06-16", "--days", "15") == 1
    assert billed("--on", "2026-06-30") == 1
    assert [run(bill, ["--on", day]).exit_code for day in ("2026-02-30", "0001-01-01", "9999-12-31")] == [2, 2, 2]
