"""The daily digest: what it counts, who receives it, once a day and in the language of each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from kajoom.cli.digest import digest
from kajoom.domain.money import Money
from kajoom.domain.reconciliation import DifferenceKind
from kajoom.domain.task import TaskKind
from kajoom.gateways import Gateways
from kajoom.models.catalog import CatalogVersion
from kajoom.models.daily_summary import Differences, Overdue, StuckCounts, TaskAges, daily_summary
from kajoom.models.db import db
from kajoom.models.outbox import Message, add_message
from kajoom.models.reconciliation import Difference
from kajoom.models.task import add_task
from kajoom.operations.accounts.links import signing_keys
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.daily import enqueue_digest
from kajoom.operations.upkeep.audit import newest_seal, seal_new_acts, verify_audit
from tests import factories
from tests.catalog_cache import forget_catalog
from tests.conftest import Statements
from tests.fake_gateways import FakeMailer
from tests.worker.email_parts import parse, text_of
from tests.worker_runs import drain, run_once

pytestmark = pytest.mark.usefixtures("app")

TODAY = factories.AT.date()  # Tuesday 16 June 2026
AT = factories.AT
GROUP = "facturation@example.com"


def notify(*addresses: str) -> None:
    """Name the addresses of the catalogue to which e-mails to staff go."""
    db.session.query(CatalogVersion).one().staff = {"notify": list(addresses), "locale": "fr"}
    db.session.commit()
    forget_catalog()


def sent_digests(mailer: FakeMailer) -> dict[str, EmailMessage]:
    """The digests that were sent, by their recipient."""
    digests = [each for each in mailer.sent if str(each["Message-ID"]).startswith("<staff-digest")]
    found = {str(each["To"]): each for each in digests}
    assert len(found) == len(digests)
    return found


def send(gateways: Gateways, on: date = TODAY, at: datetime = AT) -> None:
    enqueue_digest(on, at)
    drain(gateways, at)


def add_stuck_messages() -> None:
    """One message that was given up, two that are late and one that is tried again."""
    for key in ("dead", "never tried", "failing", "retried"):
        add_message("check", key, {}, AT - timedelta(hours=2))
    changes: dict[str, dict[str, Any]] = {
        "dead": {"dead_at": AT, "attempts": 20},
        "failing": {"attempts": 3, "last_error": "down", "failing_since": AT - timedelta(hours=2)},
        "retried": {"attempts": 1, "last_error": "not known", "run_at": AT + timedelta(hours=1)},
    }
    for key, columns in changes.items():
        db.session.execute(update(Message).where(Message.key == key).values(columns))
    db.session.commit()


def test_summary_counts_tasks_by_age() -> None:
    row = factories.service()
    for number, days in enumerate((0, 0, 1, 4, 10)):
        add_task(TaskKind.END, f"end-{number}", AT - timedelta(days=days), service_id=row.id)
    db.session.commit()

    tasks = daily_summary(TODAY, AT).tasks

    # Opened yesterday, Monday, a task has until tonight; the one of Friday had until Monday.
    assert tasks == TaskAges(late=2, earlier=1, today=2, oldest_on=TODAY - timedelta(days=10))


def test_summary_adds_up_what_is_left_of_overdue_invoices() -> None:
    invoices = [factories.invoice_for(factories.confirm(factories.service())) for _ in range(3)]
    for days, invoice in enumerate(invoices):
        invoice.due_on = TODAY - timedelta(days=days)  # the first is due today: it is not overdue
    invoices[1].paid_cents = 1000
    db.session.commit()

    left = invoices[1].total_cents - 1000 + invoices[2].total_cents
    assert daily_summary(TODAY, AT).overdue == Overdue(2, (Money(left),), TODAY - timedelta(days=2))


def test_summary_counts_stuck_jobs_apart_from_those_handled_now() -> None:
    add_stuck_messages()
    assert daily_summary(TODAY, AT).stuck == StuckCounts(failed=1, late=2, retried=1)

    leased = db.session.query(Message).filter_by(key="never tried")
    leased.update({"lease_until": AT + timedelta(minutes=1), "lease_token": "t"})
    db.session.commit()
    assert daily_summary(TODAY, AT).stuck == StuckCounts(failed=1, late=1, retried=1)


def test_summary_counts_unresolved_differences() -> None:
    common = {
        "provider": "paypal", "kind": DifferenceKind.NOT_IN_LEDGER, "invoice": "", "currency": "CAD", "found_at": AT,
    }  # fmt: skip
    days = {"one": 3, "two": 5, "resolved": 9}
    for reference, days_ago in days.items():
        resolved = AT if reference == "resolved" else None
        day = TODAY - timedelta(days=days_ago)
        db.session.add(Difference(reference=reference, day=day, resolved_at=resolved, **common))
    db.session.commit()
    assert daily_summary(TODAY, AT).differences == Differences(2, TODAY - timedelta(days=5))


def test_summary_takes_six_statements_whatever_waits(statements: Statements) -> None:
    add_stuck_messages()
    with statements() as executed:
        daily_summary(TODAY, AT)
    assert len(executed) == 6


def test_each_active_account_and_the_group_are_written_to_apart(gateways: Gateways, mailer: FakeMailer) -> None:
    english = factories.client(locale="en", role="agent")
    french = factories.client(locale="fr", role="manager")
    factories.client(role="agent", active=False)
    factories.client()
    notify("team@example.com", english.email.upper())

    send(gateways)

    assert {to: email["Content-Language"] for to, email in sent_digests(mailer).items()} == {
        english.email: "en-CA",
        french.email: "fr-CA",
        "team@example.com": "fr-CA",
    }


def test_host_without_accounts_receives_it_at_its_own_address(gateways: Gateways, mailer: FakeMailer) -> None:
    send(gateways)
    assert list(sent_digests(mailer)) == [GROUP]


def test_account_disabled_before_its_digest_is_sent_receives_none(gateways: Gateways, mailer: FakeMailer) -> None:
    account = factories.client(role="agent")
    enqueue_digest(TODAY, AT)
    run_once(gateways, AT)  # which makes a message for each recipient
    account.active = False
    db.session.commit()
    drain(gateways, AT)
    assert list(sent_digests(mailer)) == [GROUP]


def test_digest_is_sent_once_a_day(gateways: Gateways, mailer: FakeMailer) -> None:
    for hours in (0, 1, 2):
        send(gateways, TODAY, AT + timedelta(hours=hours))
    assert len(sent_digests(mailer)) == 1
    mailer.sent.clear()
    send(gateways, TODAY + timedelta(days=1), AT + timedelta(days=1))
    assert len(sent_digests(mailer)) == 1


def test_digest_of_a_day_that_is_over_is_not_sent(gateways: Gateways, mailer: FakeMailer) -> None:
    enqueue_digest(TODAY, AT)
    send(gateways, TODAY + timedelta(days=2), AT + timedelta(days=2))
    assert len(sent_digests(mailer)) == 1


def test_quiet_digest_is_short_and_has_the_newest_seal(app: Flask, gateways: Gateways, mailer: FakeMailer) -> None:
    grant_credit(factories.client().email, "5.00", "a gift", AT)
    secrets = signing_keys(app.config)
    seal_new_acts(secrets, AT)
    seal = newest_seal() or ""

    send(gateways)

    email = parse(sent_digests(mailer)[GROUP])
    text = text_of(email)
    assert email["Subject"] == "Sommaire du 16\N{NO-BREAK SPACE}juin 2026\N{NO-BREAK SPACE}: rien en attente"
    assert f"flask audit verify --seal {seal}" in text
    assert "Aucune tâche à faire" in text
    assert "Tâches\n" not in text
    assert verify_audit(secrets, seal).broken is None


def test_full_digest_links_to_each_page(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.invoice_for(factories.confirm(factories.service())).due_on = TODAY - timedelta(days=1)
    add_stuck_messages()
    later = {"run_at": AT + timedelta(days=1)}  # so that the digest is sent before they are tried again
    db.session.execute(update(Message).where(Message.kind == "check").values(later))
    db.session.commit()

    send(gateways)

    text = text_of(parse(sent_digests(mailer)[GROUP]))
    for page in ("/staff", "/staff/overdue", "/staff/jobs"):
        assert f"https://clients.example.com{page}\n" in text


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], "Aucun acte n’a encore été scellé."), (["--lang", "en"], "No act has been sealed yet.")],
)
def test_command_prints_the_text_of_the_digest(app: Flask, options: list[str], expected: str) -> None:
    result = app.test_cli_runner().invoke(digest, options)
    assert result.exit_code == 0, result.output
    assert result.output.rstrip().endswith(expected)  # the signature of the e-mail is left out
