"""Paying with a saved PayPal account: offered only where the host saves accounts; a recent password is required."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.models.payment import Attempt
from kajoom.models.saved_method import SavedMethod, saved_methods_of
from tests.conftest import PASSWORD, Browser
from tests.operations.ledger_checks import nothing_written, rows
from tests.paypal.fixtures import fake, paypal, paypal_client, paypal_with_vault
from tests.paypal.server import FakePayPal
from tests.web.conftest import NOON, Address
from tests.web.demo_rows import number_of, order_status
from tests.web.pages import post, post_fragment, refusal_in
from tests.web.paypal_payer import (
    confirm_plan_b,
    last_order,
    order_to_approve,
    path_of,
    review_of_plan_b,
    start_payment,
    with_paypal,
)
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

__all__ = ["fake", "paypal", "paypal_client", "paypal_with_vault", "with_paypal"]

SAVE_BOX = 'name="saves"'
LABEL = "c•••@example.com"


def saved_accounts() -> list[SavedMethod]:
    """The saved accounts of the French-speaking client."""
    db.session.rollback()
    client = client_by_email("fr@example.com")
    assert client is not None
    return saved_methods_of(client.id)


@pytest.fixture
def account(with_paypal: Flask, paypal_with_vault: PayPalProvider, fake: FakePayPal) -> SavedMethod:
    """An account that the French-speaking client saved earlier."""
    client = client_by_email("fr@example.com")
    assert client is not None
    fake.ledger.tokens["token-0"] = {"id": "token-0"}
    method = SavedMethod(client_id=client.id, provider="paypal", token="token-0", label=LABEL, saved_at=NOON)
    db.session.add(method)
    db.session.commit()
    return method


def pay_with_account(browser: Browser, order: str, account: SavedMethod) -> TestResponse:
    """The response to paying an order with a saved account."""
    return post(browser, f"/orders/{order}/payment", method="paypal", saved=str(account.id))


def set_password_age(browser: Browser, minutes: float) -> None:
    """Make the session one whose password was given some minutes ago."""
    with browser.session_transaction() as session:
        session["fs_paa"] = time.time() - minutes * 60
        session.pop("fs_gexp", None)


# --- saving an account ---


@pytest.mark.usefixtures("with_paypal")
def test_host_that_saves_no_accounts_does_not_offer_it(french: Browser, fake: FakePayPal, address: Address) -> None:
    assert SAVE_BOX not in review_of_plan_b(french, address("hosting"))
    order = start_payment(french, address("hosting"))
    assert SAVE_BOX not in french.get(f"/orders/{order}").text
    post(french, f"/orders/{order}/payment", method="paypal", saves="yes")
    assert [attempt.save_method for attempt in rows(Attempt) if attempt.provider == "paypal"] == [False]


@pytest.mark.usefixtures("with_paypal", "paypal_with_vault")
def test_account_is_not_saved_unless_the_box_is_ticked(french: Browser, fake: FakePayPal, address: Address) -> None:
    assert f'<input type="checkbox" {SAVE_BOX} value="yes">' in review_of_plan_b(french, address("hosting"))
    order = start_payment(french, address("hosting"))
    fake.ledger.approve(order_to_approve(fake))
    post(french, f"/orders/{order}/payment", verify="1")
    assert (saved_accounts(), fake.ledger.tokens) == ([], {})


@pytest.mark.usefixtures("with_paypal", "paypal_with_vault")
def test_box_ticked_on_the_review_saves_the_account_that_pays(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    confirm_plan_b(french, address("hosting"), saves="yes")
    order = last_order().reference
    assert f'{SAVE_BOX} value="yes" checked>' in french.get(f"/orders/{order}").text

    return_path = path_of(fake.ledger.approve(order_to_approve(fake)))
    assert SAVE_BOX not in french.get(return_path).text
    post(french, f"/orders/{order}/payment", verify="1")

    assert [(method.provider, method.label) for method in saved_accounts()] == [("paypal", LABEL)]
    assert LABEL in french.get("/account").text


# --- paying with a saved account ---


def test_confirmation_charges_the_saved_account_shown_on_the_review(
    french: Browser, fake: FakePayPal, with_paypal: Flask, account: SavedMethod, address: Address
) -> None:
    review = review_of_plan_b(french, address("hosting"))
    assert f"PayPal, {LABEL}" in review
    assert SAVE_BOX not in review

    response = confirm_plan_b(french, address("hosting"), saved=str(account.id))

    order = last_order().reference
    assert (response.status_code, response.location) == (303, f"/orders/{order}")
    assert order_status(order) == "awaiting_provisioning"
    drain(with_paypal.extensions["kajoom"], NOON)
    assert order_status(order) == "completed"
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"41.72"}


@pytest.mark.usefixtures("account")
def test_client_who_prefers_another_way_chooses_after_confirming(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    response = confirm_plan_b(french, address("hosting"), saved="")
    page = french.get(response.location).text
    assert not fake.ledger.orders
    for option in (f"avec PayPal, {LABEL}", "Payer avec un autre compte PayPal", "avec le paiement de démonstration"):
        assert option in page


def test_second_click_charges_nothing_more(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    for _ in range(2):
        pay_with_account(french, order, account)
    assert len(fake.ledger.captures) == 1


def test_invoice_is_paid_with_a_saved_account(french: Browser, fake: FakePayPal, account: SavedMethod) -> None:
    number, fields = number_of("unpaid-renewal"), {"method": "paypal", "saved": str(account.id), "next": "/services"}
    assert f"avec PayPal, {LABEL}" in french.get(f"/invoices/{number}").text
    set_password_age(french, 31)
    response = post(french, f"/invoices/{number}/payment", **fields)
    assert response.location == f"/verify?next=%2Finvoices%2F{number}%3Fnext%3D%2Fservices"
    set_password_age(french, 1)
    response = post(french, f"/invoices/{number}/payment", **fields)
    assert (response.status_code, response.location) == (303, "/services")
    assert len(fake.ledger.captures) == 1


# --- the password is asked again ---


def test_password_given_within_30_minutes_is_enough(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    set_password_age(french, 29.5)
    pay_with_account(french, order, account)
    assert len(fake.ledger.captures) == 1


def test_password_is_asked_again_after_30_minutes(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    set_password_age(french, 31)
    with nothing_written():
        response = pay_with_account(french, order, account)
    assert response.location == f"/verify?next=%2Forders%2F{order}"
    assert not fake.ledger.captures

    assert "Confirmez que c" in french.get(response.location).text
    wrong = post(french, "/verify", next=f"/orders/{order}", password="not the password")
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    right = post(french, "/verify", next=f"/orders/{order}", password=PASSWORD)
    assert right.location.endswith(f"/orders/{order}")
    assert not fake.ledger.captures, "giving the password pays nothing by itself"
    pay_with_account(french, order, account)
    assert len(fake.ledger.captures) == 1


def test_panel_redirects_the_whole_page_to_the_password(
    french: Browser, account: SavedMethod, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    set_password_age(french, 31)
    response = post_fragment(french, f"/orders/{order}/payment", method="paypal", saved=str(account.id))
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, f"/verify?next=%2Forders%2F{order}")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/"])
def test_password_page_leads_to_no_other_site(french: Browser, url: str) -> None:
    assert "evil" not in french.get(f"/verify?next={url}").text.partition("<main")[2]
    assert "evil" not in post(french, "/verify", next=url, password=PASSWORD).location


def test_password_page_is_private(client: Browser) -> None:
    assert client.get("/verify").location.startswith("/login")


# --- refusals ---


def test_account_that_paypal_no_longer_accepts_ends_and_the_payment_can_be_approved(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    fake.ledger.delete_token("token-0")
    order = start_payment(french, address("hosting"))
    page = pay_with_account(french, order, account)
    assert (page.status_code, refusal_in(page.text)) == (402, "saved_method_ended")
    assert "Continuer avec PayPal" in page.text
    assert LABEL not in page.text
    assert saved_accounts() == []
    assert refusal_in(french.get(f"/orders/{order}").text) == "saved_method_ended", "also when the page is opened again"

    response = post(french, f"/orders/{order}/payment", method="paypal")
    fake.ledger.approve(response.location.partition("token=")[2])
    post(french, f"/orders/{order}/payment", verify="1")
    assert order_status(order) == "awaiting_provisioning"


def test_payment_that_the_payer_must_approve_redirects_to_paypal(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    fake.ledger.declines.append("PAYER_ACTION_REQUIRED")
    response = pay_with_account(french, order, account)
    assert response.location.startswith(f"{fake.address}/checkoutnow?token=")
    assert len(saved_accounts()) == 1


@pytest.mark.parametrize("fields", [{"saved": "abc"}, {"saved": "-1"}, {"saved": "1", "saves": "yes"}])
def test_invalid_account_is_refused(
    french: Browser, account: SavedMethod, address: Address, fields: dict[str, str]
) -> None:
    order = start_payment(french, address("hosting"))
    with nothing_written():
        response = post(french, f"/orders/{order}/payment", method="paypal", **fields)
    assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")


def test_account_of_another_client_can_be_neither_charged_nor_removed(
    english: Browser, account: SavedMethod, fake: FakePayPal, address: Address
) -> None:
    order = start_payment(english, address("hosting", "en"))
    captures = dict(fake.ledger.captures)
    response = pay_with_account(english, order, account)
    assert refusal_in(response.text) == "saved_method_ended"
    assert fake.ledger.captures == captures
    with nothing_written():
        assert post(english, f"/account/saved/{account.id}/remove").status_code == 404


def test_host_that_stops_saving_accounts_charges_none_and_lets_clients_remove_theirs(
    french: Browser, paypal_with_vault: PayPalProvider, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = start_payment(french, address("hosting"))
    paypal_with_vault.can_save = False
    assert LABEL not in french.get(f"/orders/{order}").text
    response = pay_with_account(french, order, account)
    assert refusal_in(response.text) == "saved_method_ended"
    assert not fake.ledger.captures
    assert LABEL in french.get("/account").text


# --- removal ---


def test_account_removed_by_its_client_is_deleted_at_paypal(
    french: Browser, fake: FakePayPal, with_paypal: Flask, account: SavedMethod
) -> None:
    path = f"/account/saved/{account.id}/remove"
    response = post(french, path)
    assert (response.status_code, response.location) == (303, "/account")
    assert LABEL not in french.get("/account").text
    assert post(french, path).status_code == 303
    drain(with_paypal.extensions["kajoom"], NOON)
    assert fake.ledger.deleted_tokens == ["token-0"]
