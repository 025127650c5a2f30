"""The search of staff, and the page of a client: what is found, what is shown, and what it costs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert, select

from kajoom.models.cancellation import Cancellation
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.accounts.passwords import request_reset
from kajoom.operations.billing.credit_notes import credit_invoice
from tests import factories
from tests.conftest import Browser, Statements
from tests.web.conftest import NOON
from tests.web.demo_rows import TODAY, number_of, record_received, reference_of, service_in


def client_path(email: str = "fr@example.com") -> str:
    """The address of a client's page."""
    row = client_by_email(email)
    assert row is not None
    return f"/staff/clients/{row.id}"


def links_of(staff: Browser, sought: str) -> list[str]:
    """The addresses that a search leads to, in the order of the page."""
    response = staff.get("/staff/search", query_string={"q": sought, "lang": "en"})
    assert response.status_code == 200
    main = response.text.partition("<main")[2].partition("</main>")[0]
    return re.findall(r'<a [^>]*href="([^"]+)"', main)


@pytest.mark.parametrize(
    "sought",
    [
        "fr@example.com",
        " FR@Example.com ",
        "françoise tremblay",
        "FRANCOISE",
        "tremblay",
        "les jardins",
        "demo-fr",
    ],
)
def test_client_is_found_by_name_company_address_and_id_of_the_billing(staff: Browser, sought: str) -> None:
    assert client_path() in links_of(staff, sought)
    assert client_path("en@example.com") not in links_of(staff, sought)


@pytest.mark.parametrize("sought", ["exemple.ca", "EXEMPLE", "https://www.exemple.ca/page", "demo-fr-hosting"])
def test_service_is_found_by_domain_with_its_client(staff: Browser, sought: str) -> None:
    links = links_of(staff, sought)
    assert f"/services/{service_in('hosting').id}" in links
    assert client_path() in links


def test_exact_reference_comes_first_and_leads_to_its_page(staff: Browser) -> None:
    record_received(number_of("unpaid-renewal"), "10.00")
    paid = db.session.scalars(select(Invoice.number).where(Invoice.status == "paid")).first() or ""
    note, _ = credit_invoice(paid, "1.00", "Error", "staff:lea", TODAY, NOON)
    request = db.session.scalars(select(Cancellation)).first()
    assert request is not None
    expected = {
        reference_of("waiting-person"): f"/orders/{reference_of('waiting-person')}",
        reference_of("waiting-person").lower(): f"/orders/{reference_of('waiting-person')}",
        number_of("unpaid-renewal"): f"/invoices/{number_of('unpaid-renewal')}",
        f"#{note.number}": f"/invoices/{note.number}",
        "ca123": f"/invoices/{number_of('unpaid-renewal')}",
        request.reference: f"/services/{request.service_id}",
    }
    for sought, page in expected.items():
        first, client, *_ = links_of(staff, sought)
        assert (first, client[:15]) == (page, "/staff/clients/"), sought


def test_staff_and_what_does_not_exist_are_not_found(staff: Browser) -> None:
    for sought in ("staff@example.com", "nobody", "%", "_", "CH-2022-999999", "'", "\\", "é" * 200):
        assert links_of(staff, sought) == [], sought
    assert staff.get("/staff/search", query_string={"q": "x" * 201}).status_code == 422
    assert staff.get("/staff/search?q=a&q=b").status_code == 422
    assert links_of(staff, "") == links_of(staff, "   ") == []


def test_name_that_is_changed_is_found_by_the_new_one_only(staff: Browser) -> None:
    row = client_by_email("fr@example.com")
    assert row is not None
    row.name = "Zoé Œuvrard"
    service_in("hosting").label = "Nouveau.ca"
    db.session.commit()
    assert client_path() in links_of(staff, "oeuvrard")
    assert links_of(staff, "tremblay") == []
    assert f"/services/{service_in('hosting').id}" in links_of(staff, "nouveau")


def test_search_that_finds_more_than_fifty_asks_for_more_of_the_text(staff: Browser) -> None:
    rows = [
        {"external_id": f"m{n}", "email": f"m{n}@many.example", "name": f"Many {n:03}", "search_name": f"many {n:03}"}
        for n in range(60)
    ]
    db.session.execute(insert(Client), [{**row, "fs_uniquifier": row["email"], "created_at": NOON} for row in rows])
    db.session.commit()
    assert len(links_of(staff, "many")) == 50
    assert "Only the first 50 are shown" in staff.get("/staff/search?q=many&lang=en").text


