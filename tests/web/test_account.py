"""The account: the client's details, their saved payment accounts and the history of their credit."""

from __future__ import annotations

from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser
from tests.web.conftest import NOON
from tests.web.demo_rows import number_of
from tests.web.pages import post, post_fragment


def test_each_movement_shows_its_balance(french: Browser) -> None:
    grant_credit("fr@example.com", "25.00", "Panne du 3 juin", NOON)
    grant_credit("fr@example.com", "-5.00", "Erreur", NOON)
    number = number_of("unpaid-renewal")
    post(french, f"/invoices/{number}/payment", method="credit")

    page = french.get("/account").text

    assert '<data id="account-credit" value="0.00">' in page
    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert ["−20,00" in rows[0], f'href="/invoices/{number}"' in rows[0]] == [True, True]
    assert ["−5,00" in rows[1], "Erreur" in rows[1], ">20,00" in rows[1]] == [True, True, True]
    assert ["Panne du 3 juin" in rows[2], 'datetime="2022-10-17"' in rows[2], rows[2].count(">25,00")] == [
        True,
        True,
        2,
    ]


def test_each_currency_has_a_ledger(french: Browser) -> None:
    grant_credit("fr@example.com", "25.00", "Panne", NOON)
    grant_credit("fr@example.com", "3.00", "Outage", NOON, "USD")
    page = french.get("/account").text
    assert page.count('class="figures ledger"') == 2
    assert page.count('id="account-credit"') == 1


def test_account_without_credit_says_so(french: Browser) -> None:
    assert "Vous n’avez aucun crédit" in french.get("/account").text


def test_fragment_of_the_account_is_its_credit(french: Browser) -> None:
    response = french.fragment("/account")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert 'id="credit"' in response.text


def test_account_shows_the_details_of_the_client(french: Browser, english: Browser) -> None:
    assert "<dd>fr@example.com</dd>" in french.get("/account").text
    assert "<dd>en@example.com</dd>" in english.get("/account").text


def test_signed_out_visitor_must_sign_in(client: Browser) -> None:
    page, fragment = client.get("/account"), client.fragment("/account")
    assert (page.status_code, page.location.partition("?")[0]) == (303, "/login")
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, f"{page.location}&reason=expired")
    assert client.send("/account/saved/1/remove").status_code == 303


def test_unknown_saved_account_cannot_be_removed(french: Browser) -> None:
    assert post(french, "/account/saved/999999/remove").status_code == 404
    assert post_fragment(french, "/account/saved/999999/remove").status_code == 404


def test_credit_of_another_client_is_not_shown(french: Browser) -> None:
    grant_credit("en@example.com", "25.00", "Outage", NOON)
    assert "25,00" not in french.get("/account").text
