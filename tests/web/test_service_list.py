"""The list of services: the domain first, what needs the client on top, and its filter."""

from __future__ import annotations

import re

import pytest

from kajoom.models.db import db
from tests.conftest import Browser, Statements
from tests.web.demo_rows import number_of, reference_of, service_in


def _row(page: str, state: str) -> str:
    """The row of a service in the list."""
    rows = page.split('<li class="card service"')[1:]
    return next(row for row in rows if f">{service_in(state).label}</a></h3>" in row)


def _badges(row: str) -> list[tuple[str, str]]:
    """The address and the text of each linked badge of a row."""
    return re.findall(r'<a class="need" href="([^"]*)"><span class="badge"[^>]*>([^<]*)</span>', row)


def test_row_has_the_domain_first_then_the_plan(french: Browser) -> None:
    row = _row(french.get("/services").text, "hosting")
    assert re.search(r'<h3><a href="/services/\d+">exemple.ca</a></h3>', row)
    assert ">Forfait A · Hébergement Web</p>" in row


def test_row_links_each_matter_to_where_it_is_dealt_with(french: Browser) -> None:
    page = french.get("/services").text
    late = f"/invoices/{number_of('overdue')}"
    assert (late, "Facture en retard") in _badges(_row(page, "overdue"))
    unpaid = f"/invoices/{number_of('unpaid-renewal')}"
    assert (unpaid, "Paiement attendu\xa0: 172,46\xa0$") in _badges(_row(page, "unpaid-renewal"))
    waiting = f"/orders/{reference_of('waiting-payment')}"
    assert _badges(_row(page, "waiting-payment")) == [(waiting, "Paiement attendu\xa0: 77,89\xa0$")]
    [scheduled] = _badges(_row(page, "scheduled"))
    assert scheduled == (f"/orders/{reference_of('scheduled')}", "Forfait de base le\xa09\xa0nov.")
    [(_, text)] = _badges(_row(page, "cancelling"))
    assert re.fullmatch(r"Se termine le\s\d+\soct\.", text)
    assert _badges(_row(page, "hosting")) == []


def test_row_leads_to_what_needs_the_client_and_otherwise_to_the_service(french: Browser) -> None:
    page = french.get("/services").text
    for state, address in (
        ("overdue", f"/invoices/{number_of('overdue')}"),
        ("waiting-payment", f"/orders/{reference_of('waiting-payment')}"),
        ("hosting", f"/services/{service_in('hosting').id}"),
    ):
        assert f'<h3><a href="{address}">' in _row(page, state)


def test_what_needs_the_client_comes_first(french: Browser) -> None:
    page = french.get("/services").text
    order = [page.index(_row(page, state)) for state in ("overdue", "waiting-payment", "scheduled", "hosting")]
    assert order == sorted(order)


def test_row_says_by_when_to_pay_and_what_a_change_leads_to(french: Browser) -> None:
    page = french.get("/services").text
    for state, caption in (
        ("overdue", "Payable depuis le"),
        ("unpaid-renewal", "À payer d’ici le"),
        ("waiting-payment", "À payer d’ici le"),
        ("hosting", "Date d’échéance"),
    ):
        assert f"<dt>{caption}</dt>" in _row(page, state), state
    assert re.search(r">Forfait \w+ → Forfait C · Hébergement Web</p>", _row(page, "waiting-person"))


def test_list_has_its_parts_under_headings_and_counts_what_needs_the_client(french: Browser) -> None:
    page = french.get("/services").text
    headings = re.findall(r"<h2 id=\"part-\d\">([^<]*)</h2>", page)
    assert headings == ["À votre attention", "En cours", "Tous mes services"]
    services, to_do = page.count('<li class="card service"'), page.count("data-todo")
    assert f"{services} services · {to_do} demandent votre attention" in page
    assert ">1 service · 1 demande votre attention" in french.get(f"/services?q={service_in('overdue').label}").text


def test_row_has_the_icon_of_its_group(french: Browser) -> None:
    rows = french.get("/services").text.split('<li class="card service"')[1:]
    icons = {(re.search(r'svg#(\w+)"', row) or [""])[1]: row for row in rows}
    assert sorted(icons) == ["globe", "page", "server"]
    assert "Nom de domaine" in icons["globe"]
    page = french.get(f"/services/{service_in('no-change').id}").text
    assert re.search(r'class="emblem"><svg[^>]*><use href="[^"]*svg#globe"', page)


@pytest.mark.parametrize(("query", "count"), [("", 2), ("?todo=1", 2), ("?q=exemple", 3), ("?q=nothing", 3)])
def test_list_takes_two_statements_and_a_search_three(
    french: Browser, statements: Statements, query: str, count: int
) -> None:
    french.get("/services")
    with statements() as executed:
        assert french.get(f"/services{query}").status_code == 200
    assert len(executed) == count, "\n\n".join(executed)  # one more, which counts, where it has several pages


@pytest.mark.parametrize("text", ["ECOLE-OEUVRE", "école-œuvre", "École-Œuvre d’", "cole-%"])
def test_domain_is_found_without_regard_to_case_accents_and_ligatures(french: Browser, text: str) -> None:
    service_in("hosting").label = "École-Œuvre d’été_1%.ca"
    db.session.commit()
    found = "École-Œuvre" in french.get("/services", query_string={"q": text}).text.partition("<ul")[2]
    assert found is (text != "cole-%")


def test_list_can_be_filtered_to_what_is_to_be_paid(french: Browser) -> None:
    page = french.get("/services?todo=1").text
    assert _row(page, "overdue")
    assert f">{service_in('hosting').label}</a></h3>" not in page


@pytest.mark.parametrize("text", ["Exemple.CA", "forfait a", "HEBERGEMENT", " exemple "])
def test_list_is_filtered_by_domain_or_plan_without_regard_to_case_and_accents(french: Browser, text: str) -> None:
    assert _row(french.get("/services", query_string={"q": text}).text, "hosting")


@pytest.mark.parametrize("text", ["%", "_", "<b>", "aucun-tel-domaine"])
def test_filter_without_a_match_leads_back_to_the_whole_list(french: Browser, text: str) -> None:
    page = french.get("/services", query_string={"q": text}).text
    assert "Aucun service ne correspond" in page
    assert "<b>" not in page.partition("<main")[2].partition("</main")[0].replace("<b class=", "")


@pytest.mark.parametrize("query", [f"q={'x' * 201}", "q=a&q=b", "todo=1&todo=1"])
def test_filter_that_the_form_cannot_send_is_refused(french: Browser, query: str) -> None:
    assert 400 <= french.get(f"/services?{query}").status_code < 500
