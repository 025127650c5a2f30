"""« Gestion du produit »: what it shows, what it offers in each state, and what it costs the database."""

from __future__ import annotations

import re

import pytest

from kajoom.models.service import service_by_external_id
from tests.conftest import Browser, Statements
from tests.web.conftest import Address

UPGRADE = 'id="upgrade"'


def _facts(page: str) -> dict[str, str]:
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    return {name: re.sub(r"<[^>]+>", "", value).strip() for name, value in found}


def test_the_reference_page_shows_exactly_what_clients_know(french: Browser, address: Address) -> None:
    page = french.get(address("hosting")).text
    assert "<h1>Gestion du produit</h1>" in page
    assert '<h2 id="product-name">Forfait A Hébergement Web</h2>' in page
    assert 'data-status="active">ACTIF</p>' in page
    assert ">MISE À NIVEAU</a>" in page
    assert list(_facts(page).items())[:5] == [
        ("Date d'inscription", "2012-06-23"),
        ("Montant récurrent", "150,00\xa0$ CAD"),
        ("Cycle de facturation", "Mensuel"),
        ("Date d'échéance", "2022-11-01"),
        ("Mode de paiement", "PayPal"),
    ]
    assert "Augmenter/Diminuer votre plan d'hébergement" in page
    assert "Demande d'annulation" in page
    assert "antipourriel" in page


def test_english_says_the_same(english: Browser, address: Address) -> None:
    page = english.get(address("hosting", "en")).text
    assert "<h1>Product management</h1>" in page
    assert _facts(page)["Recurring amount"].endswith(" CAD")
    assert "Upgrade/Downgrade your hosting plan" in page


@pytest.mark.parametrize("state", ["no-change"])
def test_a_product_that_permits_no_change_offers_none(french: Browser, address: Address, state: str) -> None:
    page = french.get(address(state)).text
    assert UPGRADE not in page
    assert "Augmenter/Diminuer" not in page
    assert "Demande d'annulation" in page


@pytest.mark.parametrize(
    "state",
    ["hosting", "waiting-payment", "scheduled", "unpaid-renewal", "overdue", "suspended", "cancelling", "yearly"],
)
def test_the_button_stays_when_a_change_is_only_hindered(french: Browser, address: Address, state: str) -> None:
    assert UPGRADE in french.get(address(state)).text


@pytest.mark.parametrize(
    ("state", "status", "shown"),
    [("hosting", "active", "ACTIF"), ("suspended", "suspended", "SUSPENDU")],
)
def test_the_bar_names_the_status(french: Browser, address: Address, state: str, status: str, shown: str) -> None:
    assert f'data-status="{status}">{shown}</p>' in french.get(address(state)).text


@pytest.mark.parametrize(
    ("state", "alert", "way_on"),
    [
        ("unpaid-renewal", "alert-invoice", r'href="/invoices/[\w-]+">Payer la facture'),
        ("overdue", "alert-invoice", "Facture en souffrance"),
        ("waiting-payment", "alert-change", r'href="/orders/[\w-]+">Payer ou annuler'),
        ("waiting-person", "alert-change", r'href="/orders/[\w-]+">Voir son état'),
        ("scheduled", "alert-change", r'action="/orders/[\w-]+/cancel".*Conserver mon forfait actuel'),
        ("cancelling", "alert-cancellation", r'action="/cancellations/[\w-]+/withdraw".*Retirer ma demande'),
    ],
)
def test_each_alert_ends_with_a_way_on(french: Browser, address: Address, state: str, alert: str, way_on: str) -> None:
    page = french.get(address(state)).text
    found = re.search(rf'<section class="notice[^"]*" id="{alert}".*?</section>', page, re.DOTALL)
    assert found is not None
    assert re.search(way_on, found[0], re.DOTALL)


def test_nothing_alarms_where_nothing_is_open(french: Browser, address: Address) -> None:
    assert '<section class="notice' not in french.get(address("hosting")).text


def test_the_other_tab_informs(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}?tab=information").text
    assert _facts(page)["Domaine"] == "exemple.ca"
    assert 'aria-current="page">Information</a>' in page
    assert "Demande d'annulation" not in page


def test_the_history_names_each_change_with_its_state(french: Browser, address: Address) -> None:
    page = french.get(address("scheduled")).text
    table = page[page.index('<table class="history">') :]
    assert re.search(r'<a href="/orders/[\w-]+"><time datetime="\d{4}-\d\d-\d\d">', table)
    assert "<td>Prévu</td>" in table


def test_usage_is_measured_against_the_plan(french: Browser, address: Address) -> None:
    page = french.get(address("hosting")).text
    assert page.count("<meter ") == 3
    assert "Utilisation" not in french.get(address("usage-unknown")).text


def test_closing_a_panel_gives_back_what_it_replaced(french: Browser, address: Address) -> None:
    result = french.fragment(address("hosting"))
    assert result.text.lstrip().startswith('<div id="record"')


def test_looking_at_a_page_writes_nothing(french: Browser, address: Address, statements: Statements) -> None:
    page = address("hosting")
    with statements() as asked:
        french.get(page)
    assert all(statement.startswith("SELECT") for statement in asked)


def test_the_list_leads_to_every_service(french: Browser, address: Address) -> None:
    page = french.get("/services").text
    assert french.get("/").location == "/services"
    for state in ("hosting", "suspended", "no-change"):
        assert f'href="{address(state)}"' in page
    assert service_by_external_id("demo-en-hosting") is not None
    assert f'href="{address("hosting", "en")}"' not in page


def test_the_account_shows_who_one_is_and_ones_credit(french: Browser, english: Browser) -> None:
    page = french.get("/account").text
    assert _facts(page)["Adresse courriel"] == "fr@example.com"
    assert "Vous n'avez aucun crédit au compte" in page
    assert _facts(english.get("/account").text)["E-mail address"] == "en@example.com"
