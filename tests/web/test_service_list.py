"""The list of services: the domain first, what needs the client on top, and its filter."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Browser
from tests.web.demo_rows import number_of, reference_of, service_in


def _row(page: str, state: str) -> str:
    """The row of a service in the list."""
    rows = page.split('<li class="card service"')[1:]
    return next(row for row in rows if f">{service_in(state).label}</a></h2>" in row)


def _badges(row: str) -> list[tuple[str, str]]:
    """The address and the text of each linked badge of a row."""
    return re.findall(r'<a class="need" href="([^"]*)"><span class="badge"[^>]*>([^<]*)</span>', row)


def test_row_has_the_domain_first_then_the_plan(french: Browser) -> None:
    row = _row(french.get("/services").text, "hosting")
    assert re.search(r'<h2><a href="/services/\d+">exemple.ca</a></h2>', row)
    assert ">Forfait A · Hébergement Web</p>" in row


def test_row_links_each_matter_to_where_it_is_dealt_with(french: Browser) -> None:
    page = french.get("/services").text
    late = f"/invoices/{number_of('overdue')}"
    assert (late, "Facture en retard") in _badges(_row(page, "overdue"))
    unpaid = f"/invoices/{number_of('unpaid-renewal')}"
    assert (unpaid, "Paiement attendu") in _badges(_row(page, "unpaid-renewal"))
    waiting = f"/orders/{reference_of('waiting-payment')}"
    assert _badges(_row(page, "waiting-payment")) == [(waiting, "Paiement attendu")]
    [(scheduled, text)] = _badges(_row(page, "scheduled"))
    assert (scheduled, re.sub(r"\d.*", "", text)) == (f"/orders/{reference_of('scheduled')}", "Changement prévu le ")
    [(_, text)] = _badges(_row(page, "cancelling"))
    assert re.fullmatch(r"Se termine le \d+\soctobre 2022", text)
    assert _badges(_row(page, "hosting")) == []


def test_row_leads_to_what_needs_the_client_and_otherwise_to_the_service(french: Browser) -> None:
    page = french.get("/services").text
    for state, address in (
        ("overdue", f"/invoices/{number_of('overdue')}"),
        ("waiting-payment", f"/orders/{reference_of('waiting-payment')}"),
        ("hosting", f"/services/{service_in('hosting').id}"),
    ):
        assert f'<h2><a href="{address}">' in _row(page, state)


def test_what_needs_the_client_comes_first(french: Browser) -> None:
    page = french.get("/services").text
    order = [page.index(_row(page, state)) for state in ("overdue", "waiting-payment", "scheduled", "hosting")]
    assert order == sorted(order)


def test_list_can_be_filtered_to_what_is_to_be_paid(french: Browser) -> None:
    page = french.get("/services?todo=1").text
    assert _row(page, "overdue")
    assert f">{service_in('hosting').label}</a></h2>" not in page


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
