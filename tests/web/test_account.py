"""The account shows each movement of credit with its reason, its invoice and the balance it left."""

from __future__ import annotations

from kajoom.operations.billing.credit import grant_credit
from tests.conftest import Browser
from tests.web.conftest import NOON
from tests.web.test_invoice import number_of, sent


def test_each_movement_is_told_with_the_balance_it_left(french: Browser) -> None:
    grant_credit("fr@example.com", "25.00", "Panne du 3 juin", NOON)
    grant_credit("fr@example.com", "-5.00", "Erreur", NOON)
    number = number_of("unpaid-renewal")
    sent(french, f"/invoices/{number}/payment", method="credit")

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


def test_each_currency_has_its_own_ledger(french: Browser) -> None:
    grant_credit("fr@example.com", "25.00", "Panne", NOON)
    grant_credit("fr@example.com", "3.00", "Outage", NOON, "USD")
    page = french.get("/account").text
    assert page.count('class="figures ledger"') == 2
    assert page.count('id="account-credit"') == 1


def test_a_client_without_credit_is_told_how_it_is_used(french: Browser) -> None:
    assert "Vous n'avez aucun crédit" in french.get("/account").text


def test_the_ledger_alone_is_a_fragment(french: Browser) -> None:
    result = french.fragment("/account").text
    assert "<!doctype" not in result
    assert 'id="credit"' in result


def test_a_stranger_must_sign_in(client: Browser) -> None:
    assert client.get("/account").status_code == 303


def test_the_ledger_of_another_is_not_shown(french: Browser) -> None:
    grant_credit("en@example.com", "25.00", "Outage", NOON)
    assert "25,00" not in french.get("/account").text
