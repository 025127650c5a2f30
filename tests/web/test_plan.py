"""The change of plan: choice, review and confirmation, each as a page, a fragment, a refusal, and for a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.operations.catalog.load import load_catalog
from tests.architecture.files import ROOT
from tests.conftest import Browser, Statements
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields, post, post_fragment, refusal_in, value_of

Reload = Callable[[str, str], None]

BLOCKED = [
    ("no-change", "not_permitted"),
    ("waiting-payment", "change_under_way"),
    ("waiting-person", "change_under_way"),
    ("scheduled", "change_under_way"),
    ("overdue", "unpaid_invoice"),
    ("suspended", "not_active"),
    ("cancelling", "cancellation_requested"),
]
"""The services whose plan cannot be changed at all, and why."""

REFUSED = [
    ("hosting", "plan=zzz&cycle=monthly", 404, "unknown_plan"),
    ("hosting", "plan=B&cycle=monthly", 404, "unknown_plan"),
    ("hosting", "plan=a&cycle=monthly", 422, "same_terms"),
    ("hosting", "plan=b&cycle=biennially", 422, "cycle_not_offered"),
    ("over-limits", "plan=a&cycle=monthly", 409, "over_limits"),
]
"""Choices of one plan that are refused, with their status and code."""

UNREADABLE = [
    "plan=b&cycle=weekly",
    "plan=b&plan=b&cycle=monthly",
    "plan=b&cycle=monthly&cycle=monthly",
    "plan=b&cycle=monthly&when=later",
    "plan=b&cycle=monthly&when=now&when=now",
]
"""Choices with a field that cannot be read."""


@pytest.fixture
def reload_catalog(address: Address) -> Reload:
    """Load the demonstration's catalogue again with one text replaced by another."""

    def reload(old: str, new: str) -> None:
        text = (ROOT / "demo" / "catalog.toml").read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        assert not load_catalog(text.replace(old, new).encode(), NOON).errors

    return reload


def count_rows() -> tuple[int, int]:
    """How many orders and invoices there are."""
    orders, invoices = (db.session.scalar(select(func.count()).select_from(table)) or 0 for table in (Order, Invoice))
    return orders, invoices


def checked(page: str, field: str) -> str | None:
    """The value of the checked radio button of a field."""
    match = re.search(rf'<input type="radio" name="{field}"[^>]*? value="([^"]*)"[^>]*? checked>', page)
    return match[1] if match else None


def asked_by(page: str) -> str:
    """The field ``asked`` of the form of a choice."""
    match = re.search(r'<input type="hidden" name="asked" value="([^"]+)">', page)
    assert match is not None
    return match[1]


# --- choose ---


def test_choice_is_a_page_of_the_service(french: Browser, address: Address) -> None:
    response = french.get(f"{address('hosting')}/plan")
    assert response.status_code == 200
    assert "<title>exemple.ca · Changer de forfait · Kajoom</title>" in response.text
    for element in ("product", "alerts", "choose", "quote", "upgrade"):
        assert f' id="{element}"' in response.text
    for code in ("base", "a", "b", "c"):
        assert f' id="plan-{code}"' in response.text
        assert f' id="price-{code}"' in response.text


