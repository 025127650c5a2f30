"""Account credit and refunds on the pages of managers: what is listed, given, taken back and sent back, once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from kajoom.domain.credit import CreditReason
from kajoom.domain.staff import StaffRole
from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_email
from kajoom.models.credit import CreditEntry
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.outbox import Message
from kajoom.models.payment import Payment
from kajoom.models.refund import RefundAttempt
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.orders.provisioning import mark_refused
from tests.conftest import Browser, Statements
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON
from tests.web.demo_rows import TODAY, number_of, record_received, reference_of
from tests.web.pages import refusal_in
from tests.worker_runs import run_once

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("staff_in_english")]


@pytest.fixture
def path(app: Flask) -> str:
    """The page of the French-speaking client's credit."""
    client = client_by_email("fr@example.com")
    assert client is not None
    return f"/staff/clients/{client.id}/credit"


@pytest.fixture
def refused(app: Flask) -> str:
    """The invoice of a change that a provider took the money of, and that was then refused."""
    with app.extensions["kajoom"].demo_store.transaction() as file:
        file.execute("DELETE FROM refund")  # those of other tests, which the database has forgotten
    number = number_of("waiting-person")
    mark_refused(reference_of("waiting-person"), "The server is full.", "staff:lea", TODAY, NOON)
    return number


def seen_in(page: str) -> str:
    """The newest movement that a page shows."""
    return page.partition('name="seen" value="')[2].partition('"')[0]


def post(staff: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form of a page with what the page shows now, and these fields."""
    if "seen" not in fields and path.startswith("/staff/clients"):
        fields["seen"] = seen_in(staff.get(path).text)
    return staff.post(path, data={"csrf_token": staff.token("/account"), **fields})


def notice_of(staff: Browser, response: TestResponse) -> str:
    """The sentence on the page that follows a form."""
    assert response.status_code == 303, response.text
    page = staff.get(response.headers["Location"]).text
    return re.sub(r"<[^>]+>", "", page.partition('class="act-done"')[2].partition("</div>")[0].partition(">")[2])


def credit_of_client() -> int:
    """The cents of the French-speaking client's credit now."""
    db.session.rollback()
    client = client_by_email("fr@example.com")
    assert client is not None
    return sum(db.session.scalars(select(CreditEntry.cents).where(CreditEntry.client_id == client.id)))


def test_credit_is_given_with_a_reason_that_the_client_reads(staff: Browser, path: str, french: Browser) -> None:
    sentence = notice_of(staff, post(staff, path, amount="1 020,50 $", reason=" Panne du  3 octobre "))
    assert sentence.strip() == (
        "$1,020.50 CAD was added to the account credit of Françoise Tremblay, now $1,020.50 CAD. They are sent an"
        " e-mail."
    )
    entry = db.session.scalars(select(CreditEntry).order_by(CreditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.cents, entry.reason, entry.note) == (102_050, CreditReason.GRANTED, "Panne du 3 octobre")
    member = client_by_email("staff@example.com")
    assert member is not None
    act = db.session.execute(select(AuditRow.act, AuditRow.actor).order_by(AuditRow.id.desc())).first()
    assert act is not None
    assert tuple(act) == ("credit_changed", f"staff:{member.id}")
    keys = db.session.scalars(select(Message.key).where(Message.key.like("credit_granted-%")))
    assert list(keys) == [f"credit_granted-{entry.key}"]
    assert "Panne du 3 octobre" in french.get("/account").text


def test_credit_is_taken_back_down_to_zero(staff: Browser, path: str) -> None:
    assert 'value="take"' not in staff.get(path).text
    grant_credit("fr@example.com", "20.00", "Panne", NOON)
    assert 'value="take"' in staff.get(path).text
    too_much = post(staff, path, act="take", amount="20.01", reason="Erreur")
    assert (too_much.status_code, refusal_in(too_much.text)) == (422, "balance_too_low")
    assert "The client has only $20.00 CAD of account credit" in too_much.text
    assert re.search(r'value="take" checked', too_much.text)
    assert "was taken from the account credit" in notice_of(
        staff, post(staff, path, act="take", amount="20", reason="Erreur")
    )
    assert credit_of_client() == 0


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"amount": ""}, "amount", "not_an_amount"),
        ({"amount": "0"}, "amount", "not_an_amount"),
        ({"amount": "-5"}, "amount", "not_an_amount"),
        ({"amount": "-5", "act": "take"}, "amount", "not_an_amount"),
        ({"amount": "99999999999"}, "amount", "not_an_amount"),
        ({"reason": " "}, "reason", "no_reason"),
        ({"reason": "x" * 501}, "reason", "no_reason"),
    ],
)
def test_refusal_stands_at_its_field_and_loses_nothing(
    staff: Browser, path: str, fields: dict[str, str], field: str, code: str
) -> None:
    typed = {"amount": "20,00", "reason": "Panne <3>", **fields}
    page = staff.get(path).text
    with nothing_written():
        response = post(staff, path, seen=seen_in(page), **typed)
    assert (response.status_code, refusal_in(response.text)) == (422, code)
    assert f'aria-describedby="{field}-error"' in response.text or 'aria-describedby="reason-error"' in response.text
    for name, text in {"amount": "20,00", "reason": "Panne &lt;3&gt;"}.items():
        if name != field:
            assert re.search(rf'name="{name}"[^>]* value="{text}"', response.text), name


