"""Long lists come in pages of 50, and the product page shows the 10 newest changes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser, Statements
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, reference_of, service_in


def _copies(model: type[db.Model], row_id: int, count: int, *unique: str, **changed: object) -> None:  # type: ignore[name-defined]
    """Insert copies of a row that differ in the columns ``unique``."""
    table = model.__table__
    row = dict(db.session.execute(select(table).where(table.c.id == row_id)).mappings().one())
    del row["id"]
    rows = [{**row, **changed, **{name: f"{row[name]}-{n}" for name in unique}} for n in range(count)]
    db.session.execute(insert(table), rows)
    db.session.commit()


@pytest.fixture
def many_services(french: Browser) -> Browser:
    """A client with 130 services more."""
    _copies(Service, service_in("hosting").id, 130, "external_id", "label")
    return french


def test_services_come_in_pages_of_50(many_services: Browser) -> None:
    first, last = many_services.get("/services").text, many_services.get("/services?page=3").text
    assert first.count('class="card service"') == 50
    assert "Page 1 de 3" in first
    assert 'rel="next" href="/services?page=2"' in first
    assert 'rel="prev"' not in first
    assert 'rel="prev" href="/services?page=2"' in last
    assert 'rel="next"' not in last


def test_each_service_is_on_one_page(many_services: Browser) -> None:
    pages = "".join(many_services.get(f"/services?page={number}").text for number in (1, 2, 3))
    of_client = select(func.count()).select_from(Service).where(Service.client_id == service_in("hosting").client_id)
    links = re.findall(r'<h3><a href="([^"]+)">', pages)
    assert len(links) == len(set(links)) == db.session.scalar(of_client)


def test_filter_of_services_keeps_their_pages(many_services: Browser, statements: Statements) -> None:
    first = many_services.get("/services?q=EXEMPLE.CA-").text
    assert 'rel="next" href="/services?page=2&amp;q=EXEMPLE.CA-"' in first
    assert "130 services" in first
    with statements() as executed:
        assert many_services.get("/services?q=exemple.ca-&page=3").status_code == 200
    assert len(executed) == 4, "\n\n".join(executed)


def test_short_list_has_no_pager(french: Browser) -> None:
    assert 'class="pager"' not in french.get("/services").text


@pytest.mark.parametrize("page", ["0", "-1", "4", "two", "1.5", "", "99999999999999999999", "١"])
@pytest.mark.parametrize("path", ["/services", "/invoices", "/account"])
def test_page_that_does_not_exist_is_not_found(french: Browser, path: str, page: str) -> None:
    assert french.get(f"{path}?page={page}").status_code == 404


def test_page_of_services_takes_as_many_statements_whatever_its_length(
    many_services: Browser, statements: Statements
) -> None:
    many_services.get("/services")
    with statements() as executed:
        many_services.get("/services?page=2")
    assert len(executed) == 3, "\n\n".join(executed)


def test_invoices_come_in_pages_of_50_newest_first(french: Browser) -> None:
    invoice_id = db.session.scalar(select(Invoice.id).where(Invoice.number == number_of("unpaid-renewal")))
    assert invoice_id is not None
    _copies(Invoice, invoice_id, 60, "number", status="void")
    oldest = db.session.scalar(
        select(Invoice.number).where(Invoice.client_id == service_in("hosting").client_id).order_by(Invoice.id)
    )
    first, second = french.get("/invoices").text, french.get("/invoices?page=2").text
    assert first.count("bill-row") == 50
    assert "Page 2 de 2" in second
    assert f'/invoices/{oldest}"' not in first


def test_product_page_shows_the_ten_newest_changes_and_links_to_all(french: Browser, address: Address) -> None:
    order_id = db.session.scalar(select(Order.id).where(Order.reference == reference_of("refused")))
    assert order_id is not None
    _copies(Order, order_id, 60, "reference", "key")
    page = french.get(address("refused")).text
    assert page.count('<th scope="row"><a href="/orders/') == 10
    assert f'href="{address("refused")}/changes"' in page
    every = french.get(f"{address('refused')}/changes").text
    assert every.count('<th scope="row"><a href="/orders/') == 50
    assert reference_of("refused") in every
    assert french.get(f"{address('refused')}/changes?page=3").status_code == 404


def test_changes_of_another_client_are_not_found(english: Browser, address: Address) -> None:
    assert english.get(f"{address('refused')}/changes").status_code == 404


def test_product_page_with_few_changes_has_no_link_to_all(french: Browser, address: Address) -> None:
    assert "/changes" not in french.get(address("refused")).text


def test_credit_keeps_its_balance_from_page_to_page(french: Browser) -> None:
    for day in range(60):
        grant_credit("fr@example.com", "1.00", f"Jour {day}", NOON + timedelta(days=day))
    grant_credit("fr@example.com", "7.00", "Outage", NOON, "USD")
    first, second = french.get("/account").text, french.get("/account?page=2").text
    assert '<data id="account-credit" value="7.00">' in first
    assert '<data value="60.00">' in first
    rows = second.partition("<tbody>")[2].split("<tr>")[1:]
    assert len(rows) == 11
    assert [">11,00" in rows[0], ">1,00" in rows[-1]] == [True, True]
