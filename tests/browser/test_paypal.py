"""Paying at PayPal and coming back, under the Content-Security-Policy, with htmx and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.saved_method import SavedMethod
from kajoom.web import auth
from tests.browser.axe import axe
from tests.browser.chromium import sign_in
from tests.browser.conftest import OpenPage
from tests.browser.live_app import NOON, LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import expect_address, expect_status, formats, is_same_document, mark_document
from tests.browser.test_states import faults_in
from tests.conftest import PASSWORD, set_time
from tests.paypal.server import FakePayPal

_FR = "demo-fr-hosting"


@pytest.fixture(scope="module")
def paypal() -> Iterator[FakePayPal]:
    """A fake PayPal, where payers approve."""
    with FakePayPal() as started:
        yield started


@pytest.fixture(scope="module")
def started_app(paypal: FakePayPal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """The application of a host with a PayPal account that may save payers' accounts."""
    account = {"paypal_client_id": "client", "paypal_secret": "secret", "paypal_can_save": True}
    app = LiveApp(tmp_path_factory.mktemp("app"), paypal_base_url=paypal.address, **account)
    yield app
    app.close()


@pytest.fixture(scope="module")
def sessions(started_app: LiveApp, chromium: Browser) -> dict[str, StorageState]:
    """The session of the French-speaking client; it stays open whatever is restored."""
    states = {"fr": sign_in(chromium, started_app.address, "fr")}
    started_app.save()
    return states


def go_to_paypal(open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, javascript: bool) -> Page:
    """Confirm the change from A to B and wait for PayPal's page."""
    page = open_page(
        "fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly", java_script_enabled=javascript
    )
    page.locator("#review form .btn.go").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")
    return page


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_change_approved_at_paypal_is_paid_on_return(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, javascript: bool
) -> None:
    before = len(paypal.ledger.captures)
    page = go_to_paypal(open_page, live_app, paypal, javascript)
    page.get_by_role("button", name="Approve").click()
    if not javascript:  # htmx sends this form on its own
        expect(page.locator("#order")).to_contain_text(formats(page).gettext("Your payment is being verified."))
        page.get_by_role("button", name=formats(page).gettext("Verify my payment")).click()
    expect_status(page, "awaiting_provisioning")
    expect_address(page, f"/orders/{live_app.last_order()}")
    assert len(paypal.ledger.captures) == before + 1


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_client_who_cancels_at_paypal_pays_another_way(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, javascript: bool
) -> None:
    before = len(paypal.ledger.captures)
    page = go_to_paypal(open_page, live_app, paypal, javascript)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#order .notice").first).to_contain_text("Rien n’a été débité")
    if javascript:
        assert axe(page) == []

    page.get_by_role("button", name="Continuer avec PayPal").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")
    page.goto(f"{live_app.address}/orders/{live_app.last_order()}")
    page.locator("#order form:has([value=demonstration]) button").click()
    expect_status(page, "awaiting_provisioning")
    assert len(paypal.ledger.captures) == before


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_account_saved_with_one_change_pays_the_next_at_once(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, javascript: bool
) -> None:
    page = open_page(
        "fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly", java_script_enabled=javascript
    )
    page.locator("#review [name=saves]").check()
    page.locator("#review form .btn.go").click()
    page.get_by_role("button", name="Approve").click()
    if not javascript:
        page.get_by_role("button", name=formats(page).gettext("Verify my payment")).click()
    expect_status(page, "awaiting_provisioning")
    live_app.work()

    before = len(paypal.ledger.captures)
    page.goto(f"{live_app.service_path(_FR)}/plan/review?plan=c&cycle=monthly")
    expect(page.locator("#review label:has(:checked)")).to_contain_text("c•••@")
    if javascript:
        mark_document(page)
    page.locator("#review form .btn.go").click()
    expect_status(page, "awaiting_provisioning")
    assert is_same_document(page) is javascript
    assert len(paypal.ledger.captures) == before + 1


