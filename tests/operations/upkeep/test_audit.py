"""The audit: a row in the commit of each act, sealed in one order; whatever is done to a row afterwards is found."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kajoom.domain.audit import Act, Flaw
from kajoom.models.audit import AuditRow, record_act
from kajoom.models.db import db
from kajoom.models.payment import Payment
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from kajoom.operations.transaction import transactional
from kajoom.operations.upkeep.audit import AuditReport, newest_seal, seal_new_acts, verify_audit
from tests import factories
from tests.architecture.files import modules
from tests.factories import AT, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.parallel import run_in_threads

SECRET, OTHER = "a secret", "another secret"
HOUR = timedelta(hours=1)
STAFF = "staff:lea"

_record = transactional(record_act)


def record(count: int = 1, at: datetime = AT) -> None:
    for number in range(count):
        _record(Act.CREDIT_CHANGED, STAFF, at, client_id=number)


def verify(*secrets: str, noted: str = "") -> AuditReport:
    return verify_audit(secrets or (SECRET,), noted)


def flaw_after(*statements: str) -> tuple[Flaw, int | None, int | None] | None:
    """What the check says after somebody has run SQL: the flaw, its place and the id of the row."""
    for statement in statements:
        db.session.execute(text(statement))
    db.session.commit()
    broken = verify().broken
    return None if broken is None else (broken.flaw, broken.place, broken.act.id if broken.act else None)


def five_sealed() -> None:
    record(3)
    seal_new_acts([SECRET], AT)
    record(2)
    seal_new_acts([SECRET], AT)


def test_acts_are_sealed_once_and_verified() -> None:
    assert seal_new_acts([SECRET], AT) == 0
    record(3)
    assert (verify().sealed, verify().waiting) == (0, 3)

    assert seal_new_acts([SECRET], AT) == 3
    with nothing_written():
        assert seal_new_acts([SECRET], AT) == 0
    record()

    report = verify()
    assert (report.sealed, report.waiting, report.broken) == (3, 1, None)
    assert [row.place for row in rows(AuditRow)] == [1, 2, 3, None]
    assert newest_seal() == f"3-{rows(AuditRow)[2].seal}"


_SHIFTED = (
    "UPDATE audit SET place = place + 100 WHERE place >= 3",
    "UPDATE audit SET place = place - 99 WHERE place > 99",
)
_INSERTED = "INSERT INTO audit (id, at, act, actor, client_id, subject, place, sealed_at, digest, seal)"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (("UPDATE audit SET actor = 'client' WHERE id = 2",), (Flaw.CHANGED, 2, 2)),
        (("UPDATE audit SET client_id = NULL WHERE id = 4",), (Flaw.CHANGED, 4, 4)),
        (("UPDATE audit SET at = sealed_at, sealed_at = at, subject = 'x' WHERE id = 5",), (Flaw.CHANGED, 5, 5)),
        (("UPDATE audit SET seal = digest WHERE id = 3",), (Flaw.NOT_OURS, 3, 3)),
        (("DELETE FROM audit WHERE id = 1",), (Flaw.MISSING, 1, None)),
        (("DELETE FROM audit WHERE id = 3",), (Flaw.MISSING, 3, None)),
        (("DELETE FROM audit WHERE id > 3",), (Flaw.CUT_OFF, 4, None)),
        (("DELETE FROM audit",), (Flaw.CUT_OFF, 1, None)),
        (("DELETE FROM audit WHERE id = 3", "UPDATE audit SET place = 3 WHERE id = 4",
          "UPDATE audit SET place = 4 WHERE id = 5"), (Flaw.CHANGED, 3, 4)),
        (("UPDATE audit SET place = 9 WHERE id = 2", "UPDATE audit SET place = 2 WHERE id = 3",
          "UPDATE audit SET place = 3 WHERE id = 2"), (Flaw.CHANGED, 2, 3)),
        (("UPDATE audit SET place = NULL WHERE id = 2",), (Flaw.MISSING, 2, None)),
        ((*_SHIFTED, f"{_INSERTED} SELECT 9, at, act, 'x', 1, '', 3, sealed_at, digest, seal FROM audit WHERE id = 3"),
         (Flaw.CHANGED, 3, 9)),
        ((f"{_INSERTED} SELECT 9, at, act, actor, 1, '', 6, sealed_at, digest, seal FROM audit WHERE id = 5",),
         (Flaw.CHANGED, 6, 9)),
        ((f"{_INSERTED} SELECT 9, at, act, actor, 1, '', 0, sealed_at, digest, seal FROM audit WHERE id = 5",),
         (Flaw.CHANGED, 0, 9)),
        (("UPDATE audit SET sealed_at = NULL, digest = NULL, seal = NULL WHERE id = 2",), (Flaw.CHANGED, 2, 2)),
        (("DELETE FROM counter WHERE series = 'audit'",), (Flaw.CUT_OFF, 6, None)),
    ],
    ids=["actor", "client", "times", "seal", "first-deleted", "deleted", "newest-deleted", "all-deleted", "renumbered",
         "swapped", "unsealed", "inserted", "appended", "put-before", "emptied", "counter"],
)  # fmt: skip
def test_what_is_done_to_a_sealed_row_is_found_and_named(
    statements: tuple[str, ...], found: tuple[Flaw, int | None, int | None]
) -> None:
    five_sealed()
    assert flaw_after() is None

    assert flaw_after(*statements) == found


@pytest.mark.parametrize(
    ("column", "row", "found"),
    [
        ("at", 3, (Flaw.CHANGED, 3, None)),
        ("sealed_at", 3, (Flaw.CHANGED, 3, None)),
        ("client_id", 3, (Flaw.CHANGED, 3, 3)),
        ("place", 3, (Flaw.MISSING, 3, None)),
        ("at", 6, (Flaw.UNREADABLE, None, None)),
    ],
)
def test_row_that_cannot_be_read_is_found(column: str, row: int, found: tuple[Flaw, int | None, int | None]) -> None:
    five_sealed()
    record()
    statement = f"UPDATE audit SET {column} = 'x' WHERE id = {row}"
    if db.engine.name == "sqlite":
        assert flaw_after(statement) == found
    else:
        with pytest.raises(DBAPIError):
            flaw_after(statement)


def test_row_that_is_inserted_afterwards_is_found_before_and_after_it_is_sealed() -> None:
    record()
    seal_new_acts([SECRET], AT)
    record(at=AT - 7 * HOUR)
    assert flaw_after() == (Flaw.LATE, None, 2)

    seal_new_acts([SECRET], AT + HOUR)

    assert flaw_after() == (Flaw.LATE, 2, 2)


def test_acts_that_waited_long_for_a_worker_are_not_late() -> None:
    record(at=AT - 50 * HOUR)
    seal_new_acts([SECRET], AT - 49 * HOUR)
    record(at=AT - 48 * HOUR)
    record(at=AT)
    seal_new_acts([SECRET], AT)
    record(at=AT - 5 * HOUR)  # the time of a long import, committed after the sealing
    seal_new_acts([SECRET], AT + HOUR)

    assert verify().broken is None


def test_newest_acts_that_were_deleted_with_their_counter_are_missed_by_a_seal_that_was_noted() -> None:
    five_sealed()
    noted = newest_seal() or ""
    assert verify(noted=noted).broken is None
    seals = "UPDATE counter SET value = 3 WHERE series = 'audit'"

    assert flaw_after("DELETE FROM audit WHERE id > 3", seals) is None

    broken = verify(noted=noted).broken
    assert broken is not None
    assert broken.flaw is Flaw.SEAL_GONE


def test_former_secret_verifies_and_is_not_needed_once_a_new_one_has_sealed() -> None:
    record(2)
    seal_new_acts([SECRET], AT)
    assert verify(SECRET, OTHER).broken is None
    record()
    seal_new_acts([SECRET, OTHER], AT)

    assert verify(OTHER).broken is None
    db.session.execute(text("UPDATE audit SET actor = 'x' WHERE id = 1"))
    db.session.commit()
    broken = verify(OTHER).broken
    assert broken is not None
    assert (broken.flaw, broken.place) == (Flaw.CHANGED, 1)


def test_nothing_is_sealed_after_a_seal_of_another_secret(caplog: pytest.LogCaptureFixture) -> None:
    record(2)
    seal_new_acts([OTHER], AT)
    record()

    with nothing_written():
        assert seal_new_acts([SECRET], AT) == 0

    assert "audit not sealed" in caplog.text
    broken = verify().broken
    assert broken is not None
    assert (broken.flaw, broken.place) == (Flaw.NOT_OURS, 1)


def test_workers_that_seal_at_the_same_moment_make_one_chain(app: Flask) -> None:
    record(5)

    def seal(number: int) -> str:
        record()
        return str(seal_new_acts([SECRET], AT) >= 0)

    run_in_threads(app, seal)

    report = verify()
    assert (report.sealed + report.waiting, report.broken) == (25, None)


def test_act_that_is_rolled_back_leaves_no_row_and_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    @transactional
    def fail() -> None:
        record_act(Act.TASK_DONE, STAFF, AT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    record()

    assert [row.act for row in rows(AuditRow)] == ["credit_changed"]
    assert [line.act for line in caplog.records if line.message == "staff act"] == ["credit_changed"]  # type: ignore[attr-defined]


def test_payment_of_a_change_records_its_invoice_its_payment_and_the_credit_that_staff_granted() -> None:
    service = factories.service()
    grant_credit(service.client.email, "10.00", "Panne", AT, actor=STAFF)
    invoice = factories.invoice_for(factories.confirm(service, "b"))
    payment = OfflinePayment(str(invoice.balance), ON, AT, "CA123", "interac")
    record_offline_payment(invoice.number, payment, ON, STAFF, AT)

    recorded = [(row.act, row.actor, row.subject, row.client_id) for row in rows(AuditRow)]
    assert recorded == [
        ("credit_changed", STAFF, "credit_entry", service.client_id),
        ("invoice_issued", "client", "invoice", service.client_id),
        ("payment_recorded", STAFF, "invoice", service.client_id),
    ]
    assert len(rows(Payment)) == 1


def test_every_act_is_recorded_by_an_operation() -> None:
    code = "".join(path.read_text() for path in modules("operations"))
    assert [act.name for act in Act if f"Act.{act.name}" not in code] == []
