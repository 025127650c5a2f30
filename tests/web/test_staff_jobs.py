"""What is stuck: the jobs that are listed, retried and discarded, the worker, differences and provider notices."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from kajoom.domain.reconciliation import DifferenceKind
from kajoom.domain.staff import StaffRole
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.heartbeat import Heartbeat
from kajoom.models.outbox import Message
from kajoom.models.reconciliation import Difference
from kajoom.models.webhook_event import WebhookEvent
from tests.conftest import Browser, SignIn, Statements
from tests.web.conftest import NOON
from tests.web.demo_rows import number_of

HOUR = timedelta(hours=1)


@pytest.fixture
def staff(app: Flask, signed_in: SignIn) -> Browser:
    """A test client signed in as an agent, who reads English; the messages of the demonstration are done."""
    browser = signed_in("staff@example.com")
    db.session.query(Client).filter(Client.role != "").update({"role": StaffRole.AGENT.value})
    db.session.query(Message).update({"done_at": NOON})
    db.session.commit()
    browser.get("/staff?lang=en")
    return browser


def add(key: str, **columns: Any) -> int:
    """Insert a message and return its id."""
    message = Message(**{"kind": "email", "key": key, "ids": {}, "run_at": NOON, "due_at": NOON - 3 * HOUR, **columns})
    db.session.add(message)
    db.session.commit()
    return message.id


def add_dead(key: str = "dead") -> int:
    """Insert a message that was given up."""
    error = "MailRefused: 550 no such mailbox"
    return add(key, attempts=20, last_error=error, failing_since=NOON - 2 * HOUR, dead_at=NOON - HOUR)


def stored(message_id: int) -> Message:
    """A message as it is in the database now."""
    db.session.rollback()
    message = db.session.get(Message, message_id, populate_existing=True)
    assert message is not None
    return message


def post(staff: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form with a CSRF token."""
    return staff.post(path, data={"csrf_token": staff.token("/account"), **fields})


def rows(page: str) -> list[tuple[str, str, bool]]:
    """The id, the state and the mark of late ones of each job of a page."""
    found = re.findall(r'data-job="(\d+)" data-state="(\w+)"( data-late)?', page)
    return [(job, state, bool(late)) for job, state, late in found]


def test_dead_jobs_come_first_then_late_and_retried_ones(staff: Browser) -> None:
    retried = add("retried", attempts=1, last_error="E", failing_since=NOON - timedelta(minutes=5))
    unknown = add("unknown", attempts=4, last_error="StillPending: …", due_at=NOON - 2 * HOUR)
    failing = add("failing", attempts=5, last_error="E", failing_since=NOON - HOUR, due_at=NOON - HOUR)
    untried = add("untried", run_at=NOON - timedelta(minutes=10), due_at=NOON - timedelta(minutes=10))
    dead = add_dead()
    add("soon", run_at=NOON - timedelta(minutes=9))
    add("leased", attempts=1)
    add("done", attempts=1, last_error="E", done_at=NOON)

    assert rows(staff.get("/staff/jobs").text) == [
        (str(dead), "dead", False),
        (str(retried), "retried", False),
        (str(unknown), "unknown", False),
        (str(failing), "late", True),
        (str(untried), "late", True),
    ]


def test_job_shows_why_it_failed_and_is_discarded_only_once_it_has_failed(staff: Browser) -> None:
    add("unknown", kind="settle", attempts=4, last_error="StillPending: <PP-1>")
    page = staff.get("/staff/jobs").text
    assert "StillPending: &lt;PP-1&gt;" in page
    assert "Payment to look up" in page
    assert ("/retry" in page, "/discard" in page) == (True, False)
    add_dead()
    assert "/discard" in staff.get("/staff/jobs").text


def test_dead_job_is_tried_again(staff: Browser) -> None:
    job = add_dead()
    response = post(staff, f"/staff/jobs/{job}/retry")
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/jobs")
    assert f"Job {job} will be tried again" in staff.get("/staff/jobs").text
    message = stored(job)
    assert (message.dead_at, message.attempts, message.run_at) == (None, 0, NOON)
    actor = db.session.scalar(select(AuditRow.actor).where(AuditRow.act == "job_retried"))
    assert actor == f"staff:{db.session.scalar(select(Client.id).where(Client.email == 'staff@example.com'))}"


def test_job_is_discarded_with_the_reason(staff: Browser) -> None:
    job = add_dead()
    response = post(staff, f"/staff/jobs/{job}/discard", reason=" wrong  address ")
    assert response.status_code == 303
    page = staff.get("/staff/jobs").text
    assert f"Job {job} was discarded." in page
    assert "No job is stuck." in page
    message = stored(job)
    assert (message.discard_note, message.done_at) == ("wrong address", NOON)
    assert message.discarded_by.startswith("staff:")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_discarding_without_a_reason_is_refused_at_the_field(staff: Browser, reason: str) -> None:
    job = add_dead()
    response = post(staff, f"/staff/jobs/{job}/discard", reason=reason)
    assert response.status_code == 422
    assert f'id="reason-{job}-error"' in response.text
    assert f'value="{reason}" aria-invalid="true" aria-describedby="reason-{job}-error"' in response.text
    assert stored(job).done_at is None


