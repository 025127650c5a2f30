"""The page of an order: show, poll, return and cancel, each as a page, a fragment, a refusal, and for a stranger."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.gateways.demo.store import Behaviour, DemoSystem
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.close import expire_order
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from tests.conftest import Browser, Statements, set_time
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import TODAY, number_of, order_status, record_received, reference_of, service_in
from tests.web.pages import hidden_fields, post, post_fragment, refusal_in, value_of

STATES = [
    ("waiting-payment", "awaiting_payment"),
    ("waiting-person", "awaiting_provisioning"),
    ("scheduled", "scheduled"),
    ("refused", "refused"),
]
"""The services whose order is in each status that the demonstration has."""


@pytest.fixture
def pending_payment(app: Flask) -> None:
    """The next payment is pending at the demonstration's provider."""
    app.extensions["kajoom"].demo_store.set_behaviour(DemoSystem.PAYMENT, Behaviour.PENDING, once=True)


def poll_url(page: str) -> str:
    """The address that a page polls."""
    match = re.search(r'data-hx-get="(/orders/[^"]*seen=[^"]*)"', page)
    assert match is not None
    return match[1].replace("&amp;", "&")


# --- show ---


@pytest.mark.parametrize(("state", "status"), STATES)
def test_order_is_a_page_of_its_service(french: Browser, state: str, status: str) -> None:
    reference = reference_of(state)
    response = french.get(f"/orders/{reference}")
    assert response.status_code == 200
    assert f"<title>{service_in(state).label} · Changement de forfait {reference} · Kajoom</title>" in response.text
    assert f'id="order-status" data-status="{status}"' in response.text
    for element in ("product", "alerts", "order", "order-title"):
        assert f' id="{element}"' in response.text


@pytest.mark.parametrize(("state", "status"), STATES)
def test_order_panel_takes_the_address_of_the_order(french: Browser, state: str, status: str) -> None:
    reference = reference_of(state)
    response = french.fragment(f"/orders/{reference}")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="order"' in response.text
    assert f'data-status="{status}"' in response.text
    assert response.headers["HX-Push-Url"] == f"/orders/{reference}"
    for element in ("product", "alerts"):
        assert f'<hx-partial data-hx-target="#{element}"' in response.text


