"""Payments to confirm: the invoices that are listed and found, and the money recorded for them."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from kajoom.domain.staff import StaffRole
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.payment import Payment
from tests.conftest import Browser, SignIn, Statements
from tests.web.demo_rows import number_of, record_received

pytestmark = pytest.mark.slow


@pytest.fixture
def staff(signed_in: SignIn) -> Browser:
    """A test client signed in as an agent, who reads English."""
    browser = signed_in("staff@example.com")
    db.session.query(Client).filter(Client.role != "").update({"role": StaffRole.AGENT.value})
    db.session.commit()
    browser.get("/staff?lang=en")
    return browser


@pytest.fixture
def number(app: Flask) -> str:
    """An unpaid renewal."""
    return number_of("unpaid-renewal")


def receive(staff: Browser, number: str, **fields: str) -> TestResponse:
    """Record a payment, by default of the whole balance."""
    invoice = invoice_by_number(number)
    typed = {"on": "2022-10-14", "method": "interac", "reference": "CA5", **fields}
    typed.setdefault("amount", str(invoice.balance) if invoice else "1.00")
    return staff.post(f"/staff/payments/{number}", data={"csrf_token": staff.token("/account"), **typed})


def listed(page: str) -> list[str]:
    """The numbers of the invoices of a page."""
    return re.findall(r'data-invoice="([^"]+)"', page)


def balance_of(number: str) -> str:
    """What is left to pay of an invoice."""
    db.session.rollback()
    invoice = invoice_by_number(number)
    assert invoice is not None
    return str(invoice.balance)


def notice_after(staff: Browser, response: TestResponse) -> str:
    """The sentence on the page that follows a form."""
    assert response.status_code == 303, response.text
    page = staff.get(response.headers["Location"]).text
    return re.sub(r"<[^>]+>", "", page.partition('class="act-done"')[2].partition("</div>")[0].partition(">")[2])


def test_unpaid_invoices_of_offline_methods_are_listed_the_oldest_due_date_first(staff: Browser) -> None:
    numbers = listed(staff.get("/staff/payments").text)
    assert numbers
    due = [db.session.scalar(select(Invoice.due_on).where(Invoice.number == number)) for number in numbers]
    assert due == sorted(due)  # type: ignore[type-var]
    for number in numbers:
        invoice = invoice_by_number(number)
        assert invoice is not None
        assert invoice.balance
        chosen = (invoice.order.payment_method if invoice.order else "") or invoice.service.payment_method
        assert chosen in {"interac", "cheque"}


@pytest.mark.parametrize("words", ["{number}", "{client}", "{balance}", "{comma} $", "{number} {comma}", "{domain}"])
def test_invoice_is_found_by_number_amount_domain_or_client(staff: Browser, number: str, words: str) -> None:
    invoice = invoice_by_number(number)
    assert invoice is not None
    text = words.format(
        number=number.lower(),
        client=invoice.client.name.upper(),
        balance=invoice.balance,
        comma=str(invoice.balance).replace(".", ","),
        domain=invoice.service.label,
    )
    assert number in listed(staff.get("/staff/payments", query_string={"q": text}).text)


def test_words_that_do_not_all_match_find_nothing(staff: Browser, number: str) -> None:
    page = staff.get("/staff/payments", query_string={"q": f"{number} 0,01"}).text
    assert listed(page) == []
    assert "No unpaid invoice matches." in page


def test_paid_invoice_is_found_by_its_whole_number_only(staff: Browser, number: str) -> None:
    receive(staff, number)
    assert listed(staff.get(f"/staff/payments?q={number}").text) == [number]
    assert number not in listed(staff.get(f"/staff/payments?q={number[:-1]}").text)


def test_amount_of_the_form_is_written_as_the_page_writes_amounts(staff: Browser, number: str) -> None:
    balance = balance_of(number)
    assert f'name="amount" inputmode="decimal" autocomplete="off" required value="{balance}"' in (
        staff.get(f"/staff/payments?q={number}").text
    )
    french = staff.get(f"/staff/payments?q={number}&lang=fr").text
    assert f'value="{balance.replace(".", ",")}"' in french


def test_whole_payment_pays_the_invoice(staff: Browser, number: str) -> None:
    said = notice_after(staff, receive(staff, number, reference=" ca 12 "))
    assert f"invoice {number} is paid in full." in said
    assert balance_of(number) == "0.00"
    payment = db.session.query(Payment).order_by(Payment.id.desc()).first()
    assert payment is not None
    staff_id = client_by_email("staff@example.com")
    assert staff_id is not None
    assert (payment.reference, payment.actor) == ("interac:CA 12", f"staff:{staff_id.id}")
    assert payment.received_at.date().isoformat() == "2022-10-14"
    acts = db.session.scalars(select(AuditRow.actor).where(AuditRow.act == "payment_recorded"))
    assert f"staff:{staff_id.id}" in set(acts)


@pytest.mark.parametrize("amount", ["10,00", "10.00", "$10", "10,00 $", "10"])
def test_part_leaves_the_rest_to_be_paid(staff: Browser, number: str, amount: str) -> None:
    invoice = invoice_by_number(number)
    assert invoice is not None
    left = (invoice.balance.cents - 1000) / 100
    said = notice_after(staff, receive(staff, number, amount=amount))
    assert f"$10.00 CAD was recorded for invoice {number}: ${left:.2f} CAD is still to be paid." in said
    assert balance_of(number) == f"{left:.2f}"


def test_excess_becomes_account_credit(staff: Browser, number: str) -> None:
    said = notice_after(staff, receive(staff, number, amount="1,000.00"))
    assert f"invoice {number} is paid in full, and $" in said
    assert "was added to the account credit" in said


def test_payment_of_a_paid_invoice_becomes_account_credit(staff: Browser, number: str) -> None:
    record_received(number, balance_of(number))
    page = staff.get(f"/staff/payments?q={number}").text
    assert "Nothing is due on this invoice" in page
    said = notice_after(staff, receive(staff, number, amount="5"))
    assert said.strip() == (
        f"$5.00 CAD was recorded. Nothing was due on invoice {number}, so the whole amount is now account credit."
    )


def test_same_payment_typed_by_two_people_is_recorded_once(staff: Browser, number: str) -> None:
    receive(staff, number, amount="10.00", reference="ca5")
    left = balance_of(number)
    said = notice_after(staff, receive(staff, number, amount="10.00", reference="CA5"))
    assert said.strip() == f"This payment of invoice {number} was already recorded: nothing was added."
    assert balance_of(number) == left


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"amount": ""}, "amount", "Enter the amount received"),
        ({"amount": "-5"}, "amount", "Enter the amount received"),
        ({"amount": "1,2345"}, "amount", "Enter the amount received"),
        ({"amount": "9" * 500}, "amount", "Enter the amount received"),
        ({"on": ""}, "on", "Enter the day the money was received"),
        ({"on": "2022-13-45"}, "on", "Enter the day the money was received"),
        ({"on": "2022-10-18"}, "on", "This day is in the future."),
        ({"on": "9999-12-31"}, "on", "This day is in the future."),
        ({"method": "barter"}, "method", "Choose how the money was received."),
        ({"method": "credit"}, "method", "Choose how the money was received."),
        ({"reference": " "}, "reference", "Enter the bank’s reference"),
        ({"reference": "x" * 500}, "reference", "Enter the bank’s reference"),
    ],
)
def test_refusal_stands_at_its_field_and_loses_nothing(
    staff: Browser, number: str, fields: dict[str, str], field: str, sentence: str
) -> None:
    before = balance_of(number)
    response = receive(staff, number, **{"amount": "12,34", "reference": "CA99", **fields})
    page = response.text
    assert response.status_code == 422
    error = re.search(rf'id="{field}-(\d+)-error">.*?<span>(.*?)</span>', page)
    assert error is not None
    assert error[2].startswith(sentence)
    assert f'aria-describedby="{field}-{error[1]}-error"' in page
    assert listed(page) == [number]
    for name, typed in {"amount": "12,34", "reference": "CA99"}.items():
        if name != field:
            assert re.search(rf'name="{name}"[^>]* value="{typed}"', page), name
    assert balance_of(number) == before


def test_reference_of_another_payment_is_refused(staff: Browser, number: str) -> None:
    receive(staff, number, amount="10.00")
    response = receive(staff, number, amount="11.00")
    assert response.status_code == 409
    assert f"CA5 is already recorded: $10.00 CAD for invoice {number}." in response.text


def test_form_of_an_unknown_invoice_is_not_found(staff: Browser) -> None:
    assert receive(staff, "1999-0001").status_code == 404


def test_htmx_swaps_the_list_of_a_refusal_and_goes_to_the_page_of_a_success(staff: Browser, number: str) -> None:
    data = {"csrf_token": staff.token("/account"), "on": "2022-10-14", "method": "interac", "reference": "CA5"}
    refused = staff.fragment(f"/staff/payments/{number}", "POST", data={**data, "amount": "x"})
    assert (refused.status_code, "<html" in refused.text, 'id="payments"' in refused.text) == (422, False, True)
    done = staff.fragment(f"/staff/payments/{number}", "POST", data={**data, "amount": "1", "q": "é"})
    assert (done.status_code, done.headers["HX-Redirect"]) == (200, "/staff/payments?q=%C3%A9")


def test_page_takes_as_many_statements_whatever_its_length(staff: Browser, number: str, statements: Statements) -> None:
    staff.get("/staff/payments")
    with statements() as few:
        staff.get(f"/staff/payments?q={number}")
    table = Invoice.__table__
    row = dict(db.session.execute(select(table).where(table.c.number == number)).mappings().one())
    del row["id"]
    copies = [{**row, "number": f"{number}-{n}", "status": "open", "kind": "change"} for n in range(120)]
    db.session.execute(insert(Invoice), copies)
    db.session.commit()
    with statements() as many:
        page = staff.get(f"/staff/payments?q={number}").text
    assert len(listed(page)) == 50
    assert len(many) == len(few) <= 6, "\n\n".join(many)
