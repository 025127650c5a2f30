"""Differences with providers and what these reported: explained, recorded or closed once, by whoever may."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from kajoom.domain.reconciliation import DifferenceKind
from kajoom.domain.staff import StaffRole
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.payment import Payment
from kajoom.models.reconciliation import Difference
from kajoom.models.webhook_event import WebhookEvent
from tests.conftest import Browser
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON
from tests.web.demo_rows import number_of
from tests.web.pages import refusal_in

pytestmark = pytest.mark.usefixtures("staff_in_english")


@pytest.fixture
def number(app: Flask) -> str:
    """An unpaid renewal."""
    return number_of("unpaid-renewal")


@pytest.fixture
def missing(number: str) -> int:
    """The id of a difference: PayPal took the balance of the renewal, of which nothing is recorded."""
    invoice = invoice_by_number(number)
    assert invoice is not None
    return add_difference("PP-1", invoice=number, taken_cents=invoice.balance.cents)


@pytest.fixture
def notice(app: Flask) -> str:
    """The id of a dispute that PayPal reported."""
    columns = {"provider": "paypal", "attempt_key": "", "provider_ref": "PP-D-1", "received_at": NOON}
    db.session.add(WebhookEvent(id="WH-1", kind="CUSTOMER.DISPUTE.CREATED", **columns))
    db.session.commit()
    return "WH-1"


def add_difference(reference: str, **columns: object) -> int:
    """Insert a difference and return its id."""
    common = {"provider": "paypal", "day": NOON.date(), "currency": "CAD", "found_at": NOON, "invoice": ""}
    difference = Difference(**{**common, **columns}, reference=reference, kind=DifferenceKind.NOT_IN_LEDGER)
    db.session.add(difference)
    db.session.commit()
    return difference.id


def post(staff: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form with a CSRF token."""
    return staff.post(path, data={"csrf_token": staff.token("/account"), **fields})


def acts() -> list[tuple[str, str]]:
    """The acts of staff in the audit."""
    db.session.rollback()
    query = select(AuditRow.act, AuditRow.actor).where(AuditRow.actor.like("staff:%")).order_by(AuditRow.id)
    return [(act, actor) for act, actor in db.session.execute(query)]


def actor() -> str:
    member = client_by_email("staff@example.com")
    assert member is not None
    return f"staff:{member.id}"


def test_missing_payment_is_recorded_for_the_invoice_that_the_form_names(
    staff: Browser, missing: int, number: str
) -> None:
    page = staff.get("/staff/jobs").text
    assert re.search(rf'id="number-difference-{missing}" name="number"[^>]* value="{number}"', page)
    response = post(staff, f"/staff/differences/{missing}/record", number=f" {number.lower()} ")
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/jobs")
    page = staff.get("/staff/jobs").text
    assert f"was recorded for invoice {number}, and the difference is closed." in page
    assert "data-difference" not in page
    db.session.rollback()
    invoice = invoice_by_number(number)
    assert invoice is not None
    assert invoice.status == "paid"
    assert db.session.scalar(select(Payment.actor).where(Payment.reference == "paypal:PP-1")) == actor()
    assert ("payment_recorded", actor()) in acts()
    again = post(staff, f"/staff/differences/{missing}/record", number=number)
    assert (again.status_code, refusal_in(again.text)) == (409, "no_difference")
    assert "This difference is already resolved. Nothing more was done." in again.text


@pytest.mark.parametrize("typed", ["", "1999-0001", "x" * 600])
def test_unknown_invoice_is_refused_at_its_field(staff: Browser, missing: int, typed: str) -> None:
    with nothing_written():
        response = post(staff, f"/staff/differences/{missing}/record", number=typed)
    assert (response.status_code, refusal_in(response.text)) == (422, "no_invoice")
    assert f'id="number-difference-{missing}-error"' in response.text
    assert f'href="#number-difference-{missing}"' in response.text
    assert f'value="{typed.upper()}" aria-invalid="true"' in response.text


def test_invoice_in_another_currency_is_refused_at_its_field(staff: Browser, missing: int, number: str) -> None:
    db.session.execute(update(Invoice).where(Invoice.number == number).values(currency="USD"))
    db.session.commit()
    response = post(staff, f"/staff/differences/{missing}/record", number=number)
    assert (response.status_code, refusal_in(response.text)) == (422, "other_currency")
    assert "This invoice is in another currency: USD." in response.text


