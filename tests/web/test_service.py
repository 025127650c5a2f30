"""The list of services and the product page (« Gestion du produit »), in each state of a service."""

from __future__ import annotations

import re

import pytest

from kajoom.models.service import service_by_external_id
from tests.conftest import Browser, Statements
from tests.web.conftest import Address

UPGRADE = 'id="upgrade"'


def _facts(page: str) -> dict[str, str]:
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    return {name: re.sub(r"<[^>]+>", "", value).strip() for name, value in pairs}


def test_product_page_keeps_the_labels_that_clients_know(french: Browser, address: Address) -> None:
    page = french.get(address("hosting")).text
    assert "<h1>Gestion du produit</h1>" in page
    assert '<h2 id="product-name">Forfait A Hébergement Web</h2>' in page
    assert 'data-status="active">ACTIF</p>' in page
    assert ">MISE À NIVEAU</a>" in page
    assert list(_facts(page).items())[:5] == [
        ("Date d’inscription", "2012-06-23"),
        ("Montant récurrent", "150,00\xa0$ CAD"),
        ("Cycle de facturation", "Mensuel"),
        ("Date d’échéance", "2022-11-01"),
        ("Mode de paiement", "PayPal"),
    ]
    assert "Augmenter/Diminuer votre plan d’hébergement" in page
    assert "Demande d’annulation" in page
    assert "antipourriel" in page


def test_each_page_of_a_service_names_its_domain(french: Browser, address: Address) -> None:
    page = french.get(address("hosting")).text
    assert "<title>exemple.ca · Gestion du produit · Kajoom</title>" in page
    assert '<span aria-current="page">exemple.ca · Forfait A Hébergement Web</span>' in page
    assert '<p class="site">exemple.ca</p>' in page
    changes = french.get(f"{address('hosting')}/changes").text
    assert "<title>exemple.ca · Historique des changements · Kajoom</title>" in changes
    assert ">exemple.ca · Forfait A Hébergement Web</a>" in changes


def test_product_page_in_english(english: Browser, address: Address) -> None:
    page = english.get(address("hosting", "en")).text
    assert "<h1>Manage product</h1>" in page
    assert _facts(page)["Recurring amount"].endswith(" CAD")
    assert "Upgrade/Downgrade your hosting plan" in page


@pytest.mark.parametrize("state", ["no-change"])
def test_product_without_permitted_moves_offers_no_change(french: Browser, address: Address, state: str) -> None:
    page = french.get(address(state)).text
    assert UPGRADE not in page
    assert "Augmenter/Diminuer" not in page
    assert "Demande d’annulation" in page


@pytest.mark.parametrize(
    "state",
    ["hosting", "waiting-payment", "scheduled", "unpaid-renewal", "overdue", "suspended", "cancelling", "yearly"],
)
def test_upgrade_button_stays_when_a_change_is_blocked(french: Browser, address: Address, state: str) -> None:
    assert UPGRADE in french.get(address(state)).text


@pytest.mark.parametrize(
    ("state", "status", "shown"),
    [("hosting", "active", "ACTIF"), ("suspended", "suspended", "SUSPENDU")],
)
def test_status_bar_names_the_status(french: Browser, address: Address, state: str, status: str, shown: str) -> None:
    assert f'data-status="{status}">{shown}</p>' in french.get(address(state)).text


@pytest.mark.parametrize(
    ("state", "alert", "action"),
    [
        ("unpaid-renewal", "alert-invoice", r'href="/invoices/[\w-]+">Payer la facture'),
        ("overdue", "alert-invoice", "Facture en retard"),
        ("waiting-payment", "alert-change", r'href="/orders/[\w-]+">Payer ou annuler'),
        ("waiting-person", "alert-change", r'href="/orders/[\w-]+">Voir l’état actuel'),
        ("scheduled", "alert-change", r'action="/orders/[\w-]+/cancel".*Conserver mon forfait actuel'),
        ("cancelling", "alert-cancellation", r'action="/cancellations/[\w-]+/withdraw".*Retirer ma demande'),
    ],
)
def test_each_alert_ends_with_an_action(french: Browser, address: Address, state: str, alert: str, action: str) -> None:
    page = french.get(address(state)).text
    match = re.search(rf'<section class="notice[^"]*" id="{alert}".*?</section>', page, re.DOTALL)
    assert match is not None
    assert re.search(action, match[0], re.DOTALL)


def test_page_without_open_matters_has_no_alert(french: Browser, address: Address) -> None:
    assert '<section class="notice' not in french.get(address("hosting")).text


def test_information_tab_shows_the_facts_of_the_service(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}?tab=information").text
    assert _facts(page)["Domaine"] == "exemple.ca"
    assert 'aria-current="page">Information</a>' in page
    assert "Demande d’annulation" not in page


def test_history_lists_each_change_with_its_status(french: Browser, address: Address) -> None:
    page = french.get(address("scheduled")).text
    table = page[page.index('<table class="history">') :]
    assert re.search(r'<a href="/orders/[\w-]+"><time datetime="\d{4}-\d\d-\d\d">', table)
    assert "<td>Prévu</td>" in table


def test_usage_meters_compare_usage_with_the_limits_of_the_plan(french: Browser, address: Address) -> None:
    page = french.get(address("hosting")).text
    assert page.count("<meter ") == 3
    assert "Utilisation" not in french.get(address("usage-unknown")).text


def test_fragment_of_the_product_page_is_its_record(french: Browser, address: Address) -> None:
    response = french.fragment(address("hosting"))
    title = "<title>exemple.ca · Gestion du produit · Kajoom</title>"
    assert response.text.lstrip().startswith(f'{title}<div id="record"')


def test_product_page_only_reads(french: Browser, address: Address, statements: Statements) -> None:
    page = address("hosting")
    with statements() as executed:
        french.get(page)
    assert all(statement.startswith("SELECT") for statement in executed)


def test_list_links_to_each_service_of_the_client(french: Browser, address: Address) -> None:
    page = french.get("/services").text
    for state in ("hosting", "suspended", "no-change"):
        assert f'href="{address(state)}"' in page
    assert service_by_external_id("demo-en-hosting") is not None
    assert f'href="{address("hosting", "en")}"' not in page


def test_home_redirects_to_the_list(french: Browser) -> None:
    response = french.get("/")
    assert (response.status_code, response.location) == (303, "/services")


def test_fragment_of_the_list_has_no_frame(french: Browser) -> None:
    response = french.fragment("/services")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<div id="index"' in response.text


@pytest.mark.parametrize("path", ["/services/999999", "/services/99999999999999999999"])
def test_unknown_service_is_not_found(french: Browser, path: str) -> None:
    assert [french.get(path).status_code, french.fragment(path).status_code] == [404, 404]


def test_service_of_another_client_is_not_found(french: Browser, address: Address) -> None:
    path = address("hosting", "en")
    assert [french.get(path).status_code, french.fragment(path).status_code] == [404, 404]


@pytest.mark.parametrize("path", ["/", "/services", "/services/1"])
def test_signed_out_visitor_must_sign_in(client: Browser, path: str) -> None:
    page, fragment = client.get(path), client.fragment(path)
    assert (page.status_code, page.location.partition("?")[0]) == (303, "/login")
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, f"{page.location}&reason=expired")
