"""The page of a credit note, its place in the lists, and the sentence about the days that are paid."""

from __future__ import annotations

import re

import pytest

from kajoom.models.credit_note import CreditNote
from kajoom.operations.orders.provisioning import mark_refused
from tests.conftest import Browser, Statements
from tests.operations.ledger_checks import nothing_written, rows
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import TODAY, number_of, reference_of, service_in
from tests.web.pages import post, value_of

FIGURES = ("subtotal", "gst", "qst", "total")
SENTENCE = "Vous ne payez que les jours où votre nouveau forfait est en vigueur."


@pytest.fixture
def note(french: Browser) -> str:
    """The number of the credit note of a change to plan C that was paid and refused."""
    mark_refused(reference_of("waiting-person"), "Plus de place.", "staff:lea", TODAY, NOON)
    [row] = rows(CreditNote)
    return row.number


def figures_in(page: str) -> list[str]:
    return [value_of(page, figure) for figure in FIGURES]


def test_credit_note_shows_its_invoice_reason_and_negative_amounts(french: Browser, note: str) -> None:
    invoice = number_of("waiting-person")
    response = french.get(f"/invoices/{note}")
    assert response.status_code == 200
    assert f"<title>{service_in('waiting-person').label} · Note de crédit {note} · Kajoom</title>" in response.text
    assert note == "NC-2022-0001"
    assert f'<a href="/invoices/{invoice}">{invoice}</a>' in response.text
    assert "Motif\xa0: Le changement de forfait n’a pas pu être effectué." in response.text
    assert "1200, rue de l’Exemple" in response.text
    assert response.text.count("0000000000 TQ0001") == 1
    invoice_figures = figures_in(french.get(f"/invoices/{invoice}").text)
    assert figures_in(response.text) == [f"-{each}" for each in invoice_figures]
    assert "Payer" not in response.text.partition("<main")[2]


def test_invoice_links_to_its_credit_note_and_keeps_its_amounts(french: Browser, note: str) -> None:
    page = french.get(f"/invoices/{number_of('waiting-person')}").text
    assert f'<a href="/invoices/{note}">{note}</a>' in page
    assert value_of(page, "credited") == value_of(page, "total")
    assert value_of(page, "balance") == "0.00"
    assert 'data-status="paid"' in page


def test_order_links_to_the_credit_note_of_its_invoice(french: Browser, note: str) -> None:
    page = french.get(f"/orders/{reference_of('waiting-person')}").text
    assert f'<a href="/invoices/{note}">Note de crédit {note}</a>' in page


def test_credit_note_alone_is_a_fragment(french: Browser, note: str) -> None:
    response = french.fragment(f"/invoices/{note}")
    assert "<!doctype" not in response.text
    assert '<div id="credit-note"' in response.text


def test_list_has_the_credit_note_with_a_negative_total(french: Browser, note: str) -> None:
    page = french.get("/invoices").text
    [total] = re.findall(rf'href="/invoices/{note}".*?<data value="(-[\d.]+)">', page, re.S)
    assert total == value_of(french.get(f"/invoices/{note}").text, "total")
    assert page.count("bill-row") == len(re.findall(r'<h2><a href="/invoices/', page))


def test_account_credit_links_to_the_credit_note(french: Browser, note: str) -> None:
    assert f'<a href="/invoices/{note}">{note}</a>' in french.get("/account").text


def test_credit_note_is_not_found_by_another_client(french: Browser, english: Browser, note: str) -> None:
    assert english.get(f"/invoices/{note}").status_code == 404
    assert english.fragment(f"/invoices/{note}").status_code == 404
    assert note not in english.get("/invoices").text


def test_stranger_signs_in_before_a_credit_note(note: str, client: Browser) -> None:
    assert client.get(f"/invoices/{note}").location.startswith("/login")


@pytest.mark.parametrize("number", ["NC-2022-9999", "NC-", "NC-2022-0001%20"])
def test_unknown_credit_note_is_not_found(french: Browser, number: str) -> None:
    assert french.get(f"/invoices/{number}").status_code == 404


def test_credit_note_cannot_be_paid(french: Browser, note: str) -> None:
    french.get("/services")
    with nothing_written():
        assert post(french, f"/invoices/{note}/payment", method="paypal").status_code == 404


def test_french_version_is_linked_from_the_english_one(english: Browser) -> None:
    mark_refused(reference_of("waiting-person", "en"), "Full.", "staff:lea", TODAY, NOON)
    page = english.get("/invoices/NC-2022-0001").text
    assert "Credit note" in page
    assert 'lang=fr" lang="fr" hreflang="fr"' in page
    assert "Note de crédit" in english.get("/invoices/NC-2022-0001?lang=fr").text


def test_credit_note_page_takes_three_statements(french: Browser, note: str, statements: Statements) -> None:
    french.get(f"/invoices/{note}")
    with statements() as executed:
        french.get(f"/invoices/{note}")
    assert len(executed) == 3, "\n\n".join(executed)


def test_only_a_change_charged_by_the_day_says_that_its_days_are_paid(french: Browser, address: Address) -> None:
    review = f"{address('hosting')}/plan/review"
    assert SENTENCE in french.get(f"{review}?plan=b&cycle=monthly").text
    assert SENTENCE not in french.get(f"{review}?plan=b&cycle=annually").text
    assert SENTENCE not in french.get(f"{review}?plan=base&cycle=monthly&when=now").text
    assert SENTENCE not in french.get(f"{review}?plan=b&cycle=monthly&when=renewal").text
    assert SENTENCE in french.get(f"/orders/{reference_of('waiting-payment')}").text
    assert SENTENCE not in french.get(f"/orders/{reference_of('scheduled')}").text