@pytest.mark.parametrize(("path", "most"), [("/staff/search?q=e", 5), ("client", 6)])
def test_pages_run_few_statements_whatever_the_data(
    staff: Browser, statements: Statements, path: str, most: int
) -> None:
    path = client_path() if path == "client" else path
    holder = client_by_email("fr@example.com")
    plan = service_in("hosting").plan_id
    rows = [
        {"external_id": f"e{n}", "label": f"e{n}.ca", "search_label": f"e{n}.ca", "version": 1, "quantity": 1}
        for n in range(70)
    ]
    same = {"plan_id": plan, "client_id": holder.id if holder else 0, "status": "active", "cycle": "monthly"}
    money = {"currency": "CAD", "recurring_cents": 100, "anchor_day": 1, "payment_method": "paypal"}
    db.session.execute(insert(Service), [{**row, **same, **money, "registered_on": NOON.date()} for row in rows])
    db.session.commit()
    staff.get(path)
    with statements() as collected:
        assert staff.get(path).status_code == 200
    assert len(collected) <= most, "\n\n".join(collected)


def test_page_of_a_client_links_to_all_that_they_have(staff: Browser) -> None:
    page = staff.get(f"{client_path()}?lang=en").text
    client = client_by_email("fr@example.com")
    assert client is not None
    services = db.session.scalars(select(Service.id).where(Service.client_id == client.id)).all()
    orders = db.session.scalars(
        select(Order.reference).where(Order.client_id == client.id).order_by(Order.id.desc()).limit(10)
    ).all()
    invoice = db.session.scalars(select(Invoice).where(Invoice.client_id == client.id).order_by(Invoice.id)).all()[-1]
    for path in (
        *(f"/services/{each}" for each in services),
        *(f"/orders/{each}" for each in orders),
        f"/invoices/{invoice.number}",
    ):
        assert f'href="{path}"' in page, path
    assert {"Les Jardins Tremblay inc.", "fr@example.com", "demo-fr"} <= set(re.findall(r"<dd>([^<]+)</dd>", page))


def test_page_of_a_client_shows_sign_ins_without_the_address(staff: Browser) -> None:
    page = staff.get(f"{client_path()}?lang=en").text
    assert "Last used" in page
    assert "None" not in page.partition("Last sign-in")[2].partition("</div>")[0]
    assert "127.0.0" not in page


def test_page_of_a_client_tells_sent_e_mails_from_those_that_were_not(staff: Browser) -> None:
    request_reset("fr@example.com", NOON)
    page = staff.get(f"{client_path()}?lang=en").text
    assert re.search(r"New password\s*<small[^>]*>To be sent", page)
    message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert message is not None
    for columns, shown in (
        ({"sent_at": NOON, "done_at": NOON}, "Sent: "),
        ({"sent_at": None}, "Not needed any more: "),
        ({"done_at": None, "dead_at": NOON}, "Could not be sent: "),
    ):
        for name, value in columns.items():
            setattr(message, name, value)
        db.session.commit()
        assert re.search(rf"New password\s*<small[^>]*>{shown}", staff.get(client_path()).text), shown


def test_page_of_a_client_shows_credit_in_each_currency(staff: Browser) -> None:
    client = factories.client(name="", email="new@example.com")
    factories.credit(client, 15_00)
    factories.credit(client, 2_00, "USD")
    factories.credit(client, -2_00, "EUR")
    factories.credit(client, 2_00, "EUR")
    page = staff.get(f"{client_path('new@example.com')}?lang=en").text
    credit = page.partition("Account credit")[2].partition("</div>")[0]
    assert re.findall(r"[A-Z]{3}", re.sub("<[^>]*>", "", credit)) == ["CAD"]
    assert "US$2.00" in credit
    assert "<h1>new@example.com</h1>" in page


def test_staff_and_unknown_ids_have_no_page(staff: Browser) -> None:
    assert staff.get(client_path("staff@example.com")).status_code == 404
    assert staff.get("/staff/clients/99999").status_code == 404
    assert staff.get("/staff/clients/99999999999999999999").status_code == 404
