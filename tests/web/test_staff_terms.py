"""The terms of a service on the pages of managers: the form, what it would change, and the change, once."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from kajoom.domain.staff import StaffRole
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.terms_change import TermsChange
from kajoom.operations.billing.terms import change_terms
from kajoom.operations.billing.typed_terms import TermsInput
from tests.conftest import Browser, Statements
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import TODAY, reference_of, service_in
from tests.web.pages import refusal_in

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("staff_in_english")]


@pytest.fixture
def path(app: Flask) -> str:
    """The terms of the service of the reference page: Plan A, 150.00 a month, due on 1 November."""
    return path_of("hosting")


def path_of(name: str) -> str:
    return f"/staff/services/{service_in(name).id}/terms"


def review(staff: Browser, path: str, **fields: str) -> TestResponse:
    return staff.get(f"{path}/review", query_string=fields)


def confirm(staff: Browser, path: str, **fields: str) -> TestResponse:
    """Confirm what the review shows, with a reason unless another is given."""
    page = review(staff, path, **{name: text for name, text in fields.items() if name not in {"digest", "reason"}}).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    data = {**hidden, "reason": "Entente du 3 octobre", **fields, "csrf_token": staff.token("/account")}
    return staff.post(path, data=data)


def text_of(page: str) -> str:
    """The visible text of the main part of a page."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def service(path: str) -> Service:
    db.session.rollback()
    return db.session.get_one(Service, int(path.split("/")[3]))


def test_form_shows_the_present_terms_and_the_plans_of_the_group(staff: Browser, path: str) -> None:
    page = staff.get(path).text
    assert re.findall(r'<option value="(\w+)"( selected)?', page) == [
        ("base", ""), ("a", " selected"), ("b", ""), ("c", ""),
    ]  # fmt: skip
    assert 'name="due" type="date" value="2022-11-01"' in page
    assert re.search(r'value="due" checked', page)


def test_review_names_what_would_change_and_changes_nothing(staff: Browser, path: str) -> None:
    with nothing_written():
        page = review(staff, path, price="165,00 $", quantity="1", due="2022-11-01", start="due").text
    text = text_of(page)
    assert "With the renewal on November 1, 2022" in text
    assert "$150.00 → to $165.00 per month" in text
    assert '<data id="renewal-after" value="189.71"' in page
    assert f'action="{path}"' in page


def test_confirmed_terms_are_planned_audited_and_shown_to_the_client(
    staff: Browser, path: str, french: Browser
) -> None:
    response = confirm(staff, path, price="165,00 $", start="due")
    client = client_by_email("fr@example.com")
    member = client_by_email("staff@example.com")
    assert client is not None
    assert member is not None
    assert (response.status_code, response.headers["Location"]) == (303, f"/staff/clients/{client.id}")
    assert "the terms were changed" in staff.get(response.headers["Location"]).text
    change = db.session.scalars(select(TermsChange)).one()
    assert (change.to_cents, change.reason, change.actor) == (16500, "Entente du 3 octobre", f"staff:{member.id}")
    act = db.session.execute(select(AuditRow.act, AuditRow.subject_id).order_by(AuditRow.id.desc())).first()
    assert act is not None
    assert tuple(act) == ("terms_changed", change.id)
    assert db.session.scalar(select(Message.key).where(Message.key == f"terms_changed-{change.id}")) is not None
    history = french.get(path.removeprefix("/staff").removesuffix("/terms")).text
    assert '<data id="planned" value="165.00"' in history
    assert 'data-terms="planned"' in history
    assert "Entente du 3 octobre" in history
    assert 'id="planned"' in staff.get(path).text


def test_unpaid_renewal_is_named_void_and_replaced(staff: Browser) -> None:
    path = path_of("unpaid-renewal")
    page = review(staff, path, price="10.00", start="due")
    assert re.search(r"Invoice \d{4}-\d{4} becomes void", text_of(page.text))
    assert confirm(staff, path, price="10.00", start="due").status_code == 303
    change = db.session.scalars(select(TermsChange)).one()
    assert change.voided_renewal