@pytest.mark.parametrize(
    "fields",
    [
        {"seen": ""},
        {"seen": "x"},
        {"seen": "-1"},
        {"seen": "9" * 30},
        {"currency": "EUR"},
        {"act": "x"},
    ],
)
def test_unreadable_form_gives_nothing(staff: Browser, path: str, fields: dict[str, str]) -> None:
    response = post(staff, path, **{"amount": "20.00", "reason": "Panne", **fields})
    assert response.status_code == 422
    assert credit_of_client() == 0


def test_second_person_reads_that_the_credit_has_changed(staff: Browser, path: str) -> None:
    seen = seen_in(staff.get(path).text)
    assert post(staff, path, seen=seen, amount="20.00", reason="Panne").status_code == 303
    for answer in (
        post(staff, path, seen=seen, amount="20.00", reason="Panne"),
        staff.fragment(
            path,
            "POST",
            data={"csrf_token": staff.token("/account"), "seen": seen, "amount": "20", "reason": "Panne"},
        ),
    ):
        assert (answer.status_code, refusal_in(answer.text)) == (409, "changed_since")
        assert "has changed since you saw it" in answer.text
        assert 'value="Panne"' in answer.text
    assert credit_of_client() == 2_000
    # The form that was shown with the refusal has the figures of now.
    assert post(staff, path, seen=seen_in(answer.text), amount="20.00", reason="Panne").status_code == 303
    assert credit_of_client() == 4_000


def test_payment_of_a_refused_change_is_sent_back_once(staff: Browser, path: str, refused: str) -> None:
    page = staff.get(path).text
    invoice = invoice_by_number(refused)
    assert invoice is not None
    assert f'action="/staff/invoices/{refused}/refund"' in page
    seen, amount = seen_in(page), f"${invoice.total}"
    response = post(staff, f"/staff/invoices/{refused}/refund", seen=seen)
    assert f"{amount} CAD of invoice {refused} was sent back" in notice_of(staff, response)
    assert response.headers["Location"] == f"{path}#refunds"
    assert credit_of_client() == 0
    page = staff.get(path).text
    assert 'data-refund="done"' in page
    assert f'action="/staff/invoices/{refused}/refund"' not in page
    again = post(staff, f"/staff/invoices/{refused}/refund", seen=seen)
    assert (again.status_code, refusal_in(again.text)) == (409, "nothing_to_refund")
    acts = db.session.scalars(select(AuditRow.act).where(AuditRow.act.like("refund_%")).order_by(AuditRow.id))
    assert list(acts) == ["refund_started", "refund_done"]
    assert db.session.scalar(select(Message.key).where(Message.key.like("refunded-%"))) is not None


def test_refund_decided_before_the_credit_moved_is_refused(staff: Browser, path: str, refused: str) -> None:
    seen = seen_in(staff.get(path).text)
    grant_credit("fr@example.com", "-1.00", "Erreur", NOON)
    answer = post(staff, f"/staff/invoices/{refused}/refund", seen=seen)
    assert (answer.status_code, refusal_in(answer.text)) == (409, "changed_since")
    assert db.session.query(RefundAttempt).count() == 0


@pytest.mark.slow  # a lost answer takes a while
@pytest.mark.parametrize(
    ("behaviour", "status", "sentence"),
    [
        (Behaviour.LOSE_BEFORE, "unknown", "We don’t know yet whether"),
        (Behaviour.LOSE_AFTER, "unknown", "We don’t know yet whether"),
        (Behaviour.REFUSE, "refused", "It is account credit again."),
    ],
)
def test_outcome_that_is_not_simply_done_is_shown_and_settled(
    app: Flask, staff: Browser, path: str, refused: str, behaviour: Behaviour, status: str, sentence: str
) -> None:
    credit = credit_of_client()
    app.extensions["kajoom"].demo_store.set_behaviour(DemoSystem.PAYMENT, behaviour, once=True)
    seen = seen_in(staff.get(path).text)
    response = post(staff, f"/staff/invoices/{refused}/refund", seen=seen)
    assert sentence in notice_of(staff, response)
    page = staff.get(path).text
    assert re.findall(r'data-refund="(\w+)"', page) == [status]
    if status == "refused":
        assert credit_of_client() == credit
        assert f'action="/staff/invoices/{refused}/refund"' in page
        return
    assert credit_of_client() == 0
    again = post(staff, f"/staff/invoices/{refused}/refund", seen=seen_in(page))
    assert (again.status_code, refusal_in(again.text)) == (409, "refund_under_way")
    while run_once(app.extensions["kajoom"], NOON + timedelta(minutes=5)):
        pass
    assert re.findall(r'data-refund="(\w+)"', staff.get(path).text) == ["done"]
    assert credit_of_client() == 0