def test_difference_is_explained_once(staff: Browser, missing: int) -> None:
    response = post(staff, f"/staff/differences/{missing}/explain", note=" the  old site ")
    assert response.status_code == 303
    assert "The difference PP-1 is explained." in staff.get("/staff/jobs").text
    difference = db.session.get(Difference, missing, populate_existing=True)
    assert difference is not None
    assert (difference.resolved_at, difference.note) == (NOON, f"{actor()}: the old site")
    assert acts()[-1] == ("difference_explained", actor())
    for path in ("explain", "record"):
        again = post(staff, f"/staff/differences/{missing}/{path}", note="again", number=number_of("unpaid-renewal"))
        assert (again.status_code, refusal_in(again.text)) == (409, "no_difference")


def test_notice_is_closed_once_and_the_second_person_reads_by_whom(staff: Browser, notice: str) -> None:
    assert f'data-notice="{notice}"' in staff.get("/staff/jobs").text
    assert post(staff, f"/staff/notices/{notice}/close", note="answered PayPal").status_code == 303
    page = staff.get("/staff/jobs").text
    assert "The notice is closed" in page
    assert "data-notice" not in page
    assert acts()[-1] == ("notice_closed", actor())
    again = post(staff, f"/staff/notices/{notice}/close", note="again")
    assert (again.status_code, refusal_in(again.text)) == (409, "notice_closed")
    assert "has already closed this notice. Nothing more was done." in again.text
    event = db.session.get(WebhookEvent, notice, populate_existing=True)
    assert event is not None
    assert event.note == "answered PayPal"


@pytest.mark.parametrize("kind", ["difference", "notice"])
@pytest.mark.parametrize("note", ["", "  ", "x" * 501])
def test_note_that_is_not_usable_is_refused_at_its_field(
    staff: Browser, missing: int, notice: str, kind: str, note: str
) -> None:
    path, row = {
        "difference": (f"/staff/differences/{missing}/explain", f"difference-{missing}"),
        "notice": (f"/staff/notices/{notice}/close", f"notice-{notice}"),
    }[kind]
    with nothing_written():
        response = post(staff, path, note=note)
    assert (response.status_code, refusal_in(response.text)) == (422, "no_reason")
    assert f'id="note-{row}-error"' in response.text
    assert f'value="{note}" aria-invalid="true"' in response.text


def test_agents_record_payments_and_leave_the_rest_to_managers(
    staff: Browser, missing: int, notice: str, number: str
) -> None:
    db.session.execute(update(Client).where(Client.role != "").values(role=StaffRole.AGENT.value))
    db.session.commit()
    page = staff.get("/staff/jobs").text
    assert ("/record" in page, "/explain" in page, "/close" in page) == (True, False, False)
    assert post(staff, f"/staff/differences/{missing}/explain", note="x").status_code == 403
    assert post(staff, f"/staff/notices/{notice}/close", note="x").status_code == 403
    assert post(staff, f"/staff/differences/{missing}/record", number=number).status_code == 303


def test_money_that_is_recorded_here_can_only_be_explained(staff: Browser, number: str) -> None:
    other = add_difference("PP-2", invoice=number, taken_cents=100, recorded_cents=99)
    assert f"/staff/differences/{other}/record" not in staff.get("/staff/jobs").text
    response = post(staff, f"/staff/differences/{other}/record", number=number)
    assert (response.status_code, refusal_in(response.text)) == (409, "not_missing_here")


@pytest.mark.parametrize(
    "path", ["/staff/differences/9999999999/explain", "/staff/differences/999999/record", "/staff/notices/WH-999/close"]
)
def test_what_does_not_exist_is_not_found(staff: Browser, path: str) -> None:
    assert post(staff, path, note="x", number="x").status_code == 404


def test_htmx_swaps_a_refusal_and_goes_to_the_page_of_a_success(staff: Browser, missing: int) -> None:
    data = {"csrf_token": staff.token("/account")}
    refused = staff.fragment(f"/staff/differences/{missing}/explain", "POST", data=data)
    assert (refused.status_code, "<html" in refused.text, 'id="jobs"' in refused.text) == (422, False, True)
    done = staff.fragment(f"/staff/differences/{missing}/explain", "POST", data={**data, "note": "a test"})
    assert (done.status_code, done.headers["HX-Redirect"]) == (200, "/staff/jobs")
