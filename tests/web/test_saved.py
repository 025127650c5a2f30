"""Paying in one press with a saved account: offered where a host has it, asked for twice by nobody, proved when old."""

from __future__ import annotations

import time
from collections.abc import Callable

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
from tests.web.paypal_payer import FIELD, awaited, begun, newest, offered, path_of, posted, status_of
from tests.worker_runs import drain

__all__ = ["fake", "offered", "paypal", "paypal_client", "paypal_with_vault"]

TICK = 'name="saves"'
LABEL = "c•••@example.com"


def saved(email: str = "fr@example.com") -> list[SavedMethod]:
    """The accounts a client may pay with."""
    db.session.rollback()
    holder = client_by_email(email)
    assert holder is not None
    return saved_methods_of(holder.id)


@pytest.fixture
def account(offered: Flask, paypal_with_vault: PayPalProvider, fake: FakePayPal) -> SavedMethod:
    """An account that the French-speaking client saved another time, known to PayPal."""
    holder = client_by_email("fr@example.com")
    assert holder is not None
    fake.ledger.tokens["token-0"] = {"id": "token-0"}
    method = SavedMethod(client_id=holder.id, provider="paypal", token="token-0", label=LABEL, saved_at=NOON)
    db.session.add(method)
    db.session.commit()
    return method


def aged(visitor: Browser, minutes: float) -> None:
    """The client gave their password some minutes ago."""
    with visitor.session_transaction() as session:
        session["fs_paa"] = time.time() - minutes * 60
        session.pop("fs_gexp", None)


@pytest.mark.usefixtures("offered")
def test_without_a_vault_nothing_is_offered_to_be_saved(french: Browser, fake: FakePayPal, address: Address) -> None:
    assert TICK not in french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly").text
    order = begun(french, address("hosting"))
    assert TICK not in french.get(f"/orders/{order}").text
    posted(french, f"/orders/{order}/payment", method="paypal", save_method="yes")
    assert [attempt.save_method for attempt in rows(Attempt) if attempt.provider == "paypal"] == [False]


@pytest.mark.usefixtures("offered", "paypal_with_vault")
def test_saving_is_offered_unticked_and_only_done_when_asked(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    review = french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly").text
    assert f'<input type="checkbox" {TICK} value="yes">' in review
    order = begun(french, address("hosting"))
    fake.ledger.approve(awaited(fake))
    posted(french, f"/orders/{order}/payment", verify="1")
    assert (saved(), fake.ledger.tokens) == ([], {})


@pytest.mark.usefixtures("offered", "paypal_with_vault")
def test_a_tick_on_the_review_saves_the_account_that_pays(french: Browser, fake: FakePayPal, address: Address) -> None:
    review = french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly").text
    fields = dict(FIELD.findall(review[review.index('name="digest"') - 2000 :]))
    french.post(f"{address('hosting')}/plan", data={**fields, "saves": "yes"})
    order = newest().reference
    page = french.get(f"/orders/{order}").text
    assert f'{TICK} value="yes" checked>' in page, "the client's own choice is kept while they approve"

    back = path_of(fake.ledger.approve(awaited(fake)))
    assert TICK not in french.get(back).text
    posted(french, f"/orders/{order}/payment", verify="1")

    assert [(method.provider, method.label) for method in saved()] == [("paypal", LABEL)]
    assert LABEL in french.get("/account").text


def test_the_review_says_who_is_charged_and_confirming_pays_at_once(
    french: Browser, fake: FakePayPal, offered: Flask, account: SavedMethod, address: Address
) -> None:
    review = french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly").text
    assert f"PayPal, {LABEL}" in review
    assert TICK not in review
    fields = dict(FIELD.findall(review[review.index('name="digest"') - 2000 :]))

    result = french.post(f"{address('hosting')}/plan", data={**fields, "saved": str(account.id)})

    order = newest().reference
    assert (result.status_code, result.location) == (303, f"/orders/{order}")
    assert status_of(order) == "awaiting_provisioning"
    drain(offered.extensions["kajoom"], NOON)
    assert status_of(order) == "completed"
    assert {str(amount) for amount in fake.ledger.captured_amounts().values()} == {"41.72"}


@pytest.mark.usefixtures("account")
def test_who_would_rather_pay_another_way_chooses_after_confirming(
    french: Browser, fake: FakePayPal, address: Address
) -> None:
    review = french.get(f"{address('hosting')}/plan/review?plan=b&cycle=monthly").text
    fields = dict(FIELD.findall(review[review.index('name="digest"') - 2000 :]))
    result = french.post(f"{address('hosting')}/plan", data={**fields, "saved": ""})
    page = french.get(result.location).text
    assert not fake.ledger.orders
    for offer in (f"avec PayPal, {LABEL}", "Payer avec un autre compte PayPal", "Paiement de démonstration"):
        assert offer in page


def test_pressing_twice_charges_once(french: Browser, fake: FakePayPal, account: SavedMethod, address: Address) -> None:
    order = begun(french, address("hosting"))
    for _ in range(2):
        posted(french, f"/orders/{order}/payment", method="paypal", saved=str(account.id))
    assert len(fake.ledger.captures) == 1


@pytest.mark.parametrize("minutes", [29.5, 31])
def test_an_old_session_gives_its_password_again_before_a_saved_account_is_charged(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address, minutes: float
) -> None:
    order = begun(french, address("hosting"))
    aged(french, minutes)
    pay: Callable[[], TestResponse] = lambda: posted(  # noqa: E731
        french, f"/orders/{order}/payment", method="paypal", saved=str(account.id)
    )
    if minutes < 30:
        pay()
        assert len(fake.ledger.captures) == 1
        return
    with nothing_written():
        result = pay()
    assert result.location == f"/verify?next=%2Forders%2F{order}"
    assert not fake.ledger.captures

    page = french.get(result.location)
    assert "Confirmez que c" in page.text
    wrong = posted(french, "/verify", next=f"/orders/{order}", password="not the password")
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.text) == (422, True)
    right = posted(french, "/verify", next=f"/orders/{order}", password=PASSWORD)
    assert right.location.endswith(f"/orders/{order}")
    assert not fake.ledger.captures, "proving who one is pays nothing by itself"
    pay()
    assert len(fake.ledger.captures) == 1


