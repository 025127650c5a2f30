"""Staff open a client's service, order or invoice from their e-mails, to read only; other clients do not."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from kajoom.models.client import client_by_email
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import service_by_external_id
from tests.conftest import Browser, Statements
from tests.web.conftest import Address


def post(staff: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form with the CSRF token of the pages of staff."""
    return staff.post(path, data={"csrf_token": staff.token("/account"), **fields})


def main_of(page: str) -> str:
    """The main part of a page, between its header and its footer."""
    return page.partition("<main")[2].partition("</main>")[0]


def pages_of(client_email: str) -> list[str]:
    """The addresses of everything a client of the demonstration has."""
    client = client_by_email(client_email)
    assert client is not None
    orders = [f"/orders/{each.reference}" for each in db.session.query(Order).filter_by(client_id=client.id)]
    invoices = [f"/invoices/{each.number}" for each in db.session.query(Invoice).filter_by(client_id=client.id)]
    notes = [f"/invoices/{each.number}" for each in db.session.query(CreditNote).filter_by(client_id=client.id)]
    services = {each.service_id for each in db.session.query(Order).filter_by(client_id=client.id)}
    db.session.rollback()
    return [*orders, *invoices, *notes, *(f"/services/{each}" for each in services)]


def test_staff_read_every_page_of_a_client_without_a_form_or_a_button(staff: Browser) -> None:
    pages = pages_of("fr@example.com")
    assert len(pages) > 10
    for path in pages:
        response = staff.get(path)
        main = main_of(response.text)
        assert response.status_code == 200, path
        assert "Vous consultez la page de" in main, path
        assert "fr@example.com, comme membre du personnel" in main, path
        assert "<form" not in main, path
        assert not re.findall(r"<button(?![^>]* data-print)", main), path  # printing changes nothing
        assert not re.findall(r'href="[^"]*/(?:plan|cancellation|account)[^"]*"', main), path


def test_client_sees_no_banner_on_their_own_pages(french: Browser) -> None:
    for path in pages_of("fr@example.com"):
        assert "comme membre du personnel" not in french.get(path).text


def test_other_clients_find_nothing(english: Browser) -> None:
    for path in pages_of("fr@example.com"):
        assert english.get(path).status_code == 404, path


@pytest.mark.parametrize("address_of", ["/services/{id}/plan", "/services/{id}/cancellation"])
def test_staff_cannot_choose_or_cancel_for_a_client(staff: Browser, address_of: str) -> None:
    row = service_by_external_id("demo-fr-hosting")
    assert row is not None
    path = address_of.format(id=row.id)
    assert staff.get(path).status_code == 404
    assert post(staff, path).status_code == 404


def test_staff_cannot_pay_or_cancel_what_is_a_clients(staff: Browser) -> None:
    for path in pages_of("fr@example.com"):
        if path.startswith("/orders/"):
            assert post(staff, f"{path}/cancel").status_code == 404
            assert post(staff, f"{path}/payment").status_code == 404
        if path.startswith("/invoices/"):
            assert post(staff, f"{path}/payment", method="credit").status_code == 404


def test_unknown_page_is_not_found_by_staff(staff: Browser) -> None:
    for path in ("/services/99999", "/orders/CH-2000-000001", "/invoices/2000-0001"):
        assert staff.get(path).status_code == 404


def test_order_seen_by_staff_is_polled_without_a_change(staff: Browser) -> None:
    row = service_by_external_id("demo-fr-waiting-person")
    assert row is not None
    order = db.session.query(Order).filter_by(service_id=row.id).one()
    path = f"/orders/{order.reference}"
    seen = re.search(r"seen=([\w.]+)", staff.get(path).text)
    assert seen is not None
    assert staff.get(f"{path}?seen={seen[1]}").status_code == 204


def test_own_page_makes_no_other_statement(french: Browser, address: Address, statements: Statements) -> None:
    path = address("hosting")
    french.get(path)
    with statements() as collected:
        french.get(path)
    assert len(collected) == 3