def test_second_person_and_second_click_read_that_the_service_has_changed(staff: Browser, path: str) -> None:
    shown = re.search(r'name="digest" value="(\w+)"', review(staff, path, price="165", start="today").text)
    assert shown is not None
    assert confirm(staff, path, price="165", start="today").status_code == 303
    again = confirm(staff, path, price="165", start="today", digest=shown[1])
    assert (again.status_code, refusal_in(again.text)) == (409, "changed_since")
    other = confirm(staff, path, price="170", start="today", digest=shown[1])
    assert (other.status_code, refusal_in(other.text)) == (409, "changed_since")
    assert "$165.00 → to $170.00" in text_of(other.text)
    assert 'value="Entente du 3 octobre"' in other.text
    assert db.session.query(TermsChange).count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({}, "plan", "same_terms"),
        ({"plan": "z"}, "plan", "unknown_plan"),
        ({"price": "cher"}, "price", "not_an_amount"),
        ({"price": "-5"}, "price", "not_an_amount"),
        ({"price": "10000000"}, "price", "too_large"),
        ({"quantity": "0"}, "quantity", "not_a_quantity"),
        ({"due": "1/12/2022"}, "due", "not_a_day"),
        ({"due": "2022-10-16"}, "due", "past_day"),
        ({"price": "1", "start": "day"}, "day", "not_a_day"),
        ({"price": "1", "start": "day", "day": "2022-10-01"}, "day", "past_day"),
        ({"price": "1", "start": "day", "day": "2032-10-18"}, "day", "too_far"),
    ],
)
def test_refusal_stands_at_its_field_and_loses_nothing(
    staff: Browser, path: str, fields: dict[str, str], field: str, code: str
) -> None:
    response = review(staff, path, **fields)
    assert (response.status_code, refusal_in(response.text)) == (422, code)
    assert f'id="{field}-error"' in response.text
    assert re.search(rf'<(?:input|select) id="{field}"[^>]* aria-describedby="{field}-error"', response.text)
    for name in fields.keys() - {"plan", "start"}:
        assert f'value="{fields[name]}"' in response.text
    posted = staff.post(path, data={**fields, "reason": "x", "csrf_token": staff.token("/account")})
    assert (posted.status_code, refusal_in(posted.text)) == (422, code)


def test_missing_reason_shows_the_review_again(staff: Browser, path: str) -> None:
    response = confirm(staff, path, price="165", reason=" ")
    assert (response.status_code, refusal_in(response.text)) == (422, "no_reason")
    assert 'id="reason-error"' in response.text
    fragment = staff.fragment(path, "POST", data={"price": "165", "csrf_token": staff.token("/account"), "digest": "x"})
    assert fragment.status_code == 409
    assert "<html" not in fragment.text
    assert 'id="terms-review"' in fragment.text


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("waiting-payment", "change_under_way"),
        ("scheduled", "change_under_way"),
        ("cancelling", "cancellation_requested"),
    ],
)
def test_service_that_cannot_change_says_why_without_a_form(staff: Browser, name: str, code: str) -> None:
    path = path_of(name)
    page = staff.get(path)
    assert (page.status_code, refusal_in(page.text)) == (200, code)
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    if code == "change_under_way":
        assert f'href="/orders/{reference_of(name)}"' in page.text
    assert review(staff, path, price="1").status_code == 409


def test_planned_terms_of_the_file_or_of_staff_are_shown(staff: Browser, path: str) -> None:
    change_terms(service(path).id, TermsInput(plan="b", price="200"), "x", "staff:1", TODAY, NOON)
    text = text_of(staff.get(path).text)
    assert "Other terms are planned from the renewal on November 1, 2022: Plan B, quantity 1, $200.00." in text
    assert confirm(staff, path).status_code == 303
    assert service(path).next_terms is None


def test_agents_clients_and_unknown_services(staff: Browser, path: str, french: Browser, address: Address) -> None:
    assert staff.get("/staff/services/999999/terms").status_code == 404
    assert french.get(path).status_code == 403
    client = client_by_email("fr@example.com")
    assert client is not None
    assert f'href="{path}"' in staff.get(f"/staff/clients/{client.id}").text
    db.session.execute(update(Client).where(Client.role != "").values(role=StaffRole.AGENT.value))
    db.session.commit()
    assert staff.get(path).status_code == 403
    assert review(staff, path, price="1").status_code == 403
    assert staff.post(path, data={"csrf_token": staff.token("/account")}).status_code == 403
    assert f'href="{path}"' not in staff.get(f"/staff/clients/{client.id}").text


@pytest.mark.parametrize("suffix", ["", "/review?price=165"])
def test_pages_take_few_statements(staff: Browser, path: str, suffix: str, statements: Statements) -> None:
    change_terms(service(path).id, TermsInput(price="160"), "x", "staff:1", TODAY, NOON)
    staff.get(path)
    with statements() as executed:
        assert staff.get(f"{path}{suffix}").status_code == 200
    assert len(executed) <= 6, "\n\n".join(executed)
