"""The page on which staff suspend a service, or lift its suspension."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.models.audit import AuditRow
from kajoom.models.db import db
from kajoom.models.service import Service
from tests.conftest import Browser, Statements
from tests.web.conftest import NOON
from tests.web.demo_rows import number_of, service_in
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

REASON = "Trois factures impayées."


def path_of(state: str = "overdue") -> str:
    return f"/staff/services/{service_in(state).id}"


def post(staff: Browser, act: str, state: str = "overdue", **fields: str) -> TestResponse:
    """Send the form of the page."""
    return staff.post(f"{path_of(state)}/{act}", data={"csrf_token": staff.token("/account"), **fields})


def state_of(state: str = "overdue") -> tuple[ServiceStatus, SuspensionStep | None, str]:
    db.session.rollback()
    row = service_in(state)
    return row.status, row.suspension, row.suspension_reason


def test_overdue_list_leads_to_the_page_and_back_with_what_was_done(staff: Browser) -> None:
    page = staff.get("/staff/overdue?lang=en").text
    assert f'href="{path_of()}/suspension?origin=overdue"' in page
    assert "Suspend<" in page
    answer = post(staff, "suspend", reason=REASON, lifts="1", origin="overdue")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/overdue")
    assert state_of() == (ServiceStatus.ACTIVE, SuspensionStep.SUSPENDING, REASON)
    page = staff.get("/staff/overdue?lang=en").text
    assert "is being suspended. The client is sent an e-mail once it is done." in page
    assert "Being suspended" in page
    assert "Lift the suspension<" in page


def test_client_s_page_leads_to_the_page_and_back(staff: Browser) -> None:
    client_id = service_in("overdue").client_id
    assert f'href="{path_of()}/suspension?origin=client"' in staff.get(f"/staff/clients/{client_id}").text
    answer = post(staff, "suspend", reason=REASON, origin="client")

    assert answer.headers["Location"] == f"/staff/clients/{client_id}"


def test_panel_suspends_and_restores_what_staff_ask(app: Flask, staff: Browser) -> None:
    post(staff, "suspend", reason=REASON, lifts="1")
    drain(app.extensions["kajoom"], NOON)
    assert state_of() == (ServiceStatus.SUSPENDED, None, REASON)
    assert REASON in staff.get(f"{path_of()}/suspension?lang=en").text
    post(staff, "lift", reason="Entente de paiement.")
    drain(app.extensions["kajoom"], NOON)

    assert state_of() == (ServiceStatus.ACTIVE, None, "Entente de paiement.")
    acts = db.session.scalars(select(AuditRow.act).where(AuditRow.actor.startswith("staff:")).order_by(AuditRow.id))
    assert list(acts) == ["service_suspended", "suspension_lifted"]


def test_form_shows_what_is_unpaid_and_whether_its_payment_restores_the_service(staff: Browser) -> None:
    page = staff.get(f"{path_of()}/suspension?lang=en").text
    assert re.search(r'name="lifts" value="1" checked', page)
    assert number_of("overdue") in page
    assert "The client’s language is French." in page
    assert 'name="lifts"' not in staff.get(f"{path_of('hosting')}/suspension").text
    post(staff, "suspend", reason=REASON)

    assert not service_in("overdue").lifts_when_paid


def test_suspension_needs_a_reason(staff: Browser) -> None:
    answer = post(staff, "suspend", reason=" ", origin="client")
    assert (answer.status_code, 'data-refusal="no_reason"' in answer.text) == (422, True)
    assert 'name="origin" value="client"' in answer.text
    assert not re.search(r'name="lifts" value="1" checked', answer.text)
    assert post(staff, "suspend", reason="x" * 501).status_code == 422
    assert state_of() == (ServiceStatus.ACTIVE, None, "")


def test_second_person_reads_that_it_is_done_and_nothing_is_doubled(staff: Browser) -> None:
    post(staff, "suspend", reason=REASON)
    answer = post(staff, "suspend", reason="Encore.")
    assert (answer.status_code, 'data-refusal="already_suspended"' in answer.text) == (409, True)
    assert "<textarea" not in answer.text
    post(staff, "lift", reason="Payé.")
    answer = post(staff, "lift", reason="Payé.")

    assert (answer.status_code, 'data-refusal="not_suspended"' in answer.text) == (409, True)
    assert service_in("overdue").suspension_no == 2


def test_service_that_has_ended_or_is_not_set_up_has_no_form(staff: Browser) -> None:
    for status, code in ((ServiceStatus.TERMINATED, "service_ended"), (ServiceStatus.PENDING, "not_active")):
        service_in("overdue").status = status
        db.session.commit()
        page = staff.get(f"{path_of()}/suspension")
        assert page.status_code == 200
        assert f'data-refusal="{code}"' in page.text
        assert "<textarea" not in page.text
        assert post(staff, "suspend", reason=REASON).status_code == 409
    assert staff.get("/staff/services/999999/suspension").status_code == 404
    token = staff.token("/account")
    assert staff.post("/staff/services/999999/lift", data={"csrf_token": token}).status_code == 404


def test_htmx_replaces_the_form_or_leads_to_the_list(staff: Browser) -> None:
    data = {"csrf_token": staff.token("/account"), "reason": ""}
    refused = staff.fragment(f"{path_of()}/suspend", method="POST", data=data)
    assert (refused.status_code, "<html" in refused.text, 'id="suspension"' in refused.text) == (422, False, True)
    done = staff.fragment(f"{path_of()}/suspend", method="POST", data={**data, "reason": REASON})

    assert done.headers["HX-Redirect"] == "/staff/overdue"


def test_page_takes_few_statements(staff: Browser, statements: Statements) -> None:
    path = f"{path_of()}/suspension"
    staff.get(path)
    with statements() as made:
        staff.get(path)
    assert len(made) <= 6, "\n\n".join(made)


def test_page_is_in_both_languages(staff: Browser) -> None:
    assert "Suspendre un service" in staff.get(f"{path_of()}/suspension?lang=fr").text
    assert "Suspend a service" in staff.get(f"{path_of()}/suspension?lang=en").text
    db.session.query(Service).update({"status": ServiceStatus.SUSPENDED})
    db.session.commit()
    assert "Lever la suspension" in staff.get(f"{path_of()}/suspension?lang=fr").text