def save_account(live_app: LiveApp, paypal: FakePayPal) -> None:
    """Save a PayPal account of the French-speaking client."""
    paypal.ledger.tokens["token-0"] = {"id": "token-0"}
    with live_app.app_context():
        holder = client_by_email("fr@example.com")
        assert holder is not None
        account = {"provider": "paypal", "token": "token-0", "label": "c•••@example.com", "saved_at": NOON}
        db.session.add(SavedMethod(client_id=holder.id, **account))
        db.session.commit()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_with_a_saved_account_have_no_faults(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, language: str
) -> None:
    page = open_page("fr", "/services")
    review = f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly"
    faults = {"unsaved": list(faults_in(page, review, language))}
    save_account(live_app, paypal)
    page.goto(review)
    page.locator("#review [name=saved][value='']").check()
    page.locator("#review form .btn.go").click()
    expect_status(page, "awaiting_payment")
    with live_app.app_context():
        unpaid = next(each.number for each in db.session.query(Invoice).order_by(Invoice.id) if each.balance)
    order = f"/orders/{live_app.last_order()}"
    for path in (order, "/account", "/verify?next=/services", f"/invoices/{unpaid}"):
        faults[path] = list(faults_in(page, path, language))
    live_app.restore()
    save_account(live_app, paypal)
    faults[review] = list(faults_in(page, review, language))
    assert {path: errors for path, errors in faults.items() if errors} == {}


def test_saved_account_that_paypal_refuses_is_announced_and_focused(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 402")
    save_account(live_app, paypal)
    paypal.ledger.delete_token("token-0")
    page = open_page("fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly")
    page.locator("#review form .btn.go").click()
    notice = page.locator("[data-refusal=saved_method_ended]")
    expect(notice).to_be_focused()
    expect(notice).to_contain_text("Rien n’a été débité")
    page.get_by_role("button", name="Continuer avec PayPal").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")


def test_old_session_gives_the_password_before_paying_with_a_saved_account(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal
) -> None:
    save_account(live_app, paypal)
    page = open_page("fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly")
    before = len(paypal.ledger.captures)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "_RECENT", timedelta(microseconds=1))
        page.locator("#review form .btn.go").click()
        page.wait_for_url("**/verify?next=*")
    page.keyboard.type(PASSWORD)  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{live_app.last_order()}")
    assert len(paypal.ledger.captures) == before
    page.get_by_role("button", name="c•••@example.com").click()
    expect_status(page, "awaiting_provisioning")
    assert len(paypal.ledger.captures) == before + 1


def test_going_back_from_paypal_shows_the_unpaid_change(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal
) -> None:
    page = go_to_paypal(open_page, live_app, paypal, javascript=True)
    page.goto(f"{live_app.address}{live_app.service_path(_FR)}")
    page.locator(f"a[href*='/orders/{live_app.last_order()}']").first.click()
    expect_status(page, "awaiting_payment")
    page.get_by_role("button", name=formats(page).gettext("Cancel the change")).click()
    expect_status(page, "cancelled")


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_silent_paypal_is_prepared_and_its_button_appears_once_the_worker_knows_the_link(
    open_page: OpenPage, live_app: LiveApp, paypal: FakePayPal, javascript: bool
) -> None:
    breakers = live_app.app.extensions["kajoom"].breakers
    breakers["paypal"] = CircuitBreaker()
    breakers["paypal"].record(answered=False)
    page = open_page(
        "fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly", java_script_enabled=javascript
    )
    page.locator("#review form .btn.go").click()
    notice = page.locator("[data-refusal=payment_pending]")
    expect(notice).to_contain_text("Nous préparons votre paiement PayPal…")
    if javascript:
        assert axe(page) == []

    live_app.work(timedelta(seconds=6))
    if not javascript:
        page.get_by_role("link", name="Actualiser").click()
    button = page.get_by_role("button", name="Continuer avec PayPal")
    expect(button).to_be_visible()
    expect_address(page, f"/orders/{live_app.last_order()}")
    button.click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")


def test_paypal_that_stays_silent_leaves_other_ways_to_pay(open_page: OpenPage, live_app: LiveApp) -> None:
    breakers = live_app.app.extensions["kajoom"].breakers
    breakers["paypal"] = CircuitBreaker()
    breakers["paypal"].record(answered=False)
    page = open_page("fr", f"{live_app.service_path(_FR)}/plan/review?plan=b&cycle=monthly")
    page.locator("#review form .btn.go").click()
    expect(page.locator("[data-refusal=payment_pending]")).to_be_visible()
    set_time(live_app.app, NOON + timedelta(minutes=2))
    try:
        expect(page.get_by_role("button", name="Réessayer avec PayPal")).to_be_visible()
        assert axe(page) == []
        page.locator("#order form:has([value=demonstration]) button").click()
        expect_status(page, "awaiting_provisioning")
    finally:
        set_time(live_app.app, NOON)
        breakers.clear()