@pytest.mark.parametrize("act", ["retry", "discard"])
def test_second_person_is_shown_that_the_job_is_done(staff: Browser, act: str) -> None:
    job = add_dead()
    post(staff, f"/staff/jobs/{job}/discard", reason="wrong address")
    response = post(staff, f"/staff/jobs/{job}/{act}", reason="again")
    assert response.status_code == 409
    assert "This job is already done, or someone has discarded it." in response.text
    assert stored(job).discard_note == "wrong address"


def test_job_that_has_not_failed_is_not_discarded(staff: Browser) -> None:
    job = add("untried", run_at=NOON - HOUR)
    response = post(staff, f"/staff/jobs/{job}/discard", reason="x")
    assert response.status_code == 409
    assert "This job has not failed" in response.text
    assert stored(job).done_at is None


@pytest.mark.parametrize("path", ["/staff/jobs/999999999/retry", "/staff/jobs/9999999999/retry"])
def test_unknown_job_is_not_found(staff: Browser, path: str) -> None:
    assert post(staff, path).status_code == 404


def test_htmx_swaps_a_refusal_and_goes_to_the_page_of_a_success(staff: Browser) -> None:
    job, data = add_dead(), {"csrf_token": staff.token("/account")}
    refused = staff.fragment(f"/staff/jobs/{job}/discard", "POST", data=data)
    assert (refused.status_code, "<html" in refused.text, 'id="jobs"' in refused.text) == (422, False, True)
    done = staff.fragment(f"/staff/jobs/{job}/retry", "POST", data=data)
    assert (done.status_code, done.headers["HX-Redirect"]) == (200, "/staff/jobs")


@pytest.mark.parametrize(
    ("seen_at", "sentence", "is_silent"),
    [
        (None, "No worker has run yet", True),
        (NOON - timedelta(minutes=5), "The workers are running.", False),
        (NOON - timedelta(minutes=6), "No worker is running", True),
    ],
)
def test_last_sign_of_life_of_the_workers_is_shown(
    staff: Browser, seen_at: datetime | None, sentence: str, is_silent: bool
) -> None:
    db.session.query(Heartbeat).delete()
    if seen_at:
        db.session.add(Heartbeat(worker="w", name="host:1", started_at=seen_at, seen_at=seen_at))
    db.session.commit()
    page = staff.get("/staff/jobs").text
    assert sentence in page
    assert ("data-silent" in page) is is_silent


def test_differences_and_notices_of_providers_are_listed(staff: Browser) -> None:
    number = number_of("unpaid-renewal")
    common = {"provider": "paypal", "day": NOON.date(), "currency": "CAD", "found_at": NOON}
    kind = DifferenceKind.NOT_IN_LEDGER
    db.session.add(Difference(**common, reference="PP-1", kind=kind, invoice=number, taken_cents=4172))
    db.session.add(Difference(**common, reference="PP-2", kind=kind, invoice="", taken_cents=1, resolved_at=NOON))
    event = {"provider": "paypal", "attempt_key": "", "received_at": NOON}
    db.session.add(WebhookEvent(id="WH-1", kind="CUSTOMER.DISPUTE.CREATED", provider_ref="PP-D-1", **event))
    db.session.add(WebhookEvent(id="WH-2", kind="PAYMENT.CAPTURE.COMPLETED", provider_ref="CAP-2", **event))
    db.session.commit()
    page = staff.get("/staff/jobs").text
    assert re.findall(r'data-difference="([^"]+)"', page) == ["PP-1"]
    assert '<data value="41.72">$41.72 CAD</data>' in page
    assert re.findall(r'data-notice="([^"]+)"', page) == ["WH-1"]
    assert f'href="/invoices/{number}"' in page


def test_page_takes_as_many_statements_whatever_its_length(staff: Browser, statements: Statements) -> None:
    staff.get("/staff/jobs")
    with statements() as few:
        staff.get("/staff/jobs")
    for n in range(60):
        add_dead(f"dead-{n}")
    with statements() as many:
        page = staff.get("/staff/jobs").text
    assert len(rows(page)) == 50
    assert 'href="/staff/jobs?page=2"' in page
    assert len(many) == len(few) <= 6, "\n\n".join(many)


def test_change_at_the_panel_is_not_discarded(staff: Browser) -> None:
    job = add("change", kind="provision", attempts=9, failing_since=NOON - HOUR, last_error="no answer")
    assert "/discard" not in staff.get("/staff/jobs").text
    response = post(staff, f"/staff/jobs/{job}/discard", reason="x")
    assert response.status_code == 409
    assert "This job is tried until it is done" in response.text
    assert stored(job).done_at is None