def test_unpaid_order_shows_its_figures_and_every_way_to_pay(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    page = french.get(f"/orders/{reference}").text
    figures = ("subtotal", "gst", "qst", "total")
    assert [value_of(page, figure) for figure in figures] == ["67.74", "3.39", "6.76", "77.89"]
    assert f'action="/orders/{reference}/payment"' in page
    assert f'action="/orders/{reference}/cancel"' in page
    assert "Virement Interac" in page
    assert f'<dd class="num">{number_of("waiting-payment")}</dd>' in page


def test_steps_of_the_change_show_the_current_one(french: Browser) -> None:
    page = french.get(f"/orders/{reference_of('waiting-payment')}").text
    steps = re.findall(r'<li class="(\w+)"[^>]*>\s*<b>([^<]*)</b>', page)
    assert steps == [
        ("done", "Demandé"),
        ("current", "Payé"),
        ("come", "En préparation"),
        ("come", "Opérationnel"),
    ]


def test_refused_order_shows_why(french: Browser) -> None:
    page = french.get(f"/orders/{reference_of('refused')}").text
    assert "Le serveur de ce forfait est complet." in page
    assert f'action="/orders/{reference_of("refused")}/cancel"' not in page
    assert f'href="/services/{service_in("refused").id}/plan"' in page.partition('class="go-row"')[2]


def test_account_credit_can_be_used_for_an_unpaid_order(french: Browser) -> None:
    grant_credit("fr@example.com", "25.00", "Panne", NOON)
    assert (
        "Utiliser 25,00\xa0$ de mon crédit au compte" in french.get(f"/orders/{reference_of('waiting-payment')}").text
    )


@pytest.mark.parametrize(("state", "status"), STATES)
def test_order_of_another_client_is_not_found(english: Browser, client: Browser, state: str, status: str) -> None:
    path = f"/orders/{reference_of(state)}"
    assert english.get(path).status_code == 404
    assert english.fragment(path).status_code == 404
    assert client.get(path).status_code == 303


@pytest.mark.parametrize("reference", ["CH-2022-999999", "CH-2022", "x", "CH-2022-000001%20"])
def test_unknown_order_is_not_found(french: Browser, reference: str) -> None:
    assert french.get(f"/orders/{reference}").status_code == 404


# --- polling ---


def test_page_polls_faster_for_the_panel_than_for_staff(french: Browser, app: Flask) -> None:
    page = french.get(f"/orders/{reference_of('waiting-person')}").text
    assert 'data-poll="60"' in page
    for state in ("waiting-payment", "scheduled", "refused"):
        assert "data-hx-trigger" not in french.get(f"/orders/{reference_of(state)}").text


def test_scheduled_order_polls_from_its_day_on_once_its_renewal_is_paid(french: Browser, app: Flask) -> None:
    path = f"/orders/{reference_of('scheduled')}"
    set_time(app, NOON + timedelta(days=23))
    assert 'data-poll="2"' in french.get(path).text
    issue_renewal(service_in("scheduled").id, TODAY, NOON)
    assert "data-hx-trigger" not in french.get(path).text


def test_poll_without_news_is_empty(french: Browser) -> None:
    url = poll_url(french.get(f"/orders/{reference_of('waiting-person')}").text)
    response = french.fragment(url)
    assert (response.status_code, response.text) == (204, "")


def test_poll_with_news_announces_it_and_keeps_the_focus_and_the_address(french: Browser) -> None:
    reference = reference_of("waiting-person")
    url = poll_url(french.get(f"/orders/{reference}").text)
    mark_operational(reference, "staff:lea", TODAY, NOON)
    response = french.fragment(url)
    assert response.status_code == 200
    assert 'data-status="completed"' in response.text
    status = response.text.partition('data-hx-target="#status"')[2].partition("</hx-partial>")[0]
    assert "Votre changement de forfait" in status
    assert "HX-Push-Url" not in response.headers
    assert 'id="order-title" tabindex="-1">' in response.text


def test_poll_of_a_completed_change_updates_the_breadcrumb(french: Browser) -> None:
    reference = reference_of("waiting-person")
    url = poll_url(french.get(f"/orders/{reference}").text)
    mark_operational(reference, "staff:lea", TODAY, NOON)
    crumbs = french.fragment(url).text.partition('data-hx-target="#crumbs"')[2].partition("</hx-partial>")[0]
    assert service_in("waiting-person").plan.title["fr"] in crumbs


@pytest.mark.usefixtures("pending_payment")
def test_order_whose_payment_is_pending_polls_for_its_outcome(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    response = post(french, f"/orders/{reference}/payment", method="demonstration")
    page = french.get(response.location).text
    assert refusal_in(page) == "payment_pending"
    assert 'data-poll="2"' in page
    assert french.fragment(poll_url(page)).status_code == 204

    post(french, f"/orders/{reference}/payment", verify="1")
    news = french.fragment(poll_url(page))
    assert 'data-status="awaiting_provisioning"' in news.text


# --- statements ---


@pytest.mark.parametrize("state", [state for state, _ in STATES])
def test_order_page_takes_four_statements(french: Browser, statements: Statements, state: str) -> None:
    path = f"/orders/{reference_of(state)}"
    french.get(path)
    for get in (french.get, french.fragment):
        with statements() as executed:
            assert get(path).status_code == 200
        assert len(executed) == 4, "\n\n".join(executed)


def test_order_page_takes_four_statements_with_an_unpaid_renewal_and_a_cancellation(
    french: Browser, statements: Statements
) -> None:
    reference, service = reference_of("waiting-person"), service_in("waiting-person")
    mark_operational(reference, "staff:lea", TODAY, NOON)
    issue_renewal(service.id, TODAY, NOON)
    request = Cancellation(
        reference="RS-1", key="0" * 32, client_id=service.client_id, service_id=service.id,
        status=CancellationStatus.OPEN, when=CancellationWhen.PERIOD_END, effective_on=date(2023, 1, 20),
        locale="fr", requested_at=NOON,
    )  # fmt: skip
    db.session.add(request)
    db.session.commit()
    page = french.get(f"/orders/{reference}").text
    assert ' id="alert-invoice"' in page
    assert ' id="alert-cancellation"' in page
    with statements() as executed:
        french.get(f"/orders/{reference}")
    assert len(executed) == 4, "\n\n".join(executed)


@pytest.mark.parametrize("is_with_panel", [False, True], ids=["staff", "panel"])
def test_poll_without_news_takes_two_statements(french: Browser, statements: Statements, is_with_panel: bool) -> None:
    reference = reference_of("waiting-person")
    if is_with_panel:
        db.session.execute(update(Order).where(Order.reference == reference).values(needs_person=False))
        db.session.commit()
    url = poll_url(french.get(f"/orders/{reference}").text)
    with statements() as executed:
        assert french.fragment(url).status_code == 204
    assert len(executed) == 2, "\n\n".join(executed)  # the client's session, and the order


@pytest.mark.parametrize(("is_live", "allowed"), [(False, 25), (True, 28)], ids=["plain", "with the page of the order"])
def test_confirmation_that_is_paid_at_once_takes_25_statements(
    french: Browser, address: Address, statements: Statements, is_live: bool, allowed: int
) -> None:
    service = address("hosting")
    fields = hidden_fields(french.get(f"{service}/plan/review?plan=b&cycle=monthly").text, "review")
    data = {"csrf_token": french.token("/services"), **fields}
    send = partial(french.fragment, method="POST") if is_live else french.post
    with statements() as executed:
        send(f"{service}/plan", data=data)
    assert order_status(reference_of("hosting")) == "awaiting_provisioning"
    # Two of them are rows of the audit, which belong into the commits of the invoice and of its payment.
    assert len(executed) <= allowed, "\n\n".join(executed)


# --- return from the provider ---


@pytest.mark.parametrize("query", ["", "?cancelled=1"])
def test_return_shows_the_order_and_writes_nothing(french: Browser, query: str) -> None:
    reference = reference_of("waiting-payment")
    with nothing_written():
        page = french.get(f"/orders/{reference}/payment/return{query}")
        fragment = french.fragment(f"/orders/{reference}/payment/return{query}")
    assert page.status_code == fragment.status_code == 200
    assert ' id="product"' in page.text
    assert "<!doctype" not in fragment.text
    assert '<section id="order"' in fragment.text


def test_return_to_the_order_of_another_client_is_not_found(english: Browser, client: Browser) -> None:
    path = f"/orders/{reference_of('waiting-payment')}/payment/return"
    assert english.get(path).status_code == 404
    assert client.get(path).status_code == 303


# --- cancel ---


@pytest.mark.parametrize("state", ["waiting-payment", "scheduled"])
def test_cancelled_order_is_shown(french: Browser, state: str) -> None:
    reference = reference_of(state)
    response = post(french, f"/orders/{reference}/cancel")
    assert (response.status_code, response.location) == (303, f"/orders/{reference}")
    assert order_status(reference) == "cancelled"
    assert "Changement annulé" in french.get(response.location).text


def test_cancelled_order_is_shown_in_its_panel(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    response = post_fragment(french, f"/orders/{reference}/cancel")
    assert response.status_code == 200
    assert 'data-status="cancelled"' in response.text
    assert response.headers["HX-Push-Url"] == f"/orders/{reference}"
    assert f"/services/{service_in('waiting-payment').id}/plan" in response.text, "the plan can be changed again"


def test_order_cancelled_to_choose_another_plan_opens_the_choice(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    choice = f"/services/{service_in('waiting-payment').id}/plan"
    response = post(french, f"/orders/{reference}/cancel", then="choose")
    assert (response.status_code, response.location) == (303, choice)
    fragment = post_fragment(french, f"/orders/{reference}/cancel", then="choose")
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (200, choice)
    assert order_status(reference) == "cancelled"


def test_order_cancelled_twice_stays_cancelled(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    post(french, f"/orders/{reference}/cancel")
    with nothing_written():
        assert post(french, f"/orders/{reference}/cancel").status_code == 303


def test_part_that_was_received_comes_back_as_credit_when_the_order_is_cancelled(french: Browser) -> None:
    record_received(number_of("waiting-payment"), "10.00")
    post(french, f"/orders/{reference_of('waiting-payment')}/cancel")
    assert '<data value="10.00">' in french.get("/account").text


@pytest.mark.parametrize("state", ["waiting-person", "refused"])
def test_order_that_is_paid_or_closed_cannot_be_cancelled(french: Browser, state: str) -> None:
    reference = reference_of(state)
    status = order_status(reference)
    for send in (post, post_fragment):
        with nothing_written():
            response = send(french, f"/orders/{reference}/cancel")
        assert (response.status_code, refusal_in(response.text)) == (409, "too_late")
        assert f'data-status="{status}"' in response.text


@pytest.mark.usefixtures("pending_payment")
def test_order_whose_pending_payment_has_succeeded_is_not_cancelled(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    post(french, f"/orders/{reference}/payment", method="demonstration")
    assert order_status(reference) == "awaiting_payment"
    response = post(french, f"/orders/{reference}/cancel")
    assert (response.status_code, refusal_in(response.text)) == (409, "too_late")
    assert order_status(reference) == "awaiting_provisioning"


def test_order_of_another_client_cannot_be_cancelled(english: Browser, client: Browser) -> None:
    reference = reference_of("waiting-payment")
    with nothing_written():
        assert post(english, f"/orders/{reference}/cancel").status_code == 404
        assert post_fragment(english, f"/orders/{reference}/cancel").status_code == 404
    assert client.send(f"/orders/{reference}/cancel").status_code == 303
    assert order_status(reference) == "awaiting_payment"


def test_cancellation_without_a_csrf_token_is_refused(french: Browser) -> None:
    reference = reference_of("waiting-payment")
    assert french.post(f"/orders/{reference}/cancel").status_code == 403
    assert order_status(reference) == "awaiting_payment"


def test_scheduled_order_says_what_is_paid_from_its_day(french: Browser) -> None:
    page = french.get(f"/orders/{reference_of('scheduled')}").text
    assert re.search(r"Puis \d+,\d\d\xa0\$ par mois, taxes comprises, dès le 9\snovembre 2022\.", page)

    assert "Changement prévu pour le 9\xa0novembre 2022" in page


@pytest.mark.parametrize(("state", "sentence"), [
    ("scheduled", "Rien à payer aujourd’hui."),
    ("refused", "Rien n’a été débité pour ce changement."),
])  # fmt: skip
def test_order_without_a_charge_says_so_in_one_sentence(french: Browser, state: str, sentence: str) -> None:
    panel = french.fragment(f"/orders/{reference_of(state)}").text.partition('id="order"')[2].partition("</section>")[0]
    assert sentence in panel
    assert "0,00" not in panel


def test_paid_order_ends_with_what_was_paid(french: Browser) -> None:
    page = french.get(f"/orders/{reference_of('waiting-person')}").text
    assert re.search(r'<tr class="sum"><th scope="row">Montant payé</th><td><data id="paid" value="14.38">', page)
    assert "Solde" not in page
    assert "Délai habituel\xa0: 1 jour ouvrable" in page


def test_refused_order_says_what_became_of_the_money_and_offers_another_plan(french: Browser) -> None:
    reference = reference_of("waiting-person")
    mark_refused(reference, "Le serveur est complet.", "staff:lea", TODAY, NOON)
    page = french.get(f"/orders/{reference}").text
    assert "Motif\xa0: Le serveur est complet." in page
    assert re.search(r'Nous avons remis <data value="14.38">14,38\xa0\$</data> à votre crédit au compte', page)
    assert ">Choisir un autre forfait</a>" in page.partition('class="go-row"')[2].partition("</div>")[0]


def test_cancelled_order_says_what_became_of_a_part_that_was_received(french: Browser) -> None:
    record_received(number_of("waiting-payment"), "10.00")
    post(french, f"/orders/{reference_of('waiting-payment')}/cancel")
    page = french.get(f"/orders/{reference_of('waiting-payment')}").text
    assert re.search(r'Nous avons remis <data value="10.00">10,00\xa0\$</data> à votre crédit au compte', page)
    assert "Vous conservez votre forfait actuel." in page


def test_expired_order_says_why(french: Browser, app: Flask) -> None:
    reference = reference_of("waiting-payment")
    [order_id] = db.session.scalars(select(Order.id).where(Order.reference == reference))
    expire_order(order_id, date(2022, 10, 25), NOON + timedelta(days=8))
    page = french.get(f"/orders/{reference}").text
    assert re.search(r"Le paiement n.{1,5}a pas été reçu à temps, soit au plus tard le\s24\soctobre\s2022\.", page)


@pytest.mark.parametrize("state", ["waiting-payment", "waiting-person", "scheduled", "refused"])
def test_each_order_ends_with_an_action(french: Browser, state: str) -> None:
    page = french.get(f"/orders/{reference_of(state)}").text
    assert re.search(r'class="btn[ "]', page.partition('class="go-row"')[2].partition('<p class="links"')[0])


@pytest.mark.usefixtures("pending_payment")
@pytest.mark.parametrize("shown", ["order", "invoice"])
def test_no_other_way_is_offered_while_a_payment_is_being_verified(french: Browser, shown: str) -> None:
    grant_credit("fr@example.com", "25.00", "Panne", NOON)
    reference = reference_of("waiting-payment")
    path = f"/orders/{reference}" if shown == "order" else f"/invoices/{number_of('waiting-payment')}"
    before = french.get(path).text
    post(french, f"/orders/{reference}/payment", method="demonstration")
    page = french.get(path).text
    for way in ("Virement Interac", "Chèque", 'value="credit"', 'value="demonstration"', 'class="on-paper"'):
        assert way not in page, way
    assert "Virement Interac" in before
    assert 'class="on-paper"' in before
    assert "Vérifier mon paiement" in page


def test_choosing_another_plan_says_that_it_cancels(french: Browser) -> None:
    page = french.get(f"/orders/{reference_of('waiting-payment')}").text
    assert 'name="then" value="choose">Annuler et choisir un autre forfait</button>' in page


def test_order_can_be_printed(french: Browser) -> None:
    page = french.get(f"/orders/{reference_of('scheduled')}").text
    assert "data-print>Imprimer ou enregistrer en PDF</button>" in page
