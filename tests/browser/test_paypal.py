"""The way to PayPal and back in a real browser, under the house's own policy, with htmx and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.saved_method import SavedMethod
from kajoom.web import auth
from tests.browser.axe import axe
from tests.browser.conftest import Visit, signed_in
from tests.browser.journey import expect_address, expect_status, formats, is_same_document, mark
from tests.browser.live_app import NOON, LiveApp
from tests.browser.page_errors import Watch
from tests.browser.test_states import faults_of
from tests.conftest import PASSWORD
from tests.paypal.server import FakePayPal

_FR = "demo-fr-hosting"


@pytest.fixture(scope="module")
def paypal() -> Iterator[FakePayPal]:
    """PayPal, where payers approve."""
    with FakePayPal() as started:
        yield started


@pytest.fixture(scope="module")
def served(paypal: FakePayPal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """The house of a host who has an account there, which may keep those of its payers."""
    account = {"paypal_client_id": "client", "paypal_secret": "secret", "paypal_can_save": True}
    house = LiveApp(tmp_path_factory.mktemp("house"), paypal_base_url=paypal.address, **account)
    yield house
    house.close()


@pytest.fixture(scope="module")
def sessions(served: LiveApp, chromium: Browser) -> dict[str, StorageState]:
    """What the French-speaking client's browser keeps."""
    return {"fr": signed_in(chromium, served.address, "fr")}


def led_away(visit: Visit, house: LiveApp, paypal: FakePayPal, scripted: bool) -> Page:
    """Confirm the move from A to B, and arrive where it is to be approved."""
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly", java_script_enabled=scripted)
    page.locator("#review form .btn.go").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")
    return page


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_a_change_approved_at_paypal_is_paid_on_coming_back(
    visit: Visit, house: LiveApp, paypal: FakePayPal, scripted: bool
) -> None:
    before = len(paypal.ledger.captures)
    page = led_away(visit, house, paypal, scripted)
    page.get_by_role("button", name="Approve").click()
    if not scripted:  # with htmx the page asks by itself
        expect(page.locator("#order")).to_contain_text(formats(page).gettext("Your payment is being verified."))
        page.get_by_role("button", name=formats(page).gettext("Verify my payment")).click()
    expect_status(page, "awaiting_provisioning")
    expect_address(page, f"/orders/{house.last_order()}")
    assert len(paypal.ledger.captures) == before + 1


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_who_leaves_paypal_pays_later_another_way(
    visit: Visit, house: LiveApp, paypal: FakePayPal, scripted: bool
) -> None:
    before = len(paypal.ledger.captures)
    page = led_away(visit, house, paypal, scripted)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#order .notice").first).to_contain_text("Rien n’a été débité")
    if scripted:
        assert axe(page) == []

    page.get_by_role("button", name="Continuer avec PayPal").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")
    page.goto(f"{house.address}/orders/{house.last_order()}")
    page.locator("#order form:has([value=demonstration]) button").click()
    expect_status(page, "awaiting_provisioning")
    assert len(paypal.ledger.captures) == before


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_an_account_saved_with_one_change_pays_the_next_in_one_press(
    visit: Visit, house: LiveApp, paypal: FakePayPal, scripted: bool
) -> None:
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly", java_script_enabled=scripted)
    page.locator("#review [name=saves]").check()
    page.locator("#review form .btn.go").click()
    page.get_by_role("button", name="Approve").click()
    if not scripted:
        page.get_by_role("button", name=formats(page).gettext("Verify my payment")).click()
    expect_status(page, "awaiting_provisioning")
    house.work()

    before = len(paypal.ledger.captures)
    page.goto(f"{house.service(_FR)}/plan/review?plan=c&cycle=monthly")
    expect(page.locator("#review label:has(:checked)")).to_contain_text("c•••@")
    if scripted:
        mark(page)
    page.locator("#review form .btn.go").click()
    expect_status(page, "awaiting_provisioning")
    assert is_same_document(page) is scripted
    assert len(paypal.ledger.captures) == before + 1


def kept(house: LiveApp, paypal: FakePayPal) -> None:
    """The French-speaking client saved an account another time."""
    paypal.ledger.tokens["token-0"] = {"id": "token-0"}
    with house.inside():
        holder = client_by_email("fr@example.com")
        assert holder is not None
        account = {"provider": "paypal", "token": "token-0", "label": "c•••@example.com", "saved_at": NOON}
        db.session.add(SavedMethod(client_id=holder.id, **account))
        db.session.commit()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_machine_finds_fault_with_what_a_saved_account_changes(
    visit: Visit, house: LiveApp, paypal: FakePayPal, language: str
) -> None:
    page = visit("fr", "/services")
    review = f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly"
    found = {"unsaved": list(faults_of(page, review, language))}
    kept(house, paypal)
    page.goto(review)
    page.locator("#review [name=saved][value='']").check()
    page.locator("#review form .btn.go").click()
    expect_status(page, "awaiting_payment")
    with house.inside():
        unpaid = next(each.number for each in db.session.query(Invoice).order_by(Invoice.id) if each.balance)
    order = f"/orders/{house.last_order()}"
    for path in (order, "/account", "/verify?next=/services", f"/invoices/{unpaid}"):
        found[path] = list(faults_of(page, path, language))
    house.restore()
    kept(house, paypal)
    found[review] = list(faults_of(page, review, language))
    assert {path: errors for path, errors in found.items() if errors} == {}


def test_an_account_paypal_honours_no_more_is_said_where_the_reader_is(
    visit: Visit, house: LiveApp, paypal: FakePayPal, watch: Watch
) -> None:
    watch.provokes("answer 402")
    kept(house, paypal)
    paypal.ledger.delete_token("token-0")
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly")
    page.locator("#review form .btn.go").click()
    notice = page.locator("[data-refusal=saved_method_ended]")
    expect(notice).to_be_focused()
    expect(notice).to_contain_text("Rien n'a été débité")
    page.get_by_role("button", name="Continuer avec PayPal").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")


def test_an_old_session_gives_its_password_and_then_pays(visit: Visit, house: LiveApp, paypal: FakePayPal) -> None:
    kept(house, paypal)
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly")
    before = len(paypal.ledger.captures)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "_RECENT", timedelta(microseconds=1))
        page.locator("#review form .btn.go").click()
        page.wait_for_url("**/verify?next=*")
    page.keyboard.type(PASSWORD)  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{house.last_order()}")
    assert len(paypal.ledger.captures) == before
    page.get_by_role("button", name="c•••@example.com").click()
    expect_status(page, "awaiting_provisioning")
    assert len(paypal.ledger.captures) == before + 1


def test_going_back_from_paypal_shows_the_change_that_waits(visit: Visit, house: LiveApp, paypal: FakePayPal) -> None:
    page = led_away(visit, house, paypal, scripted=True)
    page.goto(f"{house.address}{house.service(_FR)}")
    page.locator(f"a[href*='/orders/{house.last_order()}']").first.click()
    expect_status(page, "awaiting_payment")
    page.get_by_role("button", name=formats(page).gettext("Cancel the change")).click()
    expect_status(page, "cancelled")
