"""The exports of managers: the file of a period, the same as that of the command, who asked for it, and refusals."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from kajoom.cli.export import export
from kajoom.domain.staff import StaffRole
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser, Statements
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON
from tests.web.pages import refusal_in

pytestmark = pytest.mark.usefixtures("staff_in_english")

OCTOBER = {"first": "2022-10-01", "last": "2022-10-31"}


def download(staff: Browser, **fields: str) -> TestResponse:
    """Ask for a file, read it, and close it as a server does."""
    data = {"kind": "documents", **OCTOBER, **fields, "csrf_token": staff.token("/account")}
    response = staff.post("/staff/exports", data=data)
    response.get_data()
    response.close()
    return response


def acts() -> list[tuple[str, str, str, int | None]]:
    """Each export in the audit: who, what, and the row that it names."""
    columns = (AuditRow.act, AuditRow.actor, AuditRow.subject, AuditRow.subject_id)
    rows = db.session.execute(select(*columns).where(AuditRow.act == "ledger_exported").order_by(AuditRow.id))
    return [tuple(row) for row in rows]  # type: ignore[misc]


def test_form_begins_with_the_last_whole_month(staff: Browser) -> None:
    page = staff.get("/staff/exports").text
    assert re.findall(r'type="date" required value="([^"]*)"', page) == ["2022-09-01", "2022-09-30"]
    assert 'value="documents" checked' in page
    assert 'href="/staff/exports"' in staff.get("/staff").text


@pytest.mark.parametrize("kind", ["documents", "payments", "credit"])
def test_file_is_that_of_the_command(app: Flask, staff: Browser, kind: str) -> None:
    grant_credit("fr@example.com", "12.50", "=SUM(A1)", NOON)
    response = download(staff, kind=kind)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    name = f"{kind}-2022-10-01-2022-10-31.csv"
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    assert response.headers["Cache-Control"] == "no-store"
    db.session.rollback()
    printed = app.test_cli_runner().invoke(export, [kind, "--from", "2022-10-01", "--to", "2022-10-31"])
    assert response.text == printed.output
    rows = list(csv.DictReader(StringIO(response.text)))
    assert rows
    if kind == "credit":
        assert [row["note"] for row in rows if row["note"]] == ["'=SUM(A1)"]


def test_who_exported_what_is_in_the_audit_before_the_file_is_sent(app: Flask, staff: Browser) -> None:
    member = client_by_email("staff@example.com")
    assert member is not None
    actor = f"staff:{member.id}"
    download(staff, kind="payments")
    db.session.rollback()
    app.test_cli_runner().invoke(export, ["credit", "--from", "2022-10-01", "--to", "2022-10-01"])
    first, second = acts()
    assert first == ("ledger_exported", actor, "payments 2022-10-01/2022-10-31", None)
    assert second[1].startswith("staff:")
    assert second[2:] == ("credit 2022-10-01/2022-10-01", None)


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"kind": ""}, "kind-documents", "no_kind"),
        ({"kind": "clients"}, "kind-documents", "no_kind"),
        ({"first": ""}, "first", "not_a_day"),
        ({"first": "01/10/2022"}, "first", "not_a_day"),
        ({"last": "2022-02-30"}, "last", "not_a_day"),
        ({"last": "9999-12-31"}, "last", "not_a_day"),
        ({"last": "2022-09-30"}, "last", "ends_before_start"),
        ({"first": "2021-10-30"}, "last", "too_long_period"),
    ],
)
def test_refusal_stands_at_its_field_and_nothing_is_recorded(
    staff: Browser, fields: dict[str, str], field: str, code: str
) -> None:
    with nothing_written():
        response = download(staff, **fields)
    assert (response.status_code, refusal_in(response.text)) == (422, code)
    assert f'aria-describedby="{field}-error"' in response.text
    for name, text in fields.items():
        if name != "kind":
            assert f'name="{name}" type="date" required value="{text}"' in response.text


def test_year_of_366_days_is_one_file(staff: Browser) -> None:
    assert download(staff, first="2021-10-31").status_code == 200


def test_agents_and_clients_have_no_exports(staff: Browser, french: Browser) -> None:
    assert french.get("/staff/exports").status_code == 403
    db.session.execute(update(Client).where(Client.role != "").values(role=StaffRole.AGENT.value))
    db.session.commit()
    assert staff.get("/staff/exports").status_code == 403
    assert download(staff).status_code == 403
    assert 'href="/staff/exports"' not in staff.get("/staff").text
    assert acts() == []


def test_file_of_many_documents_takes_few_statements(staff: Browser, statements: Statements) -> None:
    table = Invoice.__table__
    row = dict(db.session.execute(select(table).limit(1)).mappings().one())
    number, kind = row.pop("number"), row.pop("kind")
    del row["id"]
    copies = [{**row, "number": f"{number}-{n}", "kind": "change", "order_id": None} for n in range(900)]
    assert kind
    db.session.execute(insert(Invoice), copies)
    db.session.commit()
    with statements() as executed:
        response = download(staff)
    assert response.text.count("\n") > 900
    assert len(executed) <= 20  # each 500 documents are read in three, and the form's token is read before
    with statements() as executed:
        staff.get("/staff/exports")
    assert len(executed) <= 6