def test_choice_opens_on_the_recommended_plan_in_the_current_cycle(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan").text
    assert (checked(page, "plan"), checked(page, "cycle")) == ("b", "monthly")
    assert value_of(page, "due-today") == "41.72"


def test_choice_shows_the_price_of_the_plan_in_the_address(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan?plan=c&cycle=annually").text
    assert (checked(page, "plan"), checked(page, "cycle")) == ("c", "annually")
    assert refusal_in(page) is None


def test_choice_panel_takes_the_address_of_the_choice(french: Browser, address: Address) -> None:
    response = french.fragment(f"{address('hosting')}/plan")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="choose"' in response.text
    assert response.headers["HX-Push-Url"] == f"{address('hosting')}/plan?plan=b&cycle=monthly"
    assert "HX-Replace-Url" not in response.headers


def test_preview_gives_the_price_alone(french: Browser, address: Address) -> None:
    path = f"{address('hosting')}/plan"
    asked = asked_by(french.get(f"{path}?plan=b&cycle=annually").text)
    response = french.fragment(f"{path}?plan=c&cycle=monthly&when=now&asked={asked}")
    assert response.status_code == 200
    assert "<title>exemple.ca · Changer de forfait · Kajoom</title>" in response.text
    assert '<section id="quote"' in response.text
    assert 'id="choose"' not in response.text
    assert response.headers["HX-Replace-Url"] == f"{path}?plan=c&cycle=monthly&when=now"
    for code in ("base", "a", "b", "c"):
        assert f'<hx-partial data-hx-target="#price-{code}"' in response.text
    assert 'data-hx-target="#when"' not in response.text


def test_preview_announces_the_price_to_screen_readers(french: Browser, address: Address) -> None:
    page = french.fragment(f"{address('hosting')}/plan?plan=b&cycle=monthly&asked=monthly.now").text
    status = page.partition('data-hx-target="#status"')[2].partition("</hx-partial>")[0]
    assert "Forfait B, mensuel" in status
    assert "41,72" in status


def test_preview_replaces_the_timing_options_when_the_question_changes(french: Browser, address: Address) -> None:
    page = french.fragment(f"{address('hosting')}/plan?plan=base&cycle=monthly&when=now&asked=monthly.now").text
    assert '<hx-partial data-hx-target="#when"' in page
    assert checked(page, "when") == "renewal", "« now » was the answer for a higher plan"


def test_preview_keeps_the_timing_option_chosen_for_this_question(french: Browser, address: Address) -> None:
    path = f"{address('hosting')}/plan?plan=base&cycle=monthly"
    response = french.fragment(f"{path}&when=now&asked={asked_by(french.get(path).text)}")
    assert response.headers["HX-Replace-Url"].endswith("?plan=base&cycle=monthly&when=now")
    assert 'data-hx-target="#when"' not in response.text


@pytest.mark.parametrize(("state", "code"), BLOCKED)
def test_blocked_choice_says_why_instead_of_the_plans(french: Browser, address: Address, state: str, code: str) -> None:
    path = f"{address(state)}/plan"
    page, fragment = french.get(path), french.fragment(path)
    assert (page.status_code, refusal_in(page.text)) == (200, code)
    assert (fragment.status_code, refusal_in(fragment.text)) == (200, code)
    assert fragment.headers["HX-Push-Url"] == path
    for response in (page, fragment):
        assert '<section id="blocked"' in response.text
        assert 'id="choose"' not in response.text


@pytest.mark.parametrize(("state", "query", "status", "code"), REFUSED)
def test_refused_choice_shows_the_plans_and_why(
    french: Browser, address: Address, state: str, query: str, status: int, code: str
) -> None:
    path = f"{address(state)}/plan?{query}"
    response = french.get(path)
    assert (response.status_code, refusal_in(response.text)) == (status, code)
    preview = french.fragment(f"{path}&asked=monthly.now")
    if "plan=B" not in query:
        assert 'id="choose"' in response.text
        assert (preview.status_code, refusal_in(preview.text)) == (200, code), "a preview is shown whatever it says"


@pytest.mark.parametrize("query", UNREADABLE)
def test_choice_with_an_invalid_field_is_refused(french: Browser, address: Address, query: str) -> None:
    path = f"{address('hosting')}/plan?{query}"
    for response in (french.get(path), french.fragment(path), french.fragment(f"{path}&asked=monthly.now")):
        assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")


def test_withdrawn_plan_is_refused(french: Browser, address: Address, reload_catalog: Reload) -> None:
    reload_catalog("recommended = true\n", "withdrawn = true\n")
    response = french.get(f"{address('hosting')}/plan?plan=b&cycle=monthly")
    assert (response.status_code, refusal_in(response.text)) == (409, "plan_withdrawn")


def test_move_that_the_catalogue_does_not_permit_is_refused(
    french: Browser, address: Address, reload_catalog: Reload
) -> None:
    reload_catalog(
        '[[groups.hosting.moves]]\nfrom = "any"\nto = "any"\n', '[[groups.hosting.moves]]\nfrom = "a"\nto = "b"\n'
    )
    response = french.get(f"{address('hosting')}/plan?plan=base&cycle=monthly")
    assert (response.status_code, refusal_in(response.text)) == (409, "not_permitted")


def test_plan_without_a_price_in_the_currency_of_the_service_is_refused(
    french: Browser, address: Address, reload_catalog: Reload
) -> None:
    reload_catalog("[groups.hosting.plans.b.prices.CAD]", "[groups.hosting.plans.b.prices.USD]")
    response = french.get(f"{address('hosting')}/plan?plan=b&cycle=monthly")
    assert (response.status_code, refusal_in(response.text)) == (409, "other_currency")


def text_of(page: str, element_id: str) -> str:
    """The text of an element of a page up to the end of its card, without its tags, spaces made plain."""
    part = page.partition(f' id="{element_id}"')[2].partition(">")[2].partition("</label>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", part).replace("\N{NO-BREAK SPACE}", " ").split())


def test_two_values_of_a_feature_stand_in_one_row(french: Browser, address: Address) -> None:
    choice = french.get(f"{address('hosting')}/plan").text
    assert "Sauvegarde : hebdomadaire → quotidienne" in text_of(choice, "plan-b")
    assert "Sauvegarde hebdomadaire" in text_of(choice, "plan-base")
    assert "Sauvegarde : hebdomadaire → quotidienne" in text_of(choice, "quote")
    review = french.get(f"{address('hosting')}/plan/review?plan=c&cycle=monthly").text
    for row in ("Sauvegarde : hebdomadaire → quotidienne", "Serveur : partagé → dédié"):
        assert row in text_of(review, "review")
    assert "En moins" not in review


def test_feature_of_one_plan_only_is_added_or_removed(
    french: Browser, address: Address, reload_catalog: Reload
) -> None:
    reload_catalog('features.server = { fr = "dédié", en = "dedicated" }', "")
    page = french.get(f"{address('hosting')}/plan?lang=en").text
    assert "Server shared (removed)" in text_of(page, "plan-c")
    reload_catalog(
        'features.backup = { fr = "quotidienne", en = "daily" }\nfeatures.server = { fr = "partagé", en = "shared" }',
        "features.server = true",
    )
    page = french.get(f"{address('hosting')}/plan?lang=en").text
    assert "Backup weekly (removed)" in text_of(page, "plan-b")


@pytest.mark.parametrize(
    ("language", "saving"),
    [("fr", "2 mois offerts, 450,00 $ de moins par an"), ("en", "2 months free, $450.00 less per year")],
)
def test_longer_cycle_says_what_it_saves(french: Browser, address: Address, language: str, saving: str) -> None:
    page = french.get(f"{address('hosting')}/plan?plan=b&cycle=annually&lang={language}").text
    for element in ("price-b", "saving-annually", "quote"):
        assert saving in text_of(page, element)
    assert text_of(page, "saving-quarterly") == ""
    preview = french.fragment(f"{address('hosting')}/plan?plan=base&cycle=monthly&asked=monthly.now").text
    assert "190" in text_of(preview, "saving-annually")
    assert "2 m" not in text_of(french.get(f"{address('yearly')}/plan?plan=b&cycle=annually").text, "price-b")


# --- review ---


def test_review_is_a_page_with_every_figure_and_the_form_to_confirm(french: Browser, address: Address) -> None:
    response = french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly")
    assert response.status_code == 200
    assert "<title>exemple.ca · Vérifiez et confirmez votre changement · Kajoom</title>" in response.text
    assert ' id="product"' in response.text
    figures = ("subtotal", "gst", "qst", "total", "due-today", "next-due")
    assert [value_of(response.text, figure) for figure in figures] == [
        "36.29", "1.81", "3.62", "41.72", "41.72", "2022-11-01",
    ]  # fmt: skip
    fields = hidden_fields(response.text, "review")
    assert fields | {"digest": "", "key": ""} == {
        "plan": "b", "cycle": "monthly", "when": "now", "digest": "", "key": "", "method": "demonstration",
    }  # fmt: skip
    assert re.fullmatch(r"4172-[0-9a-f]{32}", fields["digest"])
    assert re.fullmatch(r"[0-9a-f]{32}", fields["key"])


def test_review_panel_takes_the_address_of_the_review(french: Browser, address: Address) -> None:
    response = french.fragment(f"{address('hosting')}/plan/review?plan=b&cycle=monthly&when=now&asked=monthly.now")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="review"' in response.text
    assert response.headers["HX-Push-Url"] == f"{address('hosting')}/plan/review?plan=b&cycle=monthly&when=now"


def test_review_ignores_the_timing_option_of_another_question(french: Browser, address: Address) -> None:
    query = "plan=base&cycle=monthly&when=now&asked=monthly.now"
    page = french.get(f"{address('hosting')}/plan/review?{query}").text
    assert hidden_fields(page, "review")["when"] == "renewal"
    assert 'name="acknowledged"' not in page


def test_review_of_a_lower_plan_now_asks_to_acknowledge_the_condition(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}/plan/review?plan=base&cycle=monthly&when=now").text
    assert 'type="checkbox" name="acknowledged"' in page


def test_review_runs_four_statements(french: Browser, address: Address, statements: Statements) -> None:
    path = f"{address('hosting')}/plan/review?plan=b&cycle=monthly"
    french.fragment(path)
    with statements() as executed:
        french.fragment(path)
    assert len(executed) <= 4, "\n\n".join(executed)


def test_choice_panel_runs_two_statements(french: Browser, address: Address, statements: Statements) -> None:
    path = f"{address('hosting')}/plan"
    french.fragment(path)
    with statements() as executed:
        french.fragment(path)
    assert len(executed) == 2, "\n\n".join(executed)


@pytest.mark.parametrize(("state", "query", "status", "code"), REFUSED)
def test_refused_choice_is_not_reviewed(
    french: Browser, address: Address, state: str, query: str, status: int, code: str
) -> None:
    path = f"{address(state)}/plan/review?{query}"
    for response in (french.get(path), french.fragment(path)):
        assert (response.status_code, refusal_in(response.text)) == (status, code)
        assert '<section id="blocked"' in response.text


@pytest.mark.parametrize("query", [*UNREADABLE, "", "plan=b", "cycle=monthly", "plan=&cycle=monthly"])
def test_incomplete_or_invalid_choice_is_not_reviewed(french: Browser, address: Address, query: str) -> None:
    path = f"{address('hosting')}/plan/review?{query}"
    for response in (french.get(path), french.fragment(path)):
        assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")


@pytest.mark.parametrize(("state", "code"), BLOCKED)
def test_blocked_service_has_no_review(french: Browser, address: Address, state: str, code: str) -> None:
    response = french.get(f"{address(state)}/plan/review?plan=b&cycle=monthly")
    assert (response.status_code, refusal_in(response.text)) == (409, code)


def test_review_over_the_limits_says_what_to_free(french: Browser, address: Address) -> None:
    page = french.get(f"{address('over-limits')}/plan/review?plan=a&cycle=monthly").text
    reasons = page.partition('<ul class="plain">')[2].partition("</ul>")[0]
    assert "Boîtes courriel" in reasons
    assert "62" in reasons
    assert "32" in reasons


# --- confirm ---


def review_fields(browser: Browser, service: str, query: str = "plan=b&cycle=monthly") -> dict[str, str]:
    """The fields that the review of a choice sends to confirm it."""
    return hidden_fields(browser.get(f"{service}/plan/review?{query}").text, "review")


def test_confirmation_leads_to_the_order(french: Browser, address: Address) -> None:
    service, before = address("hosting"), count_rows()
    response = post(french, f"{service}/plan", **review_fields(french, service))
    assert response.status_code == 303
    assert response.location.startswith("/orders/CH-2022-")
    assert count_rows() == (before[0] + 1, before[1] + 1)


def test_confirmation_whose_payment_is_not_settled_leads_to_the_order(
    app: Flask, french: Browser, address: Address
) -> None:
    """As when the form is sent again while its first payment is under way."""
    app.extensions["kajoom"].demo_store.set_behaviour(DemoSystem.PAYMENT, Behaviour.PENDING, once=True)
    service = address("hosting")
    response = post(french, f"{service}/plan", **review_fields(french, service))
    assert response.status_code == 303
    assert refusal_in(french.get(response.location).text) == "payment_pending"


def test_confirmation_from_a_panel_shows_the_order_in_it(french: Browser, address: Address) -> None:
    service = address("hosting")
    response = post_fragment(french, f"{service}/plan", **review_fields(french, service))
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="order"' in response.text
    assert '<hx-partial data-hx-target="#alerts"' in response.text
    assert response.headers["HX-Push-Url"].startswith("/orders/CH-2022-")


def test_same_form_sent_twice_makes_one_order(french: Browser, address: Address) -> None:
    service = address("hosting")
    fields, before = review_fields(french, service), count_rows()
    first, second = (post(french, f"{service}/plan", **fields) for _ in range(2))
    assert first.location == second.location
    assert count_rows() == (before[0] + 1, before[1] + 1)


def test_changed_figures_are_reviewed_again_before_anything_is_ordered(
    french: Browser, address: Address, reload_catalog: Reload
) -> None:
    service = address("hosting")
    fields, before = review_fields(french, service), count_rows()
    reload_catalog('"225.00"', '"250.00"')
    for send in (post, post_fragment):
        response = send(french, f"{service}/plan", **fields)
        assert (response.status_code, refusal_in(response.text)) == (409, "quote_changed")
        assert "<title>Erreur" in response.text
        assert '<section id="review"' in response.text
        assert "HX-Push-Url" not in response.headers
        notice = response.text.partition('data-refusal="quote_changed"')[2].partition("</div>")[0]
        assert re.findall(r'<data value="([\d.]+)">', notice) == ["41.72", "55.64"]
    assert count_rows() == before

    again = hidden_fields(response.text, "review")
    assert again["key"] != fields["key"]
    assert post(french, f"{service}/plan", **again).status_code == 303


def test_condition_must_be_acknowledged(french: Browser, address: Address) -> None:
    service = address("hosting")
    fields = review_fields(french, service, "plan=base&cycle=monthly&when=now")
    before = count_rows()
    for send in (post, post_fragment):
        response = send(french, f"{service}/plan", **fields)
        assert (response.status_code, refusal_in(response.text)) == (422, "not_acknowledged")
        assert 'id="acknowledged" value="yes" aria-invalid="true"' in response.text
        assert 'lu la condition. <a href="#acknowledged">' in response.text
    assert count_rows() == before
    assert post(french, f"{service}/plan", **fields, acknowledged="yes").status_code == 303


def test_key_of_another_choice_is_refused(french: Browser, address: Address) -> None:
    service = address("hosting")
    fields = review_fields(french, service)
    post(french, f"{service}/plan", **fields)
    before = count_rows()
    response = post(french, f"{service}/plan", **{**fields, "plan": "c"})
    assert (response.status_code, refusal_in(response.text)) == (409, "key_reused")
    assert count_rows() == before


def test_second_change_is_refused_while_one_is_under_way(french: Browser, address: Address) -> None:
    service = address("hosting")
    first, second = review_fields(french, service), review_fields(french, service)
    post(french, f"{service}/plan", **first)
    before = count_rows()
    response = post_fragment(french, f"{service}/plan", **second)
    assert (response.status_code, refusal_in(response.text)) == (409, "change_under_way")
    assert count_rows() == before


@pytest.mark.parametrize(("state", "code"), BLOCKED)
def test_blocked_service_cannot_be_changed(french: Browser, address: Address, state: str, code: str) -> None:
    before = count_rows()
    fields = {"plan": "b", "cycle": "monthly", "digest": f"4172-{'0' * 32}", "key": "0" * 32}
    response = post(french, f"{address(state)}/plan", **fields)
    assert (response.status_code, refusal_in(response.text)) == (409, code)
    assert count_rows() == before


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"plan": ""}, 422, "unreadable"),
        ({"cycle": ""}, 422, "unreadable"),
        ({"cycle": "weekly"}, 422, "unreadable"),
        ({"when": "later"}, 422, "unreadable"),
        ({"key": ""}, 422, "unreadable"),
        ({"key": "too-short"}, 422, "unreadable"),
        ({"saved": "x"}, 422, "unreadable"),
        ({"saved": "1", "saves": "yes"}, 422, "unreadable"),
        ({"plan": "zzz"}, 404, "unknown_plan"),
        ({"plan": "B"}, 404, "unknown_plan"),
        ({"plan": "a"}, 422, "same_terms"),
        ({"cycle": "biennially"}, 422, "cycle_not_offered"),
        ({"digest": ""}, 409, "quote_changed"),
    ],
)
def test_invalid_confirmation_orders_nothing(
    french: Browser, address: Address, changes: dict[str, str], status: int, code: str
) -> None:
    service = address("hosting")
    fields, before = {**review_fields(french, service), **changes}, count_rows()
    for send in (post, post_fragment):
        response = send(french, f"{service}/plan", **fields)
        assert (response.status_code, refusal_in(response.text)) == (status, code)
    assert count_rows() == before


