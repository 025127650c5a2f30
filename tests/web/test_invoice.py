"""The list of invoices and the page of one: as a page, a fragment, a refusal, and for a stranger."""

from __future__ import annotations

import pytest

from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from tests.conftest import Browser, Statements
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import Address
from tests.web.demo_rows import number_of, record_received, reference_of, service_in
from tests.web.pages import post, value_of

# --- list ---


def test_list_shows_the_balance_and_links_to_pay_it(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    record_received(number, "100.00")  # of 172.46
    page = french.get("/invoices").text
    assert "<title>Factures · Kajoom</title>" in page
    assert '<data value="72.46">72,46\xa0$</data>' in page
    assert f'<a class="btn go pay" href="/invoices/{number}">' in page
    assert 'data-status="paid">Payée' in page


def test_list_alone_is_a_fragment(french: Browser) -> None:
    response = french.fragment("/invoices")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<div id="index"' in response.text


def test_list_has_only_the_clients_own_invoices(english: Browser, client: Browser) -> None:
    page = english.get("/invoices").text
    assert f'href="/invoices/{number_of("waiting-payment", "en")}"' in page
    assert f'href="/invoices/{number_of("waiting-payment")}"' not in page
    assert client.get("/invoices").location.startswith("/login")


def test_list_of_one_page_takes_three_statements(french: Browser, statements: Statements) -> None:
    french.get("/invoices")
    with statements() as executed:
        french.get("/invoices")
    assert len(executed) == 3, "\n\n".join(executed)


# --- show ---


def test_each_line_of_an_invoice_names_the_domain_of_its_service(french: Browser) -> None:
    page = french.get(f"/invoices/{number_of('unpaid-renewal')}").text
    assert f'<b class="block">{service_in("unpaid-renewal").label}</b>' in page


def test_invoice_shows_seller_client_lines_and_taxes_with_their_numbers(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    response = french.get(f"/invoices/{number}")
    assert response.status_code == 200
    assert f"<title>{service_in('unpaid-renewal').label} · Facture {number} · Kajoom</title>" in response.text
    for text in (
        "1200, rue de l’Exemple",
        "Les Jardins Tremblay inc.",
        "Forfait A",
        '<data id="balance" value="172.46">172,46\xa0$ CAD</data>',
    ):
        assert text in response.text
    for registration in ("000000000 RT0001", "0000000000 TQ0001"):
        assert response.text.count(registration) == 1
    figures = ("subtotal", "gst", "qst", "total", "balance")
    assert [value_of(response.text, figure) for figure in figures] == ["150.00", "7.50", "14.96", "172.46", "172.46"]


def test_invoice_alone_is_a_fragment(french: Browser) -> None:
    response = french.fragment(f"/invoices/{number_of('unpaid-renewal')}")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<div id="invoice"' in response.text


def test_payment_is_listed_with_its_day_method_and_reference(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    record_received(number, "100.00")
    page = french.get(f"/invoices/{number}").text
    assert '<td><time datetime="2022-10-17">2022-10-17</time></td><th scope="row">Virement Interac</th>' in page
    assert '<td class="reference">CA123</td><td><data value="100.00">' in page
    assert value_of(page, "balance") == "72.46"


def test_french_version_is_linked_from_the_english_one(english: Browser, french: Browser) -> None:
    path = f"/invoices/{number_of('waiting-payment', 'en')}"
    page = english.get(f"{path}?next=/services").text
    assert f'<a href="{path}?next=%2Fservices&amp;lang=fr" lang="fr" hreflang="fr"' in page
    assert "Facturé à" in english.get(f"{path}?lang=fr").text
    assert "Version française" not in french.get(f"/invoices/{number_of('waiting-payment')}").text


def test_invoice_says_why_its_client_was_exempt_from_taxes(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    invoice = db.session.query(Invoice).filter_by(number=number).one()
    assert "Exonéré de taxes" not in french.get(f"/invoices/{number}").text
    invoice.buyer = {**invoice.buyer, "tax_exempt": "Conseil de bande 1234"}
    db.session.commit()
    assert "Exonéré de taxes\xa0: Conseil de bande 1234" in french.get(f"/invoices/{number}").text


def test_void_invoice_says_so_and_cannot_be_paid(french: Browser) -> None:
    number, reference = number_of("waiting-payment"), reference_of("waiting-payment")
    post(french, f"/orders/{reference}/cancel")
    page = french.get(f"/invoices/{number}").text
    assert "Cette facture est annulée" in page
    assert "Payer" not in page
    assert value_of(page, "balance") == "0.00"


def test_invoice_links_to_the_local_page_it_was_opened_from(french: Browser, address: Address) -> None:
    path, choice = f"/invoices/{number_of('unpaid-renewal')}", f"{address('unpaid-renewal')}/plan"
    assert f'<a href="{choice}">' in french.get(f"{path}?next={choice}").text
    assert "evil" not in french.get(f"{path}?next=//evil.example/").text.partition("<main")[2]


@pytest.mark.parametrize("number", ["2022-9999", "x", "2022-0001%20"])
def test_unknown_invoice_is_not_found(french: Browser, number: str) -> None:
    assert french.get(f"/invoices/{number}").status_code == 404


def test_invoice_of_another_client_is_not_found(french: Browser, client: Browser) -> None:
    path = f"/invoices/{number_of('waiting-payment', 'en')}"
    assert french.get(path).status_code == 404
    assert french.fragment(path).status_code == 404
    assert client.get(path).location.startswith("/login")


@pytest.mark.parametrize(("state", "count"), [("waiting-payment", 3), ("waiting-person", 4), ("unpaid-renewal", 3)])
def test_invoice_page_takes_three_statements_and_one_for_refunds(
    french: Browser, statements: Statements, state: str, count: int
) -> None:
    path = f"/invoices/{number_of(state)}"
    french.get(path)
    with statements() as executed:
        french.get(path)
    assert len(executed) == count, "\n\n".join(executed)


# --- return from the provider ---


@pytest.mark.parametrize("query", ["", "?cancelled=1"])
def test_return_shows_the_invoice_and_writes_nothing(french: Browser, query: str) -> None:
    path = f"/invoices/{number_of('unpaid-renewal')}/payment/return{query}"
    with nothing_written():
        page, fragment = french.get(path), french.fragment(path)
    assert page.status_code == fragment.status_code == 200
    assert '<div id="invoice"' in page.text
    assert "<!doctype" not in fragment.text


def test_return_to_the_invoice_of_another_client_is_not_found(english: Browser, client: Browser) -> None:
    path = f"/invoices/{number_of('unpaid-renewal')}/payment/return"
    assert english.get(path).status_code == 404
    assert client.get(path).location.startswith("/login")


def test_unpaid_invoice_says_on_paper_how_to_pay_it(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    paper = french.get(f"/invoices/{number}").text.partition('<section class="on-paper">')[2].partition("</section>")[0]
    for text in (f"avec la référence {number}", f"/invoices/{number}", "Virement Interac", "Chèque"):
        assert text in paper


def test_paid_invoice_does_not_say_how_to_pay_it(french: Browser) -> None:
    page = french.get(f"/invoices/{number_of('waiting-person')}").text
    assert "on-paper" not in page
    assert "data-print>Imprimer ou enregistrer en PDF</button>" in page
