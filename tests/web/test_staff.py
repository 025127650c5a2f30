"""The pages of staff: who may open them, and what the queue shows."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from kajoom.cli.staff import staff as staff_commands
from kajoom.domain.staff import StaffRole
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.task import Task
from tests.conftest import PASSWORD, Browser
from tests.web.conftest import NOON


def post(staff: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form with the CSRF token of the pages of staff."""
    return staff.post(path, data={"csrf_token": staff.token("/account"), **fields})


def test_staff_land_on_their_tasks_and_have_no_pages_of_a_client(app: Flask) -> None:
    browser = app.test_client()
    assert isinstance(browser, Browser)
    signed_in = browser.send("/login", email="staff@example.com", password=PASSWORD)
    assert browser.get(signed_in.headers["Location"]).headers["Location"] == "/staff"
    for path in ("/", "/services", "/invoices"):
        assert browser.get(path).headers["Location"] == "/staff"
    account = browser.get("/account")
    assert (account.status_code, 'id="credit"' in account.text, 'href="/invoices"' in account.text) == (
        200,
        False,
        False,
    )


def test_link_of_the_command_sets_the_password_and_opens_the_tasks(app: Flask, client: Browser) -> None:
    result = app.test_cli_runner().invoke(staff_commands, ["create", "lea@kajoom.example", "--lang", "en"])
    path = result.output.strip().rpartition("8000")[2]
    assert client.get(path).status_code == 200
    fields = {"csrf_token": client.token(path), "password": PASSWORD, "password_confirm": PASSWORD}
    response = client.post(path, data=fields)
    assert client.get(response.headers["Location"]).headers["Location"] == "/staff"
    assert "Your access is active" in client.get("/staff").text
    assert client.post(path, data={**fields, "csrf_token": client.token("/account")}).status_code == 410


@pytest.mark.parametrize("role", StaffRole)
def test_every_role_reads_the_queue_of_open_tasks_with_the_late_ones_marked(staff: Browser, role: StaffRole) -> None:
    db.session.execute(update(Client).where(Client.role != "").values(role=role.value))
    oldest = db.session.query(Task).order_by(Task.id).first()
    assert oldest is not None
    oldest.opened_at = NOON.replace(day=11)
    db.session.commit()

    page = staff.get("/staff").text

    rows = re.findall(r'<li [^>]*data-task="(\d+)"([^>]*)>', page)
    open_ids = {str(row.id) for row in db.session.query(Task).filter_by(closed_at=None)}
    assert {task_id for task_id, _ in rows} == open_ids
    assert len(re.findall(r'data-order="CH-2022-\d+"', page)) >= 1
    assert [task_id for task_id, more in rows if "data-late" in more] == [str(oldest.id)]


def test_queue_is_closed_to_clients_and_visitors(french: Browser, client: Browser) -> None:
    assert french.get("/staff").status_code == 403
    assert client.get("/staff").headers["Location"] == "/login?next=%2Fstaff"
    assert client.options("/staff").status_code == 200


def test_queue_asks_for_the_password_after_half_an_hour(staff: Browser) -> None:
    with staff.session_transaction() as cookie:
        cookie["fs_paa"] -= 31 * 60
        cookie.pop("fs_gexp", None)
    assert staff.get("/staff").headers["Location"] == "/verify?next=%2Fstaff"
    assert staff.get("/account").status_code == 200
    assert post(staff, "/verify?next=/staff", password=PASSWORD).headers["Location"] == "/staff"
    assert staff.get("/staff").status_code == 200