def test_confirmation_without_a_csrf_token_orders_nothing(french: Browser, address: Address) -> None:
    service = address("hosting")
    fields, before = review_fields(french, service), count_rows()
    assert french.post(f"{service}/plan", data=fields).status_code == 403
    assert count_rows() == before


# --- strangers ---


@pytest.mark.parametrize(
    "path", ["/plan", "/plan?plan=b&cycle=monthly&asked=monthly.now", "/plan/review?plan=b&cycle=monthly"]
)
def test_service_of_another_client_is_not_found(french: Browser, address: Address, path: str) -> None:
    for response in (french.get(address("hosting", "en") + path), french.fragment(address("hosting", "en") + path)):
        assert response.status_code == 404
        assert "nolan" not in response.text


def test_service_of_another_client_cannot_be_changed(french: Browser, english: Browser, address: Address) -> None:
    service, before = address("hosting", "en"), count_rows()
    fields = review_fields(english, service)
    assert post(french, f"{service}/plan", **fields).status_code == 404
    assert post_fragment(french, f"{service}/plan", **fields).status_code == 404
    assert count_rows() == before


@pytest.mark.parametrize("path", ["/plan", "/plan/review?plan=b&cycle=monthly"])
def test_signed_out_visitor_must_sign_in(client: Browser, address: Address, path: str) -> None:
    page, fragment = client.get(address("hosting") + path), client.fragment(address("hosting") + path)
    assert (page.status_code, page.location.partition("?")[0]) == (303, "/login")
    assert (fragment.status_code, fragment.text) == (401, "")
    assert fragment.headers["HX-Redirect"] == f"{page.location}&reason=not_charged"


def test_signed_out_visitor_orders_nothing(client: Browser, french: Browser, address: Address) -> None:
    service, before = address("hosting"), count_rows()
    fields = review_fields(french, service)
    assert client.send(f"{service}/plan", **fields).status_code == 303
    fragment = client.fragment(f"{service}/plan", method="POST", data={"csrf_token": client.token(), **fields})
    assert fragment.status_code == 401
    assert count_rows() == before
