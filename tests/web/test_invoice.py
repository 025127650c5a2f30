"""An invoice is a sheet and what is left to pay: the page, the fragment, the refusal, the stranger."""

from __future__ import annotations

from datetime import date

import pytest
from werkzeug.test import TestResponse

from kajoom.models.client import client_by_email
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number
from kajoom.models.service import service_by_external_id
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from tests.conftest import Browser
from tests.web.conftest import NOON

TODAY = date(2022, 10, 17)


def invoice_of(state: str, language: str = "fr") -> Invoice:
    """The latest invoice of a service of the demonstration."""
    service = service_by_external_id(f"demo-{language}-{state}")
    assert service is not None
    return db.session.query(Invoice).filter_by(service_id=service.id).order_by(Invoice.id.desc()).first()  # type: ignore[return-value]


def number_of(state: str, language: str = "fr") -> str:
    return invoice_of(state, language).number


def sent(visitor: Browser, path: str, **fields: str) -> TestResponse:
    """Post a form of the house, with the token of the client's own pages."""
    return visitor.post(path, data={"csrf_token": visitor.token("/services"), **fields})


def received(number: str, amount: str) -> None:
    record_offline_payment(number, OfflinePayment(amount, TODAY, NOON, "CA123", "interac"), TODAY, "staff:lea", NOON)


def test_the_list_shows_what_is_left_and_leads_to_pay_it(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    received(number, "100.00")  # of 172.46
    page = french.get("/invoices").text
    assert '<data value="72.46">72,46\xa0$</data>' in page
    assert f'<a class="btn go pay" href="/invoices/{number}">' in page
    assert 'data-status="paid">Payée' in page


def test_the_list_alone_is_a_fragment(french: Browser) -> None:
    result = french.fragment("/invoices").text
    assert "<!doctype" not in result
    assert '<div id="index"' in result


def test_an_invoice_says_seller_client_lines_taxes_and_their_numbers(french: Browser) -> None:
    page = french.get(f"/invoices/{number_of('unpaid-renewal')}").text
    for said in (
        "1200, rue de l&#39;Exemple",
        "Les Jardins Tremblay inc.",
        "Forfait A",
        '<data id="subtotal" value="150.00">',
        '<data id="gst" value="7.50">',
        '<data id="qst" value="14.96">',
        '<data id="total" value="172.46">',
        '<data id="balance" value="172.46">172,46\xa0$ CAD</data>',
        "Inscription à la TPS\xa0: 000000000 RT0001",
        "Inscription à la TVQ\xa0: 0000000000 TQ0001",
    ):
        assert said in page


def test_an_invoice_alone_is_a_fragment(french: Browser) -> None:
    result = french.fragment(f"/invoices/{number_of('unpaid-renewal')}").text
    assert "<!doctype" not in result
    assert '<div id="invoice"' in result


def test_a_payment_is_told_with_its_day_method_and_reference(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    received(number, "100.00")
    page = french.get(f"/invoices/{number}").text
    assert '<td><time datetime="2022-10-17">2022-10-17</time></td><th scope="row">Virement Interac</th>' in page
    assert '<td class="reference">CA123</td><td><data value="100.00">' in page
    assert '<data id="balance" value="72.46">' in page


def test_the_usual_offline_method_comes_first_with_amount_and_reference(french: Browser) -> None:
    number = number_of("unpaid-renewal")  # by Interac
    page = french.get(f"/invoices/{number}").text
    ways = page.partition('class="column ways"')[2]
    assert ways.index("Virement Interac") < ways.index("Chèque")
    assert ways.partition("<details")[2].startswith(' class="way" open>')
    assert "paiements@example.com" in ways
    assert f'<dd class="num">{number}</dd>' in ways
    assert "Comment payer" in page


def test_a_client_who_pays_online_may_pay_another_way(french: Browser) -> None:
    page = french.get(f"/invoices/{number_of('waiting-payment')}").text
    assert "Ou payer autrement" in page
    assert 'class="way" open' not in page
    assert "Payer " in page


def test_the_instructions_speak_the_language_of_the_page(english: Browser) -> None:
    page = english.get(f"/invoices/{number_of('waiting-payment', 'en')}").text
    assert "payments@example.com" in page
    assert "paiements@example.com" not in page


def test_french_is_always_obtainable_at_the_same_address(english: Browser, french: Browser) -> None:
    address = f"/invoices/{number_of('waiting-payment', 'en')}"
    page = english.get(f"{address}?next=/services").text
    assert f'<a href="{address}?next=%2Fservices&amp;lang=fr" lang="fr" hreflang="fr"' in page
    assert "Facturé à" in english.get(f"{address}?lang=fr").text
    assert "Version française" not in french.get(f"/invoices/{number_of('waiting-payment')}").text


def test_a_void_invoice_says_so_and_asks_for_nothing(french: Browser) -> None:
    invoice = invoice_of("waiting-payment")
    assert invoice.order is not None
    number, reference = invoice.number, invoice.order.reference
    sent(french, f"/orders/{reference}/cancel")
    page = french.get(f"/invoices/{number}").text
    assert "Cette facture est annulée" in page
    assert "Payer" not in page
    assert '<data id="balance" value="0.00">' in page


def test_account_credit_pays_as_far_as_it_goes(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    grant_credit("fr@example.com", "25.00", "Panne", NOON)
    assert "Utiliser 25,00\xa0$ de mon crédit au compte" in french.get(f"/invoices/{number}").text

    result = sent(french, f"/invoices/{number}/payment", method="credit")

    assert result.status_code == 303
    assert '<data id="credit-used" value="25.00">' in french.get(f"/invoices/{number}").text
    client = client_by_email("fr@example.com")
    assert client is not None
    assert not balance_of(client.id, "CAD")


def test_credit_that_is_not_there_is_refused(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    result = sent(french, f"/invoices/{number}/payment", method="credit")
    assert result.status_code == 409
    assert 'data-refusal="too_late"' in result.text


@pytest.mark.parametrize("method", ["interac", "", "gold"])
def test_a_method_that_takes_no_money_here_is_refused(french: Browser, method: str) -> None:
    result = sent(french, f"/invoices/{number_of('unpaid-renewal')}/payment", method=method)
    assert result.status_code == 422
    assert 'data-refusal="unreadable"' in result.text


def test_paying_a_renewal_leads_back_to_the_choice(french: Browser) -> None:
    number = number_of("unpaid-renewal")
    result = sent(french, f"/invoices/{number}/payment", method="demonstration", next="/services/6/plan?plan=b")
    assert (result.status_code, result.headers["Location"]) == (303, "/services/6/plan?plan=b")
    paid = invoice_by_number(number)
    assert paid is not None
    assert not paid.balance


def test_a_strangers_invoice_is_as_if_it_did_not_exist(french: Browser, client: Browser) -> None:
    number = number_of("waiting-payment", "en")
    assert french.get(f"/invoices/{number}").status_code == 404
    assert sent(french, f"/invoices/{number}/payment", method="credit").status_code == 404
    assert client.get(f"/invoices/{number}").status_code == 303