def test_offline_payment_is_sent_back_by_hand(staff: Browser, path: str) -> None:
    number = number_of("unpaid-renewal")
    invoice = invoice_by_number(number)
    assert invoice is not None
    record_received(number, "1000.00")
    page = staff.get(path).text
    assert "then take the credit back above." in page
    assert f'action="/staff/invoices/{number}/refund"' not in page
    answer = post(staff, f"/staff/invoices/{number}/refund", seen=seen_in(page))
    assert (answer.status_code, refusal_in(answer.text)) == (409, "paid_offline")
    assert "Interac" in answer.text


def test_unknown_client_or_invoice_is_not_found(staff: Browser, path: str) -> None:
    member = client_by_email("staff@example.com")
    assert member is not None
    for client_id in (999_999, member.id):
        assert staff.get(f"/staff/clients/{client_id}/credit").status_code == 404
        assert post(staff, f"/staff/clients/{client_id}/credit", seen="0", amount="1", reason="x").status_code == 404
    assert post(staff, "/staff/invoices/1999-0001/refund", seen="0").status_code == 404


def test_agents_neither_read_nor_act(staff: Browser, path: str, refused: str) -> None:
    db.session.execute(update(Client).where(Client.role != "").values(role=StaffRole.AGENT.value))
    db.session.commit()
    for page in ("/staff/credit", path):
        assert staff.get(page).status_code == 403
    assert 'href="/staff/credit"' not in staff.get("/staff").text
    assert path not in staff.get(path.removesuffix("/credit")).text
    assert post(staff, path, seen="0", amount="20", reason="Panne").status_code == 403
    assert post(staff, f"/staff/invoices/{refused}/refund", seen="0").status_code == 403


def test_list_has_the_clients_with_credit_and_the_latest_refunds(staff: Browser, path: str, refused: str) -> None:
    grant_credit("en@example.com", "12.50", "Outage", NOON)
    seen = seen_in(staff.get(path).text)
    post(staff, f"/staff/invoices/{refused}/refund", seen=seen)
    page = staff.get("/staff/credit").text
    english = client_by_email("en@example.com")
    assert english is not None
    assert re.findall(r'data-client="(\d+)"', page) == [str(english.id)]
    assert 'value="12.50"' in page
    assert re.findall(r'data-refund="(\w+)"', page) == ["done"]
    assert f'href="{path}#refunds"' in page
    assert f'href="{path}"' in staff.get(path.removesuffix("/credit")).text
    assert 'href="/staff/credit"' in staff.get("/staff/payments").text.partition("<main")[2]


def test_pages_take_few_statements_whatever_their_length(
    staff: Browser, path: str, refused: str, statements: Statements
) -> None:
    pages = ("/staff/credit", path)
    few = {}
    for page in pages:
        staff.get(page)
        with statements() as collected:
            staff.get(page)
        few[page] = len(collected)
    _add_many(refused)
    for page in pages:
        with statements() as collected:
            text = staff.get(page).text
        assert len(collected) <= min(few[page] + 1, 6), "\n\n".join(collected)  # a second page of a list is counted
        assert len(re.findall("data-(?:client|invoice)=", text)) == 50


def _add_many(number: str) -> None:
    """Sixty invoices with a payment that became credit, and sixty clients with credit."""
    table = Invoice.__table__
    row = dict(db.session.execute(select(table).where(table.c.number == number)).mappings().one())
    invoice_id, client_id = row.pop("id"), row["client_id"]
    numbers = [f"{number}-{n}" for n in range(60)]
    db.session.execute(insert(Invoice), [{**row, "number": each} for each in numbers])
    ids = list(db.session.scalars(select(Invoice.id).where(Invoice.number.in_(numbers))))
    payment = {"provider": "demonstration", "cents": 500, "currency": "CAD", "received_at": NOON, "actor": "x"}
    db.session.execute(insert(Payment), [{**payment, "invoice_id": each, "reference": f"r{each}"} for each in ids])
    entry = {"cents": 500, "currency": "CAD", "reason": CreditReason.OVERPAID, "at": NOON, "note": ""}
    db.session.execute(
        insert(CreditEntry),
        [{**entry, "client_id": client_id, "invoice_id": each, "key": f"k{each}"} for each in ids],
    )
    holder = dict(db.session.execute(select(Client.__table__).where(Client.id == client_id)).mappings().one())
    del holder["id"]
    people = [{**holder, "email": f"{n}@x.ca", "external_id": f"X{n}", "fs_uniquifier": f"x{n}"} for n in range(60)]
    db.session.execute(insert(Client), people)
    others = db.session.scalars(select(Client.id).where(Client.email.like("%@x.ca")))
    db.session.execute(insert(CreditEntry), [{**entry, "client_id": each, "key": f"c{each}"} for each in others])
    db.session.commit()
    assert invoice_id