def test_with_htmx_the_password_is_asked_on_a_page_of_its_own(
    french: Browser, account: SavedMethod, address: Address
) -> None:
    order = begun(french, address("hosting"))
    aged(french, 31)
    fields = {"csrf_token": french.token("/services"), "method": "paypal", "saved": str(account.id)}
    result = french.fragment(f"/orders/{order}/payment", "POST", data=fields)
    assert (result.status_code, result.headers["HX-Redirect"]) == (200, f"/verify?next=%2Forders%2F{order}")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/"])
def test_proving_who_one_is_leads_nowhere_else(french: Browser, elsewhere: str) -> None:
    assert "evil" not in french.get(f"/verify?next={elsewhere}").text.partition("<main")[2]
    result = posted(french, "/verify", next=elsewhere, password=PASSWORD)
    assert "evil" not in result.location


def test_a_stranger_proves_nothing(client: Browser) -> None:
    assert client.get("/verify").location.startswith("/login")


def test_an_account_honoured_no_more_is_said_and_another_way_is_open(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    fake.ledger.delete_token("token-0")
    order = begun(french, address("hosting"))
    page = posted(french, f"/orders/{order}/payment", method="paypal", saved=str(account.id))
    assert page.status_code == 402
    assert 'data-refusal="saved_method_ended"' in page.text
    assert "Continuer avec PayPal" in page.text
    assert LABEL not in page.text
    assert saved() == []
    assert 'data-refusal="saved_method_ended"' in french.get(f"/orders/{order}").text, "also when it is reloaded"

    led = posted(french, f"/orders/{order}/payment", method="paypal")
    fake.ledger.approve(led.location.partition("token=")[2])
    posted(french, f"/orders/{order}/payment", verify="1")
    assert status_of(order) == "awaiting_provisioning"


def test_a_payer_who_must_act_is_led_to_paypal(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = begun(french, address("hosting"))
    fake.ledger.declines.append("PAYER_ACTION_REQUIRED")
    led = posted(french, f"/orders/{order}/payment", method="paypal", saved=str(account.id))
    assert led.location.startswith(f"{fake.address}/checkoutnow?token=")
    assert len(saved()) == 1


@pytest.mark.parametrize("sent", [{"saved": "abc"}, {"saved": "-1"}, {"saved": "1", "saves": "yes"}])
def test_a_garbled_account_is_refused_and_writes_nothing(
    french: Browser, account: SavedMethod, address: Address, sent: dict[str, str]
) -> None:
    order = begun(french, address("hosting"))
    with nothing_written():
        assert posted(french, f"/orders/{order}/payment", method="paypal", **sent).status_code == 422


def test_nobody_pays_with_or_removes_anothers_account(
    english: Browser, account: SavedMethod, fake: FakePayPal, address: Address
) -> None:
    order = begun(english, address("hosting", "en"))
    snapshot = dict(fake.ledger.captures)
    result = posted(english, f"/orders/{order}/payment", method="paypal", saved=str(account.id))
    assert 'data-refusal="saved_method_ended"' in result.text
    assert fake.ledger.captures == snapshot
    with nothing_written():
        assert posted(english, f"/account/saved/{account.id}/remove").status_code == 404


def test_a_host_that_stops_saving_offers_no_account_and_lets_it_be_removed(
    french: Browser, paypal_with_vault: PayPalProvider, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    order = begun(french, address("hosting"))
    paypal_with_vault.can_save = False
    assert LABEL not in french.get(f"/orders/{order}").text
    error = posted(french, f"/orders/{order}/payment", method="paypal", saved=str(account.id))
    assert 'data-refusal="saved_method_ended"' in error.text
    assert not fake.ledger.captures
    assert LABEL in french.get("/account").text


def test_an_account_is_removed_on_the_clients_own_page_and_forgotten_at_paypal(
    french: Browser, fake: FakePayPal, offered: Flask, account: SavedMethod
) -> None:
    number = account.id
    result = posted(french, f"/account/saved/{number}/remove")
    assert (result.status_code, result.location) == (303, "/account")
    assert LABEL not in french.get("/account").text
    assert posted(french, f"/account/saved/{number}/remove").status_code == 303
    drain(offered.extensions["kajoom"], NOON)
    assert fake.ledger.deleted_tokens == ["token-0"]


def test_an_invoice_is_paid_with_a_saved_account(
    french: Browser, fake: FakePayPal, account: SavedMethod, address: Address
) -> None:
    number = french.get(address("unpaid-renewal")).text.partition("/invoices/")[2].partition("?")[0].partition('"')[0]
    page = french.get(f"/invoices/{number}").text
    assert f"avec PayPal, {LABEL}" in page
    aged(french, 31)
    choice = "/services"
    result = posted(french, f"/invoices/{number}/payment", method="paypal", saved=str(account.id), next=choice)
    assert result.location == f"/verify?next=%2Finvoices%2F{number}%3Fnext%3D%2Fservices"
    aged(french, 1)
    paid = posted(french, f"/invoices/{number}/payment", method="paypal", saved=str(account.id), next=choice)
    assert (paid.status_code, paid.location) == (303, choice)
    assert len(fake.ledger.captures) == 1
